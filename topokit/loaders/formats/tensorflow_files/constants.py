"""Which tensors of a graph are listed in the checkpoint, and what they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from topokit.loaders.checkpoint import TensorEntry
from topokit.loaders.formats.graphs.entries import derived
from topokit.loaders.formats.graphs.weights import Weights
from topokit.loaders.formats.tensorflow_files.graph import Graph


def constants_of(graph: Graph) -> Iterator[TensorEntry]:
    """All constants, those of functions included."""
    bodies = [graph.operations, *(function.operations for function in graph.functions.values())]
    return (one.constant for body in bodies for one in body if one.constant is not None)


def listed(constants: Iterable[TensorEntry], weights: Weights) -> list[TensorEntry]:
    """The constants that the network uses, and all other arrays of real numbers, set aside."""
    return [_listed(entry, weights) for entry in constants if _is_array(entry, weights)]


def with_uses(entries: Iterable[TensorEntry], weights: Weights) -> list[TensorEntry]:
    """Variables, with what they are used as where the checkpoint does not tell it."""
    return [_used(entry, weights) for entry in entries]


def computed(entries: Iterable[TensorEntry], weights: Weights) -> list[TensorEntry]:
    """Weights that the graph makes of stored tensors before it uses them."""
    return with_uses(derived({entry.name: entry for entry in entries}, weights), weights)


def _is_array(entry: TensorEntry, weights: Weights) -> bool:
    return bool(entry.shape) and ("float" in entry.dtype or weights.roles.get(entry.name, "constant") != "constant")


def _listed(entry: TensorEntry, weights: Weights) -> TensorEntry:
    used = _used(entry, weights)
    return replace(used, role="constant") if weights.roles and used.role is None else used


def _used(entry: TensorEntry, weights: Weights) -> TensorEntry:
    role = weights.roles.get(entry.name)
    kept = entry.role if entry.role is not None or role == "constant" else role
    return replace(entry, role=kept, aside=entry.aside or weights.asides.get(entry.name, ""))
