"""The numbers behind an edge, one by one: kernel positions, gates, or positions of a flattened map."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from topokit.dag.lazy_pattern import LazyPattern
from topokit.dag.patterns import (
    BitmapPattern,
    CSRPattern,
    Pattern,
    bitmap_from_mask,
    bitmap_is_smaller,
    csr_from_mask,
    read_only,
    same_edges,
    structure,
    to_bitmap,
    to_csr,
)
from topokit.errors import InvalidNetworkError

Coordinates = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]

_CELLS_AT_ONCE = 2**22
_SPARSE = 64


@dataclass(frozen=True, eq=False, repr=False)
class Taps:
    """Which of the numbers behind the edges of a block survive, and their values.

    Source neuron s of the block has `count` inputs of its own, numbered ``s * count + tap``. Taps are counted row by
    row in `shape`: (kernel row, kernel column) of a convolution as it is applied, (gate,) of a recurrent layer,
    (row, column) of a flattened map, or several of these one after the other.

    Parameters
    ----------
    count : int
        Inputs of each source neuron.
    pattern : Pattern
        Shape (n_source * count, n_target): which input reaches which target.
    weights : ndarray, shape (nnz,), optional
        In edge order of `pattern`.
    shape : tuple of int, optional
        How the taps lie, such as (3, 3); its product is `count`. None where nothing tells.

    Raises
    ------
    InvalidNetworkError
        Rows that are no multiple of `count`, a shape of another size, or weights of another length, of another type or
        not finite.
    """

    count: int
    pattern: Pattern
    weights: NDArray[np.floating] | None = None
    shape: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if not _is_whole(self.count) or self.pattern.shape[0] % self.count:
            raise InvalidNetworkError(
                f"{self.pattern.shape[0]} rows are no {self.count!r} taps of each source: give one per source and tap"
            )
        object.__setattr__(self, "count", int(self.count))
        if self.shape is not None:
            object.__setattr__(self, "shape", self._checked_shape(tuple(self.shape)))
        if self.weights is not None:
            object.__setattr__(self, "weights", read_only(self._checked_weights(np.asarray(self.weights))))

    def _checked_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        if not all(map(_is_whole, shape)) or prod(shape) != self.count:
            raise InvalidNetworkError(f"taps of shape {shape} are not the {self.count} of each source: correct one")
        return tuple(int(extent) for extent in shape)

    def _checked_weights(self, weights: NDArray[np.floating]) -> NDArray[np.floating]:
        if weights.shape != (self.n_taps,) or weights.dtype.kind != "f":
            raise InvalidNetworkError(
                f"{self.n_taps} taps have weights of type {weights.dtype} and shape {weights.shape}: give "
                "floating-point numbers, one per tap in edge order"
            )
        if not np.isfinite(weights).all():
            raise InvalidNetworkError("taps have NaN or infinite weights: remove or replace them")
        return weights

    @classmethod
    def from_coordinates(
        cls,
        coordinates: Coordinates,
        sizes: tuple[int, int],
        count: int,
        *,
        weights: NDArray[np.floating] | None = None,
        shape: tuple[int, ...] | None = None,
    ) -> Taps:
        """Make taps from the (source, tap, target) of each, in any order, between layers of `sizes` neurons.

        Raises
        ------
        InvalidNetworkError
            One is given twice or lies outside, or as for the class.
        """
        sources, taps, targets = coordinates
        order = np.arange(len(sources))
        ends = (sources * count + taps, targets)
        try:
            matrix = sparse.coo_array((order, ends), shape=(sizes[0] * count, sizes[1])).tocsr()
        except ValueError as error:
            raise InvalidNetworkError(f"taps outside {sizes[0]} x {count} x {sizes[1]}: {error}") from error
        if matrix.nnz != len(order):
            raise InvalidNetworkError(f"{len(order) - matrix.nnz} taps are given twice: merge them first")
        matrix.sort_indices()
        pattern = smaller(CSRPattern(matrix.indptr, matrix.indices, matrix.shape))
        return cls(count, pattern, None if weights is None else weights[matrix.data], shape)

    @property
    def n_taps(self) -> int:
        """Numbers behind all edges together."""
        return self.pattern.nnz

    @property
    def sizes(self) -> tuple[int, int]:
        """Neurons of the two layers."""
        return self.pattern.shape[0] // self.count, self.pattern.shape[1]

    @property
    def is_held(self) -> bool:
        """Whether they are in memory; those of a lazy pattern are read each time they are asked for."""
        return not isinstance(self.pattern, LazyPattern)

    @cached_property
    def edges(self) -> tuple[CSRPattern, NDArray[np.int64]]:
        """The edges that have a tap, (n_source, n_target), and how many each has, in edge order."""
        return _folded(self.pattern, self.count)

    def matrix(self, *, weights: bool = False) -> sparse.csr_array:
        """The taps as a boolean CSR array (n_source * count, n_target), or their weights, float32 or wider.

        Raises
        ------
        InvalidNetworkError
            Weights are asked for and there are none.
        """
        if not weights:
            return structure(self.pattern)
        if self.weights is None:
            raise InvalidNetworkError("the taps have no weights: record them, or use the boolean matrix")
        return structure(self.pattern, self.weights.astype(np.result_type(self.weights, np.float32), copy=False))

    def coordinates(self) -> Coordinates:
        """Source, tap and target of each, in edge order of the pattern."""
        indptr, indices = self.pattern.csr()
        rows = np.repeat(np.arange(len(indptr) - 1, dtype=np.int64), np.diff(indptr))
        sources, taps = np.divmod(rows, self.count)
        return sources, taps, indices.astype(np.int64)

    def edge_numbers(self) -> NDArray[np.int64]:
        """The edge of the block that each tap is behind, in edge order of the pattern."""
        sources, _, targets = self.coordinates()
        indptr, indices = self.edges[0].csr()
        rows = np.repeat(np.arange(len(indptr) - 1, dtype=np.int64), np.diff(indptr))
        n_target = self.pattern.shape[1]
        return np.searchsorted(rows * n_target + indices, sources * n_target + targets)

    def moved(self, sources: NDArray[np.integer], targets: NDArray[np.integer]) -> Taps:
        """The same taps behind other edges: those of edge k go to the pair ``sources[k], targets[k]``."""
        edge, tap = self.edge_numbers(), self.coordinates()[1]
        places = (np.asarray(sources, np.int64)[edge], tap, np.asarray(targets, np.int64)[edge])
        return Taps.from_coordinates(places, self.sizes, self.count, weights=self.weights, shape=self.shape)

    def with_backend(self, backend: str) -> Taps:
        """The same, held as 'csr' or 'bitmap'."""
        return replace(self, pattern=(to_bitmap if backend == "bitmap" else to_csr)(self.pattern))

    def equals(self, other: Taps) -> bool:
        """Whether both are the same taps with the same weights."""
        return (
            (self.count, self.shape) == (other.count, other.shape)
            and same_edges(self.pattern, other.pattern)
            and _same_weights(self.weights, other.weights)
        )

    def __repr__(self) -> str:
        lie = f" as {' x '.join(map(str, self.shape))}" if self.shape else ""
        return f"Taps({self.count} of each source{lie}, {self.n_taps:,} in all)"


def smaller(pattern: CSRPattern) -> Pattern:
    """The pattern as a bitmap where that takes less memory."""
    return to_bitmap(pattern) if bitmap_is_smaller(pattern.shape, pattern.nnz) else pattern


def taps_from_mask(
    mask: NDArray[np.bool_],
    count: int,
    *,
    weights: NDArray[np.floating] | None = None,
    shape: tuple[int, ...] | None = None,
) -> Taps:
    """Taps from a dense boolean matrix (n_source * count, n_target); `weights` row by row, where it is True."""
    is_dense = bitmap_is_smaller((mask.shape[0], mask.shape[1]), int(np.count_nonzero(mask)))
    return Taps(count, (bitmap_from_mask if is_dense else csr_from_mask)(mask), weights, shape)


def _folded(pattern: Pattern, count: int) -> tuple[CSRPattern, NDArray[np.int64]]:
    n_source, n_target = pattern.shape[0] // count, pattern.shape[1]
    if not isinstance(pattern, BitmapPattern) and pattern.nnz * _SPARSE < n_source * n_target:
        return _folded_sparsely(pattern, count)
    lengths, targets, multiplicity = [], [], []
    for counts in _counts(pattern, count):
        edges = counts > 0
        lengths.append(np.count_nonzero(edges, axis=1))
        targets.append(np.nonzero(edges)[1])
        multiplicity.append(counts[edges])
    indptr = np.concatenate([[0], np.cumsum(np.concatenate([np.empty(0, np.int64), *lengths]))])
    indices = np.concatenate([np.empty(0, np.int64), *targets])
    folded = CSRPattern(indptr, indices, (n_source, n_target))
    return folded, np.concatenate([np.empty(0, np.int64), *multiplicity])


def _counts(pattern: Pattern, count: int) -> Iterator[NDArray[np.int64]]:
    """How many taps there are behind each pair of neurons, some sources at a time, (sources, n_target)."""
    n_source, n_target = pattern.shape[0] // count, pattern.shape[1]
    at_once = max(1, _CELLS_AT_ONCE // max(1, n_target * (count if isinstance(pattern, BitmapPattern) else 1)))
    indptr, indices = (None, None) if isinstance(pattern, BitmapPattern) else pattern.csr()
    for start in range(0, n_source, at_once):
        stop = min(n_source, start + at_once)
        if indptr is None or indices is None:
            bits = pattern.packed()[start * count : stop * count]
            cells = np.unpackbits(bits, axis=1, count=n_target, bitorder="little")
            yield cells.reshape(stop - start, count, n_target).sum(axis=1, dtype=np.int64)
        else:
            ends = indptr[start * count : stop * count + 1 : count]
            rows = np.repeat(np.arange(stop - start, dtype=np.int64) * n_target, np.diff(ends))
            keys = rows + indices[ends[0] : ends[-1]]
            yield np.bincount(keys, minlength=(stop - start) * n_target).reshape(stop - start, n_target)


def _folded_sparsely(pattern: Pattern, count: int) -> tuple[CSRPattern, NDArray[np.int64]]:
    n_source, n_target = pattern.shape[0] // count, pattern.shape[1]
    indptr, indices = pattern.csr()
    rows = np.repeat(np.arange(n_source, dtype=np.int64), np.diff(indptr[::count]))
    edges, counts = np.unique(rows * n_target + indices, return_counts=True)
    sources, targets = np.divmod(edges, n_target)
    folded = np.concatenate([[0], np.cumsum(np.bincount(sources, minlength=n_source))])
    return CSRPattern(folded, targets, (n_source, n_target)), counts


def _is_whole(number: object) -> bool:
    return isinstance(number, int | np.integer) and not isinstance(number, bool) and int(number) > 0


def _same_weights(a: NDArray[np.floating] | None, b: NDArray[np.floating] | None) -> bool:
    return a is b or (a is not None and b is not None and np.array_equal(a, b))
