"""How many numbers of each row and column of a matrix are not zero, told from their bits in one pass.

Without their sign, floating-point numbers are ordered as their bits are: zero is 0, and infinities and NaN are the
largest. So one comparison tells an edge and one maximum tells whether all numbers are finite, whatever their type.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import int64, njit, types, uint8, uint16, uint32, uint64
from numpy.typing import NDArray

# Counters as narrow as the numbers keep the processor's vectors full. A tile stays below the narrowest one's range and
# within the nearest cache, and no column is counted over more rows than that before its count is added up.
_TILE = 8192
_ROWS_AT_ONCE = 2**16 - 1


class BitCounts(NamedTuple):
    """What `count_bits` finds: counts per row and per column, and the largest magnitude."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    largest: int


def count_bits(bits: NDArray[np.unsignedinteger[Any]], magnitude: int, floor: int = 0) -> BitCounts:
    """Count the numbers whose bits, without their sign, exceed `floor`.

    Parameters
    ----------
    bits : ndarray of uint8, uint16, uint32 or uint64, shape (n_rows, n_columns)
        The numbers as stored, C-contiguous and aligned.
    magnitude : int
        The bits that are not the sign.
    floor : int
        The largest magnitude that does not count; 0 counts all but zeros.

    Returns
    -------
    rows : ndarray of int64, shape (n_rows,)
    columns : ndarray of int64, shape (n_columns,)
    largest : int
        The largest ``bits & magnitude``.
    """
    kind = bits.dtype.type
    counter = np.uint16 if kind is np.uint8 else kind
    rows = np.zeros(bits.shape[0], np.int64)
    columns = np.zeros(bits.shape[1], np.int64)
    largest = 0
    for start in range(0, bits.shape[0], _ROWS_AT_ONCE):
        stop = min(start + _ROWS_AT_ONCE, bits.shape[0])
        part = np.zeros(bits.shape[1], counter)
        found = _KERNELS[bits.dtype](bits[start:stop], kind(magnitude), kind(floor), rows[start:stop], part)
        largest = max(largest, int(found))
        columns += part.astype(np.int64)
    return BitCounts(rows, columns, largest)


def _kernel(kind: Any, counter: Any) -> Callable[..., int]:
    """The loop for one type of numbers; casts keep the arithmetic as narrow as they are."""

    def count(bits: NDArray[Any], magnitude: Any, floor: Any, rows: NDArray[np.int64], columns: NDArray[Any]) -> Any:
        largest = kind(0)
        for i in range(bits.shape[0]):
            for start in range(0, bits.shape[1], _TILE):
                tile = bits[i, start : start + _TILE]
                below = columns[start : start + _TILE]
                total = counter(0)
                for j in range(tile.size):
                    number = kind(tile[j] & magnitude)
                    counts = counter(number > floor)
                    total = counter(total + counts)
                    below[j] = counter(below[j] + counts)
                    largest = max(largest, number)
                rows[i] += int64(total)
        return largest

    stored = types.Array(kind, 2, "C", readonly=True)
    signature = kind(stored, kind, kind, int64[::1], counter[::1])
    compiled: Callable[..., int] = njit(signature, cache=True, nogil=True)(count)
    return compiled


_KERNELS = {
    np.dtype(np.uint8): _kernel(uint8, uint16),
    np.dtype(np.uint16): _kernel(uint16, uint16),
    np.dtype(np.uint32): _kernel(uint32, uint32),
    np.dtype(np.uint64): _kernel(uint64, uint64),
}
