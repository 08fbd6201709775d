"""How many inputs sets have in common, as blocks of the matrix of all pairs."""

from __future__ import annotations

import numpy as np
from numba import float64, int32, int64, njit, uint64
from numpy.typing import NDArray

from topokit.kernels.assignment_state import Integers
from topokit.kernels.input_sets import SETS, InputSets
from topokit.kernels.similar_sets import Columns


def common_counts(sets: InputSets, rows: Integers, columns: Columns) -> NDArray[np.float64]:
    """Number of inputs that each of the `rows` of `sets` shares with each column, (n_rows, n_columns).

    Whole numbers; as floating-point ones they fit what is done with overlaps of sets with values.

    Parameters
    ----------
    sets : InputSets
        The sets that the rows are taken from.
    rows : ndarray of int64, shape (n_rows,)
        Positions in `sets`.
    columns : Columns
        The sets to compare with, over the same inputs, of `topokit.kernels.similar_sets.columns_for`.
    """
    if len(columns.bits) > 0:
        return _by_bits(sets, rows, columns.bits)
    return _by_edges(sets, rows, columns.start, columns.holders, len(columns.sizes))


@njit(float64[:, ::1](SETS, int64[::1], int64[::1], int32[::1], int64), cache=True, nogil=True)
def _by_edges(
    sets: InputSets, rows: Integers, start: Integers, holders: NDArray[np.int32], n_columns: int
) -> NDArray[np.float64]:
    counts = np.zeros((len(rows), n_columns))
    for r, i in enumerate(rows):
        for k in sets.members[sets.start[i] : sets.start[i + 1]]:
            for column in holders[start[k] : start[k + 1]]:
                counts[r, column] += 1
    return counts


@njit(nogil=True)
def _ones(word: np.uint64) -> np.uint64:
    # The compiler knows this pattern and makes one instruction of it.
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (word * np.uint64(0x0101010101010101)) >> np.uint64(56)


@njit(float64[:, ::1](SETS, int64[::1], uint64[:, ::1]), cache=True, nogil=True)
def _by_bits(sets: InputSets, rows: Integers, bits: NDArray[np.uint64]) -> NDArray[np.float64]:
    n_columns = bits.shape[1]
    counts = np.empty((len(rows), n_columns))
    words, count = np.empty(len(bits), np.uint64), np.empty(n_columns, np.int64)
    for r, i in enumerate(rows):
        words[:] = 0
        for k in sets.members[sets.start[i] : sets.start[i + 1]]:
            words[k >> 6] |= np.uint64(1) << np.uint64(k & 63)
        count[:] = 0
        for word in np.flatnonzero(words):
            for column in range(n_columns):
                count[column] += np.int64(_ones(words[word] & bits[word, column]))
        counts[r] = count
    return counts
