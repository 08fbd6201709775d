"""Which source neuron is connected to which target neuron: the backends of an edge block.

All backends answer the same questions with the same values; edges are always listed row by row
(by source), targets ascending.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from topokit.errors import InvalidNetworkError

AnyScalar = TypeVar("AnyScalar", bound=np.generic)

_BYTES_AT_ONCE = 2**22
# So many ones add up in a byte.
_LARGEST_BYTE = 255


@runtime_checkable
class Pattern(Protocol):
    """The interface of every backend; `shape` is (n_source, n_target)."""

    @property
    def shape(self) -> tuple[int, int]: ...
    @property
    def nnz(self) -> int: ...
    @property
    def nbytes(self) -> int: ...
    def csr(self) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
        """Index pointer (n_source + 1,) and target indices (nnz,), rows sorted."""
        ...

    def packed(self) -> NDArray[np.uint8]:
        """Bitmap (n_source, ceil(n_target / 8)), little-endian bits within a byte."""
        ...

    def out_degrees(self) -> NDArray[np.int64]:
        """Edges leaving each source, (n_source,)."""
        ...

    def in_degrees(self) -> NDArray[np.int64]:
        """Edges reaching each target, (n_target,)."""
        ...


@dataclass(frozen=True, eq=False)
class CSRPattern:
    """Compressed sparse rows in memory, both arrays int32 where that suffices and int64 otherwise.

    Parameters
    ----------
    indptr : ndarray of int, shape (n_source + 1,)
        Where each row starts in `indices`.
    indices : ndarray of int, shape (nnz,)
        Targets, ascending within a row.
    shape : (int, int)
        (n_source, n_target).

    Raises
    ------
    InvalidNetworkError
        Not whole numbers, pointers that do not ascend, indices out of range, unsorted or repeated: such arrays
        crash compiled code later, so they are refused here.
    """

    indptr: NDArray[np.integer]
    indices: NDArray[np.integer]
    shape: tuple[int, int]

    def __post_init__(self) -> None:
        _check_csr(self.indptr, self.indices, self.shape)
        for name, array in (("indptr", self.indptr), ("indices", self.indices)):
            narrow = np.ascontiguousarray(array, _index_type(len(self.indices), self.shape))
            object.__setattr__(self, name, read_only(narrow))

    @property
    def nnz(self) -> int:
        return len(self.indices)

    @property
    def nbytes(self) -> int:
        return int(self.indptr.nbytes + self.indices.nbytes)

    def csr(self) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
        return self.indptr, self.indices

    def packed(self) -> NDArray[np.uint8]:
        n_source, n_target = self.shape
        packed = np.zeros((n_source, -(-n_target // 8)), np.uint8)
        rows = np.repeat(np.arange(n_source), np.diff(self.indptr))
        bits = np.left_shift(1, self.indices & 7).astype(np.uint8)
        np.bitwise_or.at(packed, (rows, self.indices >> 3), bits)
        return packed

    def out_degrees(self) -> NDArray[np.int64]:
        return np.diff(self.indptr).astype(np.int64)

    def in_degrees(self) -> NDArray[np.int64]:
        return np.bincount(self.indices, minlength=self.shape[1]).astype(np.int64)


@dataclass(frozen=True, eq=False)
class BitmapPattern:
    """One bit per possible edge: smaller than CSR above a density of about 3 %.

    Parameters
    ----------
    bits : ndarray of uint8, shape (n_source, ceil(n_target / 8))
        Little-endian bits within a byte; those beyond n_target are 0.
    shape : (int, int)
        (n_source, n_target).

    Raises
    ------
    InvalidNetworkError
        Another type or shape, or bits beyond the last target.
    """

    bits: NDArray[np.uint8]
    shape: tuple[int, int]

    def __post_init__(self) -> None:
        n_source, n_target = self.shape
        if self.bits.dtype != np.uint8 or self.bits.shape != (n_source, -(-n_target // 8)):
            raise InvalidNetworkError(
                f"a bitmap of {n_source} x {n_target} edges needs uint8 of shape "
                f"{(n_source, -(-n_target // 8))}, not {self.bits.dtype} of shape {self.bits.shape}"
            )
        if n_target % 8 and np.any(self.bits[:, -1] >> (n_target % 8)):
            raise InvalidNetworkError(f"a bitmap has bits set beyond its {n_target} targets: the file is damaged")
        object.__setattr__(self, "bits", read_only(self.bits))

    @cached_property
    def nnz(self) -> int:
        return int(np.bitwise_count(_as_words(self.bits)).sum(dtype=np.int64))

    @property
    def nbytes(self) -> int:
        return int(self.bits.nbytes)

    def csr(self) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
        index_type = _index_type(self.nnz, self.shape)
        indptr = np.concatenate([[0], np.cumsum(self.out_degrees())]).astype(index_type)
        parts = [_set_bits(rows, index_type) for rows in self._parts()]
        return indptr, np.concatenate([np.empty(0, index_type), *parts])

    def packed(self) -> NDArray[np.uint8]:
        return self.bits

    def out_degrees(self) -> NDArray[np.int64]:
        degrees: NDArray[np.int64] = np.bitwise_count(_as_words(self.bits)).sum(axis=1, dtype=np.int64)
        return degrees

    def in_degrees(self) -> NDArray[np.int64]:
        n_target = self.shape[1]
        total = np.zeros(n_target, np.int64)
        for rows in self._parts(at_most=_LARGEST_BYTE):
            unpacked = np.unpackbits(rows, axis=1, count=n_target, bitorder="little")
            total += unpacked.sum(axis=0, dtype=np.uint8)
        return total

    def _parts(self, at_most: int | None = None) -> Iterator[NDArray[np.uint8]]:
        """So many rows at a time as fit into the working memory when they are unpacked."""
        fitting = max(1, _BYTES_AT_ONCE // max(1, self.shape[1]))
        rows_at_once = min(fitting, at_most or fitting)
        for start in range(0, self.shape[0], rows_at_once):
            yield self.bits[start : start + rows_at_once]


def _as_words(bits: NDArray[np.uint8]) -> NDArray[np.unsignedinteger]:
    """The same bits, eight bytes in one number where the rows allow it."""
    if bits.shape[1] % 8 or bits.strides[1] != 1:
        return bits
    return bits.view(np.uint64)


def _set_bits(rows: NDArray[np.uint8], index_type: np.dtype[np.signedinteger]) -> NDArray[np.signedinteger]:
    """Columns of the bits that are set, row by row; bytes without one, which are most, stay packed."""
    flat = rows.ravel()
    filled = np.flatnonzero(flat != 0)
    places = np.flatnonzero(np.unpackbits(flat[filled], bitorder="little").view(np.bool_))
    first_columns = (filled % rows.shape[1] * 8).astype(index_type)
    columns: NDArray[np.signedinteger] = first_columns[places >> 3]
    columns += (places & 7).astype(index_type)
    return columns


def csr_from_mask(mask: NDArray[np.bool_]) -> CSRPattern:
    """The pattern of a dense boolean matrix (n_source, n_target)."""
    n_source, n_target = _pair(mask.shape)
    degrees = np.count_nonzero(mask, axis=1)
    targets = np.flatnonzero(mask)
    targets -= np.repeat(np.arange(n_source) * n_target, degrees)
    return CSRPattern(np.concatenate([[0], np.cumsum(degrees)]), targets, (n_source, n_target))


def bitmap_from_mask(mask: NDArray[np.bool_]) -> BitmapPattern:
    """The packed pattern of a dense boolean matrix (n_source, n_target)."""
    return BitmapPattern(np.packbits(mask, axis=1, bitorder="little"), _pair(mask.shape))


def to_bitmap(pattern: Pattern) -> BitmapPattern:
    """The same edges, one bit per possible edge."""
    return BitmapPattern(pattern.packed(), pattern.shape)


def to_csr(pattern: Pattern) -> CSRPattern:
    """The same edges as compressed sparse rows."""
    return pattern if isinstance(pattern, CSRPattern) else CSRPattern(*pattern.csr(), pattern.shape)


def bitmap_is_smaller(shape: tuple[int, int], nnz: int) -> bool:
    """Whether a bitmap takes no more bytes than compressed sparse rows of so many edges."""
    n_source, n_target = shape
    index_size = _index_type(nnz, shape).itemsize
    return n_source * -(-n_target // 8) <= (nnz + n_source + 1) * index_size


def same_edges(a: Pattern, b: Pattern) -> bool:
    """Whether two patterns, of any backends, hold the same edges."""
    if a.shape != b.shape or a.nnz != b.nnz:
        return False
    if isinstance(a, CSRPattern) and isinstance(b, CSRPattern):
        return all(np.array_equal(x, y) for x, y in zip(a.csr(), b.csr(), strict=True))
    return bool(np.array_equal(a.packed(), b.packed()))


def structure(pattern: Pattern, data: NDArray[np.generic] | None = None) -> sparse.csr_array:
    """The pattern as a SciPy array; entries are True, or `data` in edge order."""
    indptr, indices = pattern.csr()
    values: NDArray[Any] = np.ones(len(indices), np.bool_) if data is None else data
    matrix = sparse.csr_array((values, indices, indptr), shape=pattern.shape)
    matrix.has_canonical_format = True
    return matrix


def read_only(array: NDArray[AnyScalar]) -> NDArray[AnyScalar]:
    """A view that cannot be written through."""
    view = array.view()
    view.flags.writeable = False
    return view


def _index_type(nnz: int, shape: tuple[int, int]) -> np.dtype[np.signedinteger]:
    return np.dtype(np.int32 if max(nnz, *shape) < 2**31 else np.int64)


def _pair(shape: tuple[int, ...]) -> tuple[int, int]:
    rows, columns = shape
    return rows, columns


def _check_csr(indptr: NDArray[np.integer], indices: NDArray[np.integer], shape: tuple[int, int]) -> None:
    n_source, n_target = shape
    if indptr.dtype.kind not in "iu" or indices.dtype.kind not in "iu" or indices.ndim != 1:
        raise InvalidNetworkError(
            f"row pointers and targets are lists of whole numbers, not {indptr.dtype} of shape {indptr.shape} and "
            f"{indices.dtype} of shape {indices.shape}: convert them"
        )
    starts_and_ends_right = indptr.shape == (n_source + 1,) and indptr[0] == 0 and indptr[-1] == len(indices)
    # Neighbours are compared, not subtracted: differences of unsigned numbers are never negative.
    if not starts_and_ends_right or np.any(indptr[1:] < indptr[:-1]):
        raise InvalidNetworkError(
            f"the row pointers of a {n_source} x {n_target} block do not ascend from 0 to {len(indices)} edges: "
            "they are damaged"
        )
    if len(indices):
        _check_targets(indptr, indices, n_target)


def _check_targets(indptr: NDArray[np.integer], indices: NDArray[np.integer], n_target: int) -> None:
    if indices.min() < 0 or indices.max() >= n_target:
        raise InvalidNetworkError(
            f"an edge points to neuron {indices.min() if indices.min() < 0 else indices.max()}, "
            f"but the target layer has {n_target}: the indices are out of range"
        )
    ascending = indices[1:] > indices[:-1]
    starts = indptr[1:-1]
    ascending[starts[(starts > 0) & (starts < len(indices))] - 1] = True
    if not ascending.all():
        raise InvalidNetworkError("a row lists its edges unsorted or twice: sort and sum duplicates first")
