"""A graph that cannot be followed leaves its tensors readable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from topokit.errors import TopokitError
from topokit.loaders.checkpoint import TensorEntry
from topokit.loaders.formats.graphs.weights import Weights
from topokit.loaders.formats.tensorflow_files.graph import Graph
from topokit.loaders.formats.tensorflow_files.translate import translated
from topokit.loaders.graph import GraphIR
from topokit.loaders.guard import guarded


@dataclass(frozen=True, eq=False)
class Attempt:
    """What came of following a computation.

    Attributes
    ----------
    graph : GraphIR, optional
        The computation, where it makes sense.
    weights : Weights
        What tensors are used as.
    notes : tuple of str
        What was assumed, or why there is no graph.
    """

    graph: GraphIR | None = None
    weights: Weights = field(default_factory=lambda: Weights({}))
    notes: tuple[str, ...] = ()


def attempted(told: Callable[[], Graph], variables: Mapping[str, TensorEntry], path: Path, format: str) -> Attempt:
    """The computation of the graph that the file tells, or a note that says why it could not be followed."""
    try:
        with guarded(path, format):
            computation, weights = translated(told(), variables, path, format)
    except TopokitError as error:
        return Attempt(notes=(f"the graph was not followed: {getattr(error, 'problem', error)}",))
    return Attempt(computation, weights, computation.notes)
