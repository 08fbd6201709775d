"""Kendall's tau-b between the rows of a table of integers, counted exactly."""

from __future__ import annotations

import numpy as np
from numba import float64, int32, int64, njit
from numpy.typing import NDArray

# The contingency table costs one addition per cell, the tree about this many per neuron.
_CELLS_PER_NEURON = 16


def dense_ranks(rows: NDArray[np.integer]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
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


@njit(int64(int64[::1], int64), cache=True, nogil=True)
def _prefix_sum(tree: NDArray[np.int64], count: int) -> int:
    total = 0
    while count > 0:
        total += tree[count]
        count -= count & -count
    return total


@njit(int64(int32[::1], int32[::1], int64, int64), cache=True, nogil=True)
def _score_by_table(x: NDArray[np.int32], y: NDArray[np.int32], x_levels: int, y_levels: int) -> int:
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


@njit(int64(int32[::1], int32[::1], int32[::1], int64), cache=True, nogil=True)
def _score_by_tree(order: NDArray[np.int32], x: NDArray[np.int32], y: NDArray[np.int32], y_levels: int) -> int:
    tree = np.zeros(y_levels + 1, np.int64)
    score = 0
    start = 0
    while start < len(order):
        stop = start
        while stop < len(order) and x[order[stop]] == x[order[start]]:
            lower = _prefix_sum(tree, y[order[stop]])
            score += lower + _prefix_sum(tree, y[order[stop]] + 1) - start
            stop += 1
        for place in range(start, stop):
            node = y[order[place]] + 1
            while node <= y_levels:
                tree[node] += 1
                node += node & -node
        start = stop
    return score


@njit(float64[::1](int32[:, ::1], int64[::1], int64[::1], int64, int32[::1]), cache=True, nogil=True)
def tau_b_of_row(
    ranks: NDArray[np.int32],
    levels: NDArray[np.int64],
    untied: NDArray[np.int64],
    row: int,
    order: NDArray[np.int32],
) -> NDArray[np.float64]:
    """Tau-b of one row with itself and each later row; NaN where either row is constant.

    Parameters
    ----------
    ranks, levels : ndarray
        From `dense_ranks`.
    untied : ndarray of int64, shape (T,)
        `untied_pairs` of each row.
    row : int
        The row.
    order : ndarray of int32, shape (n,)
        What sorts it.

    Returns
    -------
    ndarray of float64, shape (T - row,)
        (concordant - discordant) / sqrt(untied pairs of one * untied pairs of the other), Kendall (1945).
    """
    n = ranks.shape[1]
    answers = np.empty(len(levels) - row)
    for other in range(row, len(levels)):
        if untied[row] == 0 or untied[other] == 0:
            answers[other - row] = np.nan
            continue
        if other == row:
            score = untied[row]
        elif levels[row] * levels[other] <= _CELLS_PER_NEURON * n:
            score = _score_by_table(ranks[row], ranks[other], levels[row], levels[other])
        else:
            score = _score_by_tree(order, ranks[row], ranks[other], levels[other])
        answers[other - row] = score / np.sqrt(float(untied[row]) * float(untied[other]))
    return answers
