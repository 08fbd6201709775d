"""Kendall's tau-b between the rows of a table, counted exactly."""

from __future__ import annotations

import numpy as np
from numba import float64, int32, int64, njit, uint32
from numpy.typing import NDArray

from topokit.kernels.words import popcount

# The contingency table costs one addition per cell, the bitmap of places about this many per neuron.
_CELLS_PER_NEURON = 24

# Places lie in words of 64 bits, of which 32 share a running count; counts within them fit in 16 bits.
_WORD, _IN_WORD = np.uint32(6), np.uint32(63)
_GROUP, _WORDS = np.uint32(5), 32


def dense_ranks(rows: NDArray[np.integer] | NDArray[np.floating]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Rank of each value among the distinct values of its row, (T, n), and the number of those, (T,)."""
    ranks = np.empty(rows.shape, np.int32)
    levels = np.empty(len(rows), np.int64)
    for t, row in enumerate(rows):
        distinct, ranks[t] = np.unique(row, return_inverse=True)
        levels[t] = len(distinct)
    return ranks, levels


@njit(int64(int32[::1], int64), cache=True, nogil=True)
def untied_pairs(ranks: NDArray[np.int32], levels: int) -> int:
    """Pairs with different ranks."""
    counts = np.zeros(levels, np.int64)
    pairs = 0
    for place in range(len(ranks)):
        pairs += place - counts[ranks[place]]
        counts[ranks[place]] += 1
    return int(pairs)


@njit(int64(int32[::1], int32[::1], int64, int64), cache=True, nogil=True)
def score_by_table(x: NDArray[np.int32], y: NDArray[np.int32], x_levels: int, y_levels: int) -> int:
    """Concordant minus discordant pairs of two rows of ranks, from the table of how often each two ranks meet."""
    table = np.zeros((x_levels, y_levels), np.int32)
    for i in range(len(x)):
        table[x[i], y[i]] += 1
    before = np.zeros(y_levels, np.int64)
    seen = 0
    score = 0
    for row in table:
        lower = 0
        added = 0
        for rank in range(y_levels):
            score += row[rank] * (2 * lower + before[rank] - seen)
            lower += before[rank]
            before[rank] += row[rank]
            added += row[rank]
        seen += added
    return score


@njit(nogil=True)
def _taken_before(
    bits: NDArray[np.uint64], words: NDArray[np.uint16], groups: NDArray[np.int64], place: np.uint32
) -> int:
    """How many places before `place` are taken."""
    word = place >> _WORD
    below = bits[word] & ((np.uint64(1) << np.uint64(place & _IN_WORD)) - np.uint64(1))
    return int(groups[word >> _GROUP] + np.int64(words[word]) + popcount(below))


@njit(nogil=True)
def _take(bits: NDArray[np.uint64], words: NDArray[np.uint16], groups: NDArray[np.int64], place: np.uint32) -> None:
    word = place >> _WORD
    group = word >> _GROUP
    bits[word] |= np.uint64(1) << np.uint64(place & _IN_WORD)
    first = group << _GROUP
    own = np.int64(word - first)
    # A few vector instructions, which the jumps of a Fenwick tree are not.
    counts = words[first : first + np.uint32(_WORDS)]
    for later in range(_WORDS):
        counts[later] += np.uint16(later > own)
    for later in range(np.int64(group) + 1, len(groups)):
        groups[later] += 1


@njit(int64(int32[::1], int32[::1], uint32[:, ::1]), cache=True, nogil=True)
def score_by_places(order: NDArray[np.int32], x: NDArray[np.int32], places: NDArray[np.uint32]) -> int:
    """Concordant minus discordant pairs of two rows of ranks, counting who is below among those already passed.

    Parameters
    ----------
    order : ndarray of int32, shape (n,)
        What sorts `x`.
    x : ndarray of int32, shape (n,)
        Ranks of the one row.
    places : ndarray of uint32, shape (n, 3)
        From `places_of` the other.
    """
    group_count = (len(order) >> 6) // _WORDS + 1
    bits = np.zeros(group_count * _WORDS, np.uint64)
    words = np.zeros(group_count * _WORDS, np.uint16)
    groups = np.zeros(group_count, np.int64)
    score = 0
    start = 0
    while start < len(order):
        stop = start
        while stop < len(order) and x[order[stop]] == x[order[start]]:
            first, beyond = places[order[stop], 1], places[order[stop], 2]
            lower = _taken_before(bits, words, groups, first)
            tied = beyond - first > np.uint32(1)
            score += lower + (_taken_before(bits, words, groups, beyond) if tied else lower) - start
            stop += 1
        for each in range(start, stop):
            _take(bits, words, groups, places[order[each], 0])
        start = stop
    return score


@njit(int64[::1](int32[::1], int64), cache=True, nogil=True)
def rank_starts(ranks: NDArray[np.int32], levels: int) -> NDArray[np.int64]:
    """How many have a lower rank, for each rank and beyond the last, (levels + 1,)."""
    starts = np.zeros(levels + 1, np.int64)
    for rank in ranks:
        starts[rank + 1] += 1
    for rank in range(levels):
        starts[rank + 1] += starts[rank]
    return starts


@njit(int32[::1](int32[::1], int64), cache=True, nogil=True)
def rank_order(ranks: NDArray[np.int32], levels: int) -> NDArray[np.int32]:
    """What sorts the ranks, ties in the order they come, (n,)."""
    following = rank_starts(ranks, levels)
    order = np.empty(len(ranks), np.int32)
    for i in range(len(ranks)):
        order[following[ranks[i]]] = i
        following[ranks[i]] += 1
    return order


@njit(uint32[:, ::1](int32[::1], int64), cache=True, nogil=True)
def places_of(ranks: NDArray[np.int32], levels: int) -> NDArray[np.uint32]:
    """Each neuron's place when sorted, ties in any order, the first place of its rank, and the one beyond, (n, 3)."""
    starts = rank_starts(ranks, levels)
    places = np.empty((len(ranks), 3), np.uint32)
    for place, neuron in enumerate(rank_order(ranks, levels)):
        rank = ranks[neuron]
        places[neuron] = (np.uint32(place), np.uint32(starts[rank]), np.uint32(starts[rank + 1]))
    return places


@njit(float64[::1](int32[:, ::1], int64[::1], int64[::1], int32[:, ::1], int64), cache=True, nogil=True)
def tau_b_of_row(
    ranks: NDArray[np.int32],
    levels: NDArray[np.int64],
    untied: NDArray[np.int64],
    orders: NDArray[np.int32],
    row: int,
) -> NDArray[np.float64]:
    """Tau-b of one row with itself and each earlier row; NaN where either row is constant.

    Parameters
    ----------
    ranks, levels : ndarray
        From `dense_ranks`.
    untied : ndarray of int64, shape (T,)
        `untied_pairs` of each row.
    orders : ndarray of int32, shape (T, n)
        `rank_order` of each row.
    row : int
        The row.

    Returns
    -------
    ndarray of float64, shape (row + 1,)
        (concordant - discordant) / sqrt(untied pairs of one * untied pairs of the other), Kendall (1945).
    """
    places = places_of(ranks[row], levels[row])
    answers = np.empty(row + 1)
    for other in range(row + 1):
        if untied[row] == 0 or untied[other] == 0:
            answers[other] = np.nan
            continue
        if other == row:
            score = untied[row]
        elif levels[row] * levels[other] <= _CELLS_PER_NEURON * ranks.shape[1]:
            score = score_by_table(ranks[other], ranks[row], levels[other], levels[row])
        else:
            score = score_by_places(orders[other], ranks[other], places)
        answers[other] = score / np.sqrt(float(untied[row]) * float(untied[other]))
    return answers
