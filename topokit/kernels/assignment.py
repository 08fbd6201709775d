"""Heaviest matching of rows to columns, from lists of each row's heaviest columns.

With prices of columns and profits of rows, none negative, such that ``price[j] + profit[i] >= weight[i, j]`` for
every pair, no matching weighs more than all prices and profits together (linear programming duality). The matching
found here weighs exactly that much; weights are integers, so the proof is one too.

The way is that of Jonker and Volgenant (Computing 38, 1987): rows bid for columns, then shortest augmenting paths
place the rows that are left. Two things make it fast. Lists descend and prices are never negative, so a scan ends at
the first weight that could not beat what the row has. And a list may hold only a row's heaviest columns: a search
that might have needed the others says so, and the caller lengthens those lists.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np
from numba import boolean, int64, njit, types
from numpy.typing import NDArray

# A column and its distance share one heap key of 63 bits.
COLUMN_BITS = 22
MAX_WEIGHT = 1 << 40

_NONE = -1
_UNREACHED = MAX_WEIGHT + 1
_HEAP_END = _UNREACHED << COLUMN_BITS
_BIDDING_PASSES = 4
_BIDS_PER_ROW = 20

Integers = NDArray[np.int64]


class Lists(NamedTuple):
    """Each row's heaviest columns: row i has the entries ``start[i]:stop[i]``, weights descending.

    Attributes
    ----------
    start, stop : ndarray of int64, shape (n_rows,)
    columns, weights : ndarray of int64, shape (n_entries,)
        Weights from 1 to `MAX_WEIGHT`, columns below 2**`COLUMN_BITS`.
    left_out : ndarray of int64, shape (n_rows,)
        Weight that no column missing from the row's list exceeds; 0 when none is missing.
    """

    start: Integers
    stop: Integers
    columns: Integers
    weights: Integers
    left_out: Integers


class Matching(NamedTuple):
    """Pairs of rows and columns; -1 is none.

    Attributes
    ----------
    partner, gain : ndarray of int64, shape (n_rows,)
        Each row's column, and the weight of that pair.
    owner, price : ndarray of int64, shape (n_columns,)
        Each column's row, and its dual price; a column without a row costs nothing.
    """

    partner: Integers
    gain: Integers
    owner: Integers
    price: Integers


class _Tree(NamedTuple):
    """Shortest alternating path to each column: its length, its last row, and the entry of that row's list."""

    length: Integers
    row: Integers
    entry: Integers
    reached: Integers
    ready: Integers


_INTEGERS = int64[::1]
LISTS = types.NamedUniTuple(_INTEGERS, 5, Lists)
_MATCHING = types.NamedUniTuple(_INTEGERS, 4, Matching)


def heaviest_matching(
    lists: Lists, n_columns: int, lengthen: Callable[[Lists, Integers], Lists]
) -> tuple[Matching, int]:
    """Match rows and columns, each at most once, so that the sum of weights is largest.

    Parameters
    ----------
    lists : Lists
        Each row's heaviest columns.
    n_columns : int
        Number of columns, listed or not.
    lengthen : callable
        ``lengthen(lists, rows)`` returns the lists with more columns for those rows.

    Returns
    -------
    matching : Matching
    gap : int
        How much heavier another matching could be at most; 0 is the proof that none is heavier.
    """
    n_rows = len(lists.start)
    nobody = [np.full(n, _NONE, np.int64) for n in (n_rows, n_columns)]
    matching = Matching(nobody[0], np.zeros(n_rows, np.int64), nobody[1], np.zeros(n_columns, np.int64))
    waiting = _bid(np.arange(n_rows), lists, matching)
    while len(starved := waiting[_starving(waiting, lists, matching)]):
        lists = lengthen(lists, starved)
        waiting = _bid(waiting, lists, matching)
    while len(waiting):
        waiting, short = _augment(waiting, lists, matching)
        if len(short):
            lists = lengthen(lists, short)
    return matching, _duality_gap(lists, matching)


@njit(nogil=True)
def _take_best(row: int, lists: Lists, matching: Matching) -> tuple[int, bool]:
    """Give `row` its best column, at the price that leaves it indifferent to its second choice.

    Returns the row that now waits for a column (-1 for none) and whether it was outbid.
    """
    best, second = 0, lists.left_out[row]
    best_entry = second_entry = _NONE
    for entry in range(lists.start[row], lists.stop[row]):
        weight = lists.weights[entry]
        if weight <= second:
            break
        profit = weight - matching.price[lists.columns[entry]]
        if profit > best:
            if best >= second:
                second, second_entry = best, best_entry
            best, best_entry = profit, entry
        elif profit > second:
            second, second_entry = profit, entry
    if best_entry == _NONE or best < second:
        return (row if lists.left_out[row] > 0 else _NONE), False
    if best == second and second_entry != _NONE and matching.owner[lists.columns[best_entry]] != _NONE:
        best_entry = second_entry
    column = lists.columns[best_entry]
    displaced = matching.owner[column]
    if displaced != _NONE:
        matching.partner[displaced] = _NONE
    matching.owner[column], matching.partner[row] = row, column
    matching.gain[row] = lists.weights[best_entry]
    matching.price[column] += best - second
    return displaced, best > second


@njit(_INTEGERS(_INTEGERS, LISTS, _MATCHING), cache=True, nogil=True)
def _bid(waiting: Integers, lists: Lists, matching: Matching) -> Integers:
    """Let the waiting rows bid; return those that are left without a column when time is up."""
    waiting = waiting.copy()
    bids_left = _BIDS_PER_ROW * len(waiting)
    for _ in range(_BIDDING_PASSES):
        postponed = 0
        for row in waiting:
            outbid = True
            while row != _NONE and outbid and bids_left > 0:
                row, outbid = _take_best(row, lists, matching)
                bids_left -= 1
            if row != _NONE:
                waiting[postponed] = row
                postponed += 1
        waiting = waiting[:postponed]
    return waiting


