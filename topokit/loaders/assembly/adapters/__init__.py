"""Computations told by well-known naming schemes."""

from __future__ import annotations

from collections.abc import Sequence

from topokit.loaders.checkpoint import Checkpoint, TensorEntry
from topokit.loaders.graph import GraphIR


def graph_by_names(checkpoint: Checkpoint, weights: Sequence[TensorEntry]) -> GraphIR | None:
    """The computation that the names of the tensors tell; None where they follow no known scheme."""
    return None
