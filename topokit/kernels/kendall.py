"""Kendall's tau-b between the rows of a table, counted exactly."""

from __future__ import annotations

import numpy as np
from numba import float64, int32, int64, njit, types, uint32
from numpy.typing import NDArray

from topokit.kernels.words import popcount

# The contingency table costs one addition per cell, counting discordant pairs about this many per neuron.
_CELLS_PER_NEURON = 12

# Neurons compared with each other before they are entered among the places that are taken.
_BATCH = 32

# Places lie in words of 64 bits.
_WORD, _IN_WORD = np.uint32(6), np.uint32(63)


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


@njit(nogil=True)
def _sorted_by_both(x: NDArray[np.int32], x_starts: NDArray[np.int64], y_order: NDArray[np.int32]) -> NDArray[np.int32]:
    """The neurons by rank in `x`, ties by rank in y."""
    following = x_starts.copy()
    neurons = np.empty(len(x), np.int32)
    for neuron in y_order:
        neurons[following[x[neuron]]] = neuron
        following[x[neuron]] += 1
    return neurons


@njit(nogil=True)
def _taken_below(bits: NDArray[np.uint64], before: NDArray[np.int32], place: np.uint32) -> int:
    """How many places before `place` are taken, when `before` counts those before each word."""
    word = place >> _WORD
    below = bits[word] & ((np.uint64(1) << np.uint64(place & _IN_WORD)) - np.uint64(1))
    return int(before[word]) + popcount(below)


@njit(nogil=True)
def _count_above(ends: NDArray[np.int32], i: int) -> int:
    """How many before `i` are larger; in 32 bits, for the processor counts eight at once."""
    above = np.int32(0)
    for j in range(i):
        above += np.int32(ends[j] > ends[i])
    return int(above)


@njit(nogil=True)
def _tied_in_both(x: NDArray[np.int32], y: NDArray[np.int32], neurons: NDArray[np.int32]) -> int:
    """Pairs with equal x and equal y, of neurons sorted by both."""
    tied = 0
    run = 0
    for place in range(1, len(neurons)):
        neuron, last = neurons[place], neurons[place - 1]
        run = run + 1 if x[neuron] == x[last] and y[neuron] == y[last] else 0
        tied += run
    return tied


@njit(nogil=True)
def _enter(bits: NDArray[np.uint64], before: NDArray[np.int32], places: NDArray[np.uint32]) -> None:
    """Take these places, and count anew how many are taken before each word."""
    for place in places:
        bits[place >> _WORD] |= np.uint64(1) << np.uint64(place & _IN_WORD)
    taken = np.int32(0)
    for word in range(len(bits)):
        before[word] = taken
        taken += np.int32(popcount(bits[word]))


@njit(int64(int32[::1], int64[::1], int32[::1], uint32[::1], int32[::1]), cache=True, nogil=True)
def score_by_places(
    x: NDArray[np.int32],
    x_starts: NDArray[np.int64],
    y_order: NDArray[np.int32],
    y_places: NDArray[np.uint32],
    y_ends: NDArray[np.int32],
) -> int:
    """Pairs tied in both rows less twice the discordant ones.

    Added to the pairs untied in x and to those untied in y, less all pairs, that is concordant minus discordant pairs
    (Knight 1966). Neurons go by rank in x, ties by y; a pair is discordant where y falls. Each is compared with the
    earlier ones of its batch one by one, and with all before the batch at once, as places of y that are taken.

    Parameters
    ----------
    x : ndarray of int32, shape (n,)
        Ranks of the one row.
    x_starts : ndarray of int64, shape (levels of x + 1,)
        Its `rank_starts`.
    y_order : ndarray of int32, shape (n,)
        `rank_order` of the other row.
    y_places, y_ends : ndarray of uint32 and int32, shape (n,)
        From its `places_of`.
    """
    neurons = _sorted_by_both(x, x_starts, y_order)
    bits = np.zeros((len(x) >> 6) + 1, np.uint64)
    before = np.zeros(len(bits), np.int32)
    ends = np.empty(_BATCH, np.int32)
    places = np.empty(_BATCH, np.uint32)
    discordant = 0
    for start in range(0, len(x), _BATCH):
        count = min(_BATCH, len(x) - start)
        for i in range(count):
            ends[i] = y_ends[neurons[start + i]]
            places[i] = y_places[neurons[start + i]]
        for i in range(count):
            discordant += start - _taken_below(bits, before, np.uint32(ends[i])) + _count_above(ends, i)
        _enter(bits, before, places[:count])
    return _tied_in_both(x, y_ends, neurons) - 2 * discordant


@njit(types.Tuple((uint32[::1], int32[::1]))(int32[::1], int64), cache=True, nogil=True)
def places_of(ranks: NDArray[np.int32], levels: int) -> tuple[NDArray[np.uint32], NDArray[np.int32]]:
    """Each neuron's place when sorted, ties in any order, and the place beyond all of its rank, (n,) each."""
    starts = rank_starts(ranks, levels)
    places = np.empty(len(ranks), np.uint32)
    places[rank_order(ranks, levels)] = np.arange(len(ranks)).astype(np.uint32)
    return places, starts[ranks + 1].astype(np.int32)


@njit(float64[::1](int32[:, ::1], int64[::1], int64[::1], int64), cache=True, nogil=True)
def tau_b_of_row(
    ranks: NDArray[np.int32], levels: NDArray[np.int64], untied: NDArray[np.int64], row: int
) -> NDArray[np.float64]:
    """Tau-b of one row with itself and each earlier row; NaN where either row is constant.

    Parameters
    ----------
    ranks, levels : ndarray
        From `dense_ranks`.
    untied : ndarray of int64, shape (T,)
        `untied_pairs` of each row.
    row : int
        The row.

    Returns
    -------
    ndarray of float64, shape (row + 1,)
        (concordant - discordant) / sqrt(untied pairs of one * untied pairs of the other), Kendall (1945).
    """
    n = ranks.shape[1]
    order = rank_order(ranks[row], levels[row])
    places, ends = places_of(ranks[row], levels[row])
    answers = np.empty(row + 1)
    for other in range(row + 1):
        if untied[row] == 0 or untied[other] == 0:
            answers[other] = np.nan
            continue
        if other == row:
            score = untied[row]
        elif levels[row] * levels[other] <= _CELLS_PER_NEURON * n:
            score = score_by_table(ranks[other], ranks[row], levels[other], levels[row])
        else:
            starts = rank_starts(ranks[other], levels[other])
            score = untied[row] + untied[other] - n * (n - 1) // 2
            score += score_by_places(ranks[other], starts, order, places, ends)
        answers[other] = score / np.sqrt(float(untied[row]) * float(untied[other]))
    return answers
