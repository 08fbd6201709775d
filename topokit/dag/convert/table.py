"""Columns of edges and a header become a network, for readers."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from topokit.dag.codec import decode
from topokit.dag.convert.header import NamedEnds
from topokit.dag.layer import Layer
from topokit.dag.network import LayeredDAG
from topokit.errors import InvalidNetworkError

Coded: TypeAlias = tuple[NDArray[np.int64], list[Any]]

_TYPED = ("weights", "multiplicity")

NEURONS_OF_A_LAYER = 256
"""What a layer costs at least, in neurons."""


@dataclass(frozen=True, eq=False)
class EdgeTable:
    """One row per edge, in any order.

    Attributes
    ----------
    block : ndarray of int, shape (n_edges,)
        Position of the edge's block in the header.
    source, target : ndarray of int, shape (n_edges,)
        Numbers of the neurons within their layers.
    weights, multiplicity : ndarray of float64, shape (n_edges,)
        NaN where the edge has none.
    """

    block: NDArray[np.integer]
    source: NDArray[np.integer]
    target: NDArray[np.integer]
    weights: NDArray[np.float64]
    multiplicity: NDArray[np.float64]

    def take(self, rows: NDArray[np.integer]) -> EdgeTable:
        """These rows in this order."""
        columns = (self.block, self.source, self.target, self.weights, self.multiplicity)
        return EdgeTable(*(column[rows] for column in columns))

    def of_blocks(self, count: int) -> Iterator[EdgeTable]:
        """The rows of each block from 0 to `count`."""
        order = np.argsort(self.block, kind="stable")
        ends = np.searchsorted(self.block[order], np.arange(count + 1))
        return (self.take(order[start:end]) for start, end in pairwise(ends))

    def in_edge_order(self, shape: tuple[int, int]) -> EdgeTable:
        """The rows of one block, whose layers have sizes `shape`, by source and then by target."""
        return self.take(np.argsort(self.source * shape[1] + self.target, kind="stable"))


def rebuilt(header: Mapping[str, Any], table: EdgeTable, *, most_neurons: int | None = None) -> LayeredDAG:
    """The network of a header and its edges; a header that counts the edges of a block must count right.

    There may be no more than `most_neurons`, if given, each layer counting as `NEURONS_OF_A_LAYER` at least: memory
    and time are taken for each.

    Raises
    ------
    InvalidNetworkError
        An edge outside its layers, twice, or without the weight that others of its block have; or a header that
        lacks something.
    """
    try:
        sizes = {layer["name"]: Layer(**layer).size for layer in header["layers"]}
        _check_sizes(sizes, most_neurons)
        arrays: dict[str, NDArray[Any]] = {}
        blocks = []
        for k, (entry, rows) in enumerate(zip(header["blocks"], table.of_blocks(len(header["blocks"])), strict=True)):
            shape = (sizes[entry["source"]], sizes[entry["target"]])
            part = rows.in_edge_order(shape)
            arrays |= {f"{k}.{name}": array for name, array in _arrays(entry, part, shape).items()}
            blocks.append({"edges": len(part.block)} | {key: entry[key] for key in entry if key not in _TYPED})
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, MemoryError) as error:
        raise InvalidNetworkError(f"the header is incomplete: {type(error).__name__}: {error}") from error
    return decode(arrays, {**header, "blocks": blocks})


def coded(values: Sequence[Hashable]) -> Coded:
    """The distinct values in the order they appear, and for each value its position among them."""
    position: dict[Hashable, int] = {}
    codes = np.array([position.setdefault(value, len(position)) for value in values], np.int64)
    return codes, list(position)


def distinct_blocks(names: Coded, sources: Coded, targets: Coded) -> tuple[NDArray[np.int64], list[NamedEnds]]:
    """The (block name or None, source layer, target layer) there are, and for each edge its position among them."""
    (name, name_of), (source, source_of), (target, target_of) = names, sources, targets
    keys = (name * len(source_of) + source) * len(target_of) + target
    _, first, number = np.unique(keys, return_index=True, return_inverse=True)
    triples = zip(name[first], source[first], target[first], strict=True)
    return number, [(name_of[b] or None, source_of[s], target_of[t]) for b, s, t in triples]


def numbers(values: Sequence[Any] | NDArray[Any], what: str) -> NDArray[np.float64]:
    """The values as floats, NaN for None; `InvalidNetworkError` when one is not a number."""
    try:
        return np.array(values, np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidNetworkError(f"a {what} is not a number: {error}") from error


def whole_numbers(values: Sequence[Any] | NDArray[Any], what: str) -> NDArray[np.int64]:
    """The values as integers; `InvalidNetworkError` when one is not a whole number."""
    floats = numbers(values, what)
    whole = np.abs(floats) < 2**53
    whole &= floats == np.floor(floats)
    if not whole.all():
        raise InvalidNetworkError(f"a {what} is {floats[~whole][0]}: number the neurons of a layer from 0")
    return floats.astype(np.int64)


def _check_sizes(sizes: Mapping[str, int], most: int | None) -> None:
    cost = sum(max(size, NEURONS_OF_A_LAYER) for size in sizes.values())
    if most is not None and cost > most:
        raise InvalidNetworkError(
            f"there are {len(sizes):,} layers of up to {max(sizes.values()):,} neurons where {most:,} in all are "
            f"allowed and a layer counts as {NEURONS_OF_A_LAYER} at least"
        )


def _arrays(entry: Mapping[str, Any], part: EdgeTable, shape: tuple[int, int]) -> dict[str, NDArray[Any]]:
    for side, ends, size in (("source", part.source, shape[0]), ("target", part.target, shape[1])):
        outside = ends[(ends < 0) | (ends >= size)]
        if len(outside):
            raise InvalidNetworkError(
                f"block {entry['name']!r} has an edge at neuron {outside[0]} of layer {entry[side]!r}, which has "
                f"{size}: number its neurons from 0"
            )
    indptr = np.concatenate([[0], np.cumsum(np.bincount(part.source, minlength=shape[0]))])
    typed = {label: _typed(getattr(part, label), entry, label) for label in _TYPED}
    return {"indptr": indptr, "indices": part.target} | {k: values for k, values in typed.items() if values is not None}


def _typed(column: NDArray[np.float64], entry: Mapping[str, Any], label: str) -> NDArray[Any] | None:
    declared, default = entry[label], {"weights": "float64", "multiplicity": "int64"}[label]
    missing = int(np.isnan(column).sum())
    if declared is None and missing == len(column):
        return None
    if missing:
        raise InvalidNetworkError(
            f"block {entry['name']!r} has {len(column)} edges, {missing} of them without {label}: give all or none one"
        )
    return column.astype(np.dtype(declared or default))
