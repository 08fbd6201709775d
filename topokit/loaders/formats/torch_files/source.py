"""What the reader of a graph is given, and what it tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from topokit.loaders.checkpoint import TensorEntry
from topokit.loaders.formats.graphs.weights import Weights
from topokit.loaders.formats.pickle_vm import Global
from topokit.loaders.graph import GraphIR

TRACED = "reduce_graph_module"
SEQUENTIAL = Global("torch.nn.modules.container", "Sequential")


@dataclass(frozen=True, eq=False)
class Source:
    """Where the computation comes from.

    Attributes
    ----------
    root : object
        The outermost module.
    names : mapping of int to str
        The names of tensors in the checkpoint, by their identity.
    tensors : mapping of str to TensorEntry
        The tensors.
    """

    root: Any
    names: Mapping[int, str]
    tensors: Mapping[str, TensorEntry]


@dataclass(frozen=True, eq=False)
class Told:
    """What the code tells: the graph, what tensors are used as, and why there is no graph if there is none."""

    graph: GraphIR | None = None
    weights: Weights | None = None
    notes: tuple[str, ...] = ()
