"""A graph that cannot be followed leaves its tensors readable."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from topokit.errors import TopokitError
from topokit.loaders.checkpoint import Role, TensorEntry
from topokit.loaders.formats.tensorflow.graph import Graph
from topokit.loaders.formats.tensorflow.translate import translated
from topokit.loaders.graph import GraphIR
from topokit.loaders.guard import guarded


def attempted(
    graph: Graph, variables: Mapping[str, TensorEntry], path: Path, format: str
) -> tuple[GraphIR | None, Mapping[str, Role], tuple[str, ...]]:
    """The computation, what its tensors are used as, and notes; no computation and a note when it makes no sense."""
    try:
        with guarded(path, format):
            computation, roles = translated(graph, variables, path, format)
    except TopokitError as error:
        return None, {}, (f"the graph was not followed: {getattr(error, 'problem', error)}",)
    return computation, roles, computation.notes
