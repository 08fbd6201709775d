"""Bipartite graphs with the same degrees, drawn by trading edges between neurons.

In a trade two rows pool the columns that only one of them has and deal them out anew at random, each row getting as
many as it gave (Strona et al. 2014). In a global trade all rows trade at once, in random pairs (Carstens et al. 2018).
Both keep all degrees, and the uniform distribution over the graphs that have them is the only one they leave as it is.
Global trades among the rows and among the columns take turns here, for a row of many edges hardly changes by trading
with rows of few, but does when its columns trade.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import int32, int64, njit, types, uint8, uint64, void
from numpy.typing import NDArray

from topokit.kernels.assignment_state import Integers
from topokit.kernels.random_numbers import State, random_below, shuffle

Targets = NDArray[np.int32]

_INT64 = types.Array(int64, 1, "C", readonly=True)
_BEYOND = np.int32(2**31 - 1)


class Room(NamedTuple):
    """Where a pair of rows is written while it trades, each array as long as two rows together."""

    pool: Targets
    shared: NDArray[np.uint8]
    dealt_a: Targets
    dealt_b: Targets


_ROOM = types.NamedTuple((int32[::1], uint8[::1], int32[::1], int32[::1]), Room)


@njit(nogil=True)
def _merge(a: Targets, b: Targets, room: Room) -> int:
    """Write two ascending rows as one, what they share once and marked by 1, and return its length."""
    i, j, k = 0, 0, 0
    while i < len(a) or j < len(b):
        x = a[i] if i < len(a) else _BEYOND
        y = b[j] if j < len(b) else _BEYOND
        room.pool[k] = min(x, y)
        room.shared[k] = int(x == y)
        i += int(x <= y)
        j += int(y <= x)
        k += 1
    return k


@njit(nogil=True)
def _trade(a: Targets, b: Targets, room: Room, state: State) -> None:
    """Deal the columns that only one of two rows has out anew."""
    size = _merge(a, b, room)
    common = len(a) + len(b) - size
    left, left_a = size - common, len(a) - common
    i, j = 0, 0
    for k in range(size):
        # Which way a column goes cannot be foreseen, by processors neither: so all is counted and nothing branches.
        one = 1 - int(room.shared[k])
        to_a = one & int(random_below(state, left) < left_a)
        room.dealt_a[i] = room.pool[k]
        room.dealt_b[j] = room.pool[k]
        i += 1 - one + to_a
        j += 1 - to_a
        left -= one
        left_a -= to_a
    for k in range(len(a)):
        a[k] = room.dealt_a[k]
    for k in range(len(b)):
        b[k] = room.dealt_b[k]


@njit(nogil=True)
def _global_trade(start: Integers, members: Targets, room: Room, state: State) -> None:
    """Pair the rows at random, one staying out if they are odd, and let each pair trade."""
    rows = np.arange(len(start) - 1)
    shuffle(rows, state)
    for k in range(0, len(rows) - 1, 2):
        a, b = rows[k], rows[k + 1]
        _trade(members[start[a] : start[a + 1]], members[start[b] : start[b + 1]], room, state)


@njit(nogil=True)
def _transposed(start: Integers, members: Targets, column_start: Integers, rows: Targets) -> None:
    """Write the rows of each column, ascending."""
    free = np.empty_like(column_start)
    for column in range(len(column_start)):
        free[column] = column_start[column]
    for row in range(len(start) - 1):
        for place in range(start[row], start[row + 1]):
            column = members[place]
            rows[free[column]] = row
            free[column] += 1


@njit(void(_INT64, int32[::1], _INT64, _ROOM, uint64[::1], int64), cache=True, nogil=True)
def _trade_all(start: Integers, by_row: Targets, column_start: Integers, room: Room, state: State, rounds: int) -> None:
    by_column = np.empty_like(by_row)
    for _ in range(rounds):
        _global_trade(start, by_row, room, state)
        _transposed(start, by_row, column_start, by_column)
        _global_trade(column_start, by_column, room, state)
        _transposed(column_start, by_column, start, by_row)


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
    by_row = members.copy()
    size = 2 * int(max(np.diff(start).max(initial=0), np.diff(column_start).max(initial=0))) + 1
    room = Room(np.empty(size, np.int32), np.empty(size, np.uint8), np.empty(size, np.int32), np.empty(size, np.int32))
    _trade_all(start, by_row, column_start, room, np.array([seed], np.uint64), rounds)
    return by_row
