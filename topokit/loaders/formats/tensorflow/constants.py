"""Which constants of a graph are listed as tensors of the checkpoint, and what they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from topokit.loaders.checkpoint import Role, TensorEntry
from topokit.loaders.formats.tensorflow.graph import Graph

_ASIDE = "a constant of the graph that is no weight"


def constants_of(graph: Graph) -> Iterator[TensorEntry]:
    """All constants, those of functions included."""
    bodies = [graph.operations, *(function.operations for function in graph.functions.values())]
    return (one.constant for body in bodies for one in body if one.constant is not None)


def listed(constants: Iterable[TensorEntry], roles: Mapping[str, Role], *, translated: bool) -> list[TensorEntry]:
    """The constants that the network uses, and all other arrays of real numbers, set aside."""
    return [_listed(entry, roles, translated) for entry in constants if entry.name in roles or _is_array(entry)]


def _is_array(entry: TensorEntry) -> bool:
    return bool(entry.shape) and "float" in entry.dtype


def _listed(entry: TensorEntry, roles: Mapping[str, Role], translated: bool) -> TensorEntry:
    role = roles.get(entry.name)
    if role is None and not translated:
        return entry
    if role in (None, "constant"):
        return replace(entry, role="constant", aside=_ASIDE)
    return replace(entry, role=role)
