"""How many numbers of a tensor are not zero, per row and column, told from their bits as the file stores them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import floor, prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

_BYTES_AT_ONCE = 2**24
_NUMBERS_AT_ONCE = 2**22
# Below, compiled code would save less time than it takes to import.
_WORTH_COMPILING = 2**22
_LONGEST_AXIS = 2**24


@dataclass(frozen=True, slots=True)
class Encoding:
    """A type of numbers whose bits, without those of the sign, ascend with the magnitude.

    Attributes
    ----------
    magnitude : int
        The bits that are not the sign.
    infinity : int, optional
        The least magnitude that is no finite number.
    """

    magnitude: int
    infinity: int | None = None


ENCODINGS: Mapping[str, Encoding] = {
    "bfloat16": Encoding(0x7FFF, 0x7F80),
    "float16": Encoding(0x7FFF, 0x7C00),
    "float32": Encoding(0x7FFF_FFFF, 0x7F80_0000),
    "float64": Encoding(0x7FFF_FFFF_FFFF_FFFF, 0x7FF0_0000_0000_0000),
    "float8_e4m3fn": Encoding(0x7F, 0x7F),
    "float8_e5m2": Encoding(0x7F, 0x7C),
    "bool": Encoding(0xFF),
    **{f"{sign}int{bits}": Encoding(2**bits - 1) for sign in ("", "u") for bits in (8, 16, 32, 64)},
}


Part = Callable[[int, int], NDArray[Any]]
_Found = tuple[NDArray[np.int64], NDArray[np.int64], bool]


class BitTest(NamedTuple):
    """What makes a number an edge: ``bits & magnitude > floor``; from `infinity` on it is no finite number."""

    magnitude: int
    floor: int
    infinity: int | None


@dataclass(frozen=True, eq=False, slots=True)
class Counts:
    """What one pass over a tensor finds.

    Attributes
    ----------
    nnz : int
        Numbers that are not zero, or above the threshold.
    finite : bool
        Whether none is NaN or infinite.
    rows, columns : ndarray of int64, optional
        The same per row and per column of a matrix.
    """

    nnz: int
    finite: bool
    rows: NDArray[np.int64] | None = None
    columns: NDArray[np.int64] | None = None


def bit_test(dtype: str, threshold: float = 0.0) -> BitTest | None:
    """How to tell edges among numbers of that type from their bits; None where only their values tell."""
    encoding = ENCODINGS.get(dtype)
    if encoding is None:
        return None
    if not threshold:
        return BitTest(encoding.magnitude, 0, encoding.infinity)
    if dtype.startswith("uint"):
        return BitTest(encoding.magnitude, min(floor(threshold), encoding.magnitude), None)
    if dtype in ("bfloat16", "float16", "float32", "float64"):
        return BitTest(encoding.magnitude, _bits_below(dtype, threshold), encoding.infinity)
    return None


def count(values: NDArray[Any], test: BitTest | None, threshold: float = 0.0) -> Counts:
    """Count the numbers of a tensor, block by block and without copies of its size.

    Parameters
    ----------
    values : ndarray
        The numbers, as stored where there is a `test`; per row and column if they are a matrix.
    test : BitTest, optional
        From `bit_test`; without one the values themselves are compared.
    threshold : float
        What magnitudes must exceed where there is no test.

    Returns
    -------
    Counts
        Of zeros above no threshold, NaN is an edge as any other number.
    """
    is_matrix = values.ndim == 2 and max(values.shape) <= _LONGEST_AXIS
    blocks = row_blocks(values) if is_matrix else _pieces(values)
    return _sum_of(blocks, values.shape, is_matrix, test, threshold)


def count_parts(part: Part, shape: tuple[int, ...], threshold: float = 0.0) -> Counts:
    """Count the numbers of a tensor that comes in parts of float32 along its first axis."""
    is_matrix = len(shape) == 2 and max(shape) <= _LONGEST_AXIS
    at_once = max(1, _BYTES_AT_ONCE // (4 * max(1, prod(shape[1:]))))
    parts = ((start, part(start, min(start + at_once, shape[0]))) for start in range(0, shape[0], at_once))
    blocks = parts if is_matrix else ((start, values.reshape(1, -1)) for start, values in parts)
    return _sum_of(blocks, shape, is_matrix, bit_test("float32", threshold), threshold)


def _sum_of(
    blocks: Iterable[tuple[int, NDArray[Any]]],
    shape: tuple[int, ...],
    is_matrix: bool,
    test: BitTest | None,
    threshold: float,
) -> Counts:
    rows = np.zeros(shape[0] if is_matrix else 0, np.int64)
    columns = np.zeros(shape[1] if is_matrix else 0, np.int64)
    nnz, finite, is_large = 0, True, prod(shape) >= _WORTH_COMPILING
    for start, block in blocks:
        per_row, per_column, all_finite = _counted(block, test, threshold, is_large)
        nnz, finite = nnz + int(per_row.sum()), finite and all_finite
        if is_matrix:
            rows[start : start + len(block)] = per_row
            columns += per_column
    return Counts(nnz, finite, rows, columns) if is_matrix else Counts(nnz, finite)


def count_stored(matrix: sparse.csr_array) -> Counts:
    """Count the entries that a sparse matrix stores, zeros among them."""
    columns = np.bincount(matrix.indices, minlength=matrix.shape[1])
    finite = matrix.dtype.kind not in "fc" or bool(np.isfinite(matrix.data).all())
    return Counts(int(matrix.nnz), finite, np.diff(matrix.indptr).astype(np.int64), columns.astype(np.int64))


def edges_of(block: NDArray[Any], test: BitTest | None, threshold: float = 0.0) -> NDArray[np.bool_]:
    """Which numbers of a block `count` counts."""
    edges: NDArray[np.bool_]
    if test is not None:
        bits = _bits(block)
        kind = bits.dtype.type
        edges = (bits & kind(test.magnitude)) > kind(test.floor)
    elif threshold:
        # NaN is within no bounds.
        edges = ~((block <= threshold) & (block >= -threshold))
    else:
        edges = block != 0
    return edges


def row_blocks(values: NDArray[Any]) -> Iterator[tuple[int, NDArray[Any]]]:
    """A matrix in blocks of rows, each with the place of its first."""
    at_once = max(1, _BYTES_AT_ONCE // max(1, values.shape[1] * values.itemsize))
    for start in range(0, values.shape[0], at_once):
        yield start, values[start : start + at_once]


def _counted(block: NDArray[Any], test: BitTest | None, threshold: float, is_large: bool) -> _Found:
    """Counts per row and column of one block, and whether its numbers are finite."""
    if test is None:
        edges = edges_of(block, None, threshold)
        return *_sums(edges), block.dtype.kind not in "fc" or bool(np.isfinite(block).all())
    bits = _bits(block)
    if is_large:
        from topokit.kernels.counting import count_bits  # numba takes half a second to import

        per_row, per_column, largest = count_bits(bits, test.magnitude, test.floor)
    else:
        per_row, per_column = _sums(edges_of(block, test))
        largest = int((bits & bits.dtype.type(test.magnitude)).max(initial=0))
    return per_row, per_column, test.infinity is None or largest < test.infinity


def _sums(edges: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return np.count_nonzero(edges, axis=1), np.count_nonzero(edges, axis=0)


def _bits(block: NDArray[Any]) -> NDArray[np.unsignedinteger[Any]]:
    """The block's bits, aligned and in this machine's order; a copy only where they are not."""
    kind = np.dtype(f"u{block.itemsize}")
    plain = np.require(block, block.dtype.newbyteorder("="), ["C", "A"])
    bits: NDArray[np.unsignedinteger[Any]] = plain.view(kind)
    return bits


def _pieces(values: NDArray[Any]) -> Iterator[tuple[int, NDArray[Any]]]:
    """Any tensor in pieces of one row each."""
    flat = values.reshape(-1)
    for start in range(0, flat.size, _NUMBERS_AT_ONCE):
        yield start, flat[None, start : start + _NUMBERS_AT_ONCE]


def _bits_below(dtype: str, threshold: float) -> int:
    """The bits of the largest number of that type that is at most `threshold`."""
    kind = np.dtype("float32" if dtype == "bfloat16" else dtype).type
    with np.errstate(over="ignore"):
        nearest = kind(threshold)
    below = nearest if float(nearest) <= threshold else np.nextafter(nearest, kind(0))
    bits = int(np.array(below).view(f"u{below.itemsize}"))
    return bits >> 16 if dtype == "bfloat16" else bits
