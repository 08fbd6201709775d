"""Bipartite graphs with the same degrees, drawn by trading edges between neurons.

In a trade two rows pool the columns that only one of them has and deal them out anew at random, each row getting as
many as it gave (Strona et al. 2014). In a global trade all rows trade at once, in random pairs (Carstens et al. 2018).
Both keep all degrees, and the uniform distribution over the graphs that have them is the only one they leave as it is.
Global trades among the rows and among the columns take turns here, for a row of many edges hardly changes by trading
with rows of few, but does when its columns trade.
"""

from __future__ import annotations

import numpy as np
from numba import int32, int64, njit, types, uint64
from numpy.typing import NDArray

from topokit.kernels.assignment_state import Integers
from topokit.kernels.random_numbers import State, random_below, shuffle

Targets = NDArray[np.int32]

_INT32 = types.Array(int32, 1, "C", readonly=True)
_INT64 = types.Array(int64, 1, "C", readonly=True)


@njit(nogil=True)
def _merged(a: Targets, b: Targets, pool: Targets, shared: NDArray[np.bool_]) -> int:
    """Write both ascending lists as one, what they share once, and return its length."""
    i, j, k = 0, 0, 0
    while i < len(a) and j < len(b):
        x, y = a[i], b[j]
        pool[k] = min(x, y)
        shared[k] = x == y
        i += x <= y
        j += y <= x
        k += 1
    for place in range(i, len(a)):
        pool[k] = a[place]
        shared[k] = False
        k += 1
    for place in range(j, len(b)):
        pool[k] = b[place]
        shared[k] = False
        k += 1
    return k


@njit(nogil=True)
def _trade(a: Targets, b: Targets, pool: Targets, shared: NDArray[np.bool_], dealt: Targets, state: State) -> None:
    """Deal the columns that only one of two rows has out anew; `dealt` (2, longest + 1) is room to write in."""
    size = _merged(a, b, pool, shared)
    common = len(a) + len(b) - size
    left, left_a = size - common, len(a) - common
    i, j = 0, 0
    for k in range(size):
        # Which way a column goes cannot be foreseen, by processors neither: so all is counted and nothing branches.
        one = 1 - int(shared[k])
        to_a = one & int(random_below(state, left) < left_a)
        dealt[0, i] = pool[k]
        dealt[1, j] = pool[k]
        i += 1 - one + to_a
        j += 1 - to_a
        left -= one
        left_a -= to_a
    a[:] = dealt[0, : len(a)]
    b[:] = dealt[1, : len(b)]


@njit(nogil=True)
def _global_trade(start: Integers, members: Targets, room: Targets, state: State) -> None:
    """Pair the rows at random, one staying out if they are odd, and let each pair trade."""
    rows = np.arange(len(start) - 1)
    shuffle(rows, state)
    shared = np.empty(room.shape[1], np.bool_)
    for k in range(0, len(rows) - 1, 2):
        a, b = rows[k], rows[k + 1]
        _trade(members[start[a] : start[a + 1]], members[start[b] : start[b + 1]], room[0], shared, room[1:], state)


@njit(nogil=True)
def _transposed(start: Integers, members: Targets, column_start: Integers, rows: Targets) -> None:
    """Write the rows of each column, ascending."""
    free = column_start.copy()
    for row in range(len(start) - 1):
        for place in range(start[row], start[row + 1]):
            column = members[place]
            rows[free[column]] = row
            free[column] += 1


@njit(int32[::1](_INT64, _INT32, _INT64, uint64, int64), cache=True, nogil=True)
def traded(start: Integers, members: Targets, column_start: Integers, seed: np.uint64, rounds: int) -> Targets:
    """The columns of each row after `rounds` rounds of a global trade among the rows and one among the columns.

    Parameters
    ----------
    start : ndarray of int64, shape (n_rows + 1,)
        Row i has the columns ``members[start[i]:start[i + 1]]``.
    members : ndarray of int32, shape (n_edges,)
        Ascending within a row.
    column_start : ndarray of int64, shape (n_columns + 1,)
        The same for the columns: where each begins when edges are listed column by column.
    seed : uint64
        Start of the random numbers.
    rounds : int
        How often.

    Returns
    -------
    ndarray of int32, shape (n_edges,)
    """
    by_row, by_column = members.copy(), np.empty_like(members)
    longest = max(np.max(np.diff(start)), np.max(np.diff(column_start)))
    room = np.empty((3, 2 * longest + 1), np.int32)
    state = np.array([seed], np.uint64)
    for _ in range(rounds):
        _global_trade(start, by_row, room, state)
        _transposed(start, by_row, column_start, by_column)
        _global_trade(column_start, by_column, room, state)
        _transposed(column_start, by_column, start, by_row)
    return by_row
