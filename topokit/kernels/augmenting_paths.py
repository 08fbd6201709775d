"""Augmenting paths: place the rows that bidding left, each at the least loss (Dijkstra on reduced weights)."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np
from numba import njit, types

from topokit.kernels.assignment_state import (
    COLUMN_BITS,
    INTEGERS,
    LISTS,
    MATCHING,
    MAX_WEIGHT,
    NONE,
    Integers,
    Lists,
    Matching,
)

_UNREACHED = MAX_WEIGHT + 1
_HEAP_END = _UNREACHED << COLUMN_BITS


class _Tree(NamedTuple):
    """Shortest alternating path to each column: its length, its last row, and the entry of that row's list."""

    length: Integers
    row: Integers
    entry: Integers
    reached: Integers
    ready: Integers


@njit(nogil=True)
def _profit(row: int, lists: Lists, matching: Matching) -> int:
    """The most that `row` could gain from any column, or from none."""
    best = lists.left_out[row]
    for entry in range(lists.start[row], lists.stop[row]):
        if lists.weights[entry] <= best:
            break
        best = max(best, lists.weights[entry] - matching.price[lists.columns[entry]])
    return int(best)


@njit(INTEGERS(INTEGERS, LISTS, MATCHING), cache=True, nogil=True)
def profits(rows: Integers, lists: Lists, matching: Matching) -> Integers:
    """The most that each of the rows could gain at these prices, never less than what its list left out."""
    most = np.empty_like(rows)
    for place, row in enumerate(rows):
        most[place] = _profit(row, lists, matching)
    return most


@njit(nogil=True)
def _pop_nearest(heap: list[int], length: Integers) -> int:
    """The nearest column on the heap, passing over those that a shorter path has reached since; -1 for none."""
    while True:
        key = heappop(heap)
        column = key & ((1 << COLUMN_BITS) - 1)
        if key == _HEAP_END:
            return NONE
        if key >> COLUMN_BITS == length[column]:
            return column


@njit(nogil=True)
def _search(source: int, lists: Lists, matching: Matching, tree: _Tree) -> tuple[int, int, Integers]:
    """The cheapest way to place `source`, where a path's length is the profit given up along it (Dijkstra).

    It ends at a column without a row, or at a column whose row gives it up for none, or at once.
    Returns its length, its last column (-1 when `source` stays without one), and all columns reached.
    """
    row, end, travelled = source, NONE, 0
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
            if matching.owner[column] == NONE:
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
        if column == NONE or tree.length[column] >= limit:
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
        if row != NONE and length[column] < limit:
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
    if end != NONE and matching.owner[end] != NONE:
        matching.partner[matching.owner[end]] = NONE
    column = end
    while column != NONE:
        row = tree.row[column]
        given_up = matching.partner[row]
        matching.owner[column], matching.partner[row] = row, column
        matching.gain[row] = lists.weights[tree.entry[column]]
        column = given_up


@njit(types.UniTuple(INTEGERS, 2)(INTEGERS, LISTS, MATCHING), cache=True, nogil=True)
def augment(waiting: Integers, lists: Lists, matching: Matching) -> tuple[Integers, Integers]:
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
