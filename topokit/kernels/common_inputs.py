"""How many inputs sets have in common, as blocks of the matrix of all pairs."""

from __future__ import annotations

import numpy as np
from numba import float64, int32, int64, njit, uint64, void
from numpy.typing import NDArray

from topokit.kernels.assignment_state import Integers
from topokit.kernels.input_sets import SETS, InputSets
from topokit.kernels.similar_sets import Columns
from topokit.kernels.words import popcount


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
    counts = np.zeros((len(rows), len(columns.sizes)))
    if len(columns.bits) > 0:
        _count_bits(counts, sets, rows, columns.bits, np.empty(len(columns.bits), np.uint64))
    else:
        _follow_edges(counts, sets, rows, columns.start, columns.holders)
    return counts


@njit(void(float64[:, ::1], SETS, int64[::1], int64[::1], int32[::1]), cache=True, nogil=True)
def _follow_edges(
    counts: NDArray[np.float64], sets: InputSets, rows: Integers, start: Integers, holders: NDArray[np.int32]
) -> None:
    for r, i in enumerate(rows):
        for place in range(sets.start[i], sets.start[i + 1]):
            k = sets.members[place]
            for edge in range(start[k], start[k + 1]):
                counts[r, holders[edge]] += 1


@njit(void(float64[:, ::1], SETS, int64[::1], uint64[:, ::1], uint64[::1]), cache=True, nogil=True)
def _count_bits(
    counts: NDArray[np.float64],
    sets: InputSets,
    rows: Integers,
    bits: NDArray[np.uint64],
    words: NDArray[np.uint64],
) -> None:
    for r, i in enumerate(rows):
        words[:] = 0
        for place in range(sets.start[i], sets.start[i + 1]):
            k = sets.members[place]
            words[k >> 6] |= np.uint64(1) << np.uint64(k & 63)
        for word in range(len(words)):
            if words[word] != 0:
                for column in range(counts.shape[1]):
                    counts[r, column] += popcount(words[word] & bits[word, column])