@njit(nogil=True)
def _profit(row: int, lists: Lists, matching: Matching) -> int:
    """The most that `row` could gain from any column, or from none."""
    best = lists.left_out[row]
    for entry in range(lists.start[row], lists.stop[row]):
        if lists.weights[entry] <= best:
            break
        best = max(best, lists.weights[entry] - matching.price[lists.columns[entry]])
    return int(best)


@njit(boolean[::1](_INTEGERS, LISTS, _MATCHING), cache=True, nogil=True)
def _starving(rows: Integers, lists: Lists, matching: Matching) -> NDArray[np.bool_]:
    """Whether each row's list offers nothing better than what it left out."""
    return np.array([0 < lists.left_out[row] == _profit(row, lists, matching) for row in rows])


@njit(nogil=True)
def _pop_nearest(heap: list[int], length: Integers) -> int:
    """The nearest column on the heap, passing over those that a shorter path has reached since; -1 for none."""
    while True:
        key = heappop(heap)
        column = key & ((1 << COLUMN_BITS) - 1)
        if key == _HEAP_END:
            return _NONE
        if key >> COLUMN_BITS == length[column]:
            return column


@njit(nogil=True)
def _search(source: int, lists: Lists, matching: Matching, tree: _Tree) -> tuple[int, int, Integers]:
    """The cheapest way to place `source`, where a path's length is the profit given up along it (Dijkstra).

    It ends at a column without a row, or at a column whose row gives it up for none, or at once.
    Returns its length, its last column (-1 when `source` stays without one), and all columns reached.
    """
    row, end, travelled = source, _NONE, 0
    base = limit = _profit(source, lists, matching)
    heap = [_HEAP_END]
    n_reached = n_ready = 0
    while True:
        for entry in range(lists.start[row], lists.stop[row]):
            weight = lists.weights[entry]
            if base - weight >= limit:
                break
            column = lists.columns[entry]
            length = base - weight + matching.price[column]
            if length >= limit or length >= tree.length[column]:
                continue
            if tree.length[column] == _UNREACHED:
                tree.reached[n_reached] = column
                n_reached += 1
            tree.length[column], tree.row[column], tree.entry[column] = length, row, entry
            if matching.owner[column] == _NONE:
                limit, end = length, column
            elif length == travelled:
                tree.ready[n_ready] = column
                n_ready += 1
            else:
                heappush(heap, (length << COLUMN_BITS) | column)
        if n_ready > 0:
            n_ready -= 1
            column = tree.ready[n_ready]
        else:
            column = _pop_nearest(heap, tree.length)
        if column == _NONE or tree.length[column] >= limit:
            return limit, end, tree.reached[:n_reached]
        row, travelled = matching.owner[column], tree.length[column]
        base = travelled + matching.gain[row] - matching.price[column]
        if base < limit:
            limit, end = base, column


@njit(nogil=True)
def _short_rows(
    source: int, limit: int, lists: Lists, matching: Matching, length: Integers, reached: Integers
) -> Integers:
    """The rows searched whose left-out columns might shorten the path."""
    short = np.empty(len(reached) + 1, np.int64)
    count = 0
    if _profit(source, lists, matching) - lists.left_out[source] < limit:
        short[count] = source
        count += 1
    for column in reached:
        row = matching.owner[column]
        if row != _NONE and length[column] < limit:
            profit = matching.gain[row] - matching.price[column]
            if length[column] + profit - lists.left_out[row] < limit:
                short[count] = row
                count += 1
    return short[:count]


@njit(nogil=True)
def _shift(limit: int, end: int, lists: Lists, matching: Matching, tree: _Tree, reached: Integers) -> None:
    """Move the pairs along the path to `end`; raise the prices of the nearer columns until its pairs fit."""
    for column in reached:
        if tree.length[column] < limit:
            matching.price[column] += limit - tree.length[column]
    if end != _NONE and matching.owner[end] != _NONE:
        matching.partner[matching.owner[end]] = _NONE
    column = end
    while column != _NONE:
        row = tree.row[column]
        given_up = matching.partner[row]
        matching.owner[column], matching.partner[row] = row, column
        matching.gain[row] = lists.weights[tree.entry[column]]
        column = given_up


@njit(types.UniTuple(_INTEGERS, 2)(_INTEGERS, LISTS, _MATCHING), cache=True, nogil=True)
def _augment(waiting: Integers, lists: Lists, matching: Matching) -> tuple[Integers, Integers]:
    """Place the waiting rows one by one; return those still waiting and the rows whose lists are too short."""
    n_columns = len(matching.owner)
    unset = np.empty((4, n_columns), np.int64)
    tree = _Tree(np.full(n_columns, _UNREACHED), unset[0], unset[1], unset[2], unset[3])
    for place, source in enumerate(waiting):
        limit, end, reached = _search(source, lists, matching, tree)
        short = _short_rows(source, limit, lists, matching, tree.length, reached)
        if len(short) > 0:
            return waiting[place:], short
        _shift(limit, end, lists, matching, tree, reached)
        tree.length[reached] = _UNREACHED
    return waiting[:0], waiting[:0]


@njit(int64(LISTS, _MATCHING), cache=True, nogil=True)
def _duality_gap(lists: Lists, matching: Matching) -> int:
    """All prices and profits minus the weight of the matching."""
    gap = matching.price.sum()
    for row in range(len(lists.start)):
        gap += _profit(row, lists, matching)
        if matching.partner[row] != _NONE:
            gap -= matching.gain[row]
    return int(gap)
