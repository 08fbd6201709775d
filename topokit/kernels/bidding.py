"""Bidding: the start of an assignment (augmenting row reduction, Jonker and Volgenant, Computing 38, 1987)."""

from __future__ import annotations

from numba import njit

from topokit.kernels.assignment_state import INTEGERS, LISTS, MATCHING, NONE, Integers, Lists, Matching

_PASSES = 4
_BIDS_PER_ROW = 20


@njit(nogil=True)
def _take_best(row: int, lists: Lists, matching: Matching) -> tuple[int, bool]:
    """Give `row` its best column, at the price that leaves it indifferent to its second choice.

    Returns the row that now waits for a column (-1 for none) and whether it was outbid.
    """
    best, second = 0, lists.left_out[row]
    best_entry = second_entry = NONE
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
    if best_entry == NONE or best < second:
        return (row if lists.left_out[row] > 0 else NONE), False
    if best == second and second_entry != NONE and matching.owner[lists.columns[best_entry]] != NONE:
        best_entry = second_entry
    column = lists.columns[best_entry]
    displaced = matching.owner[column]
    if displaced != NONE:
        matching.partner[displaced] = NONE
    matching.owner[column], matching.partner[row] = row, column
    matching.gain[row] = lists.weights[best_entry]
    matching.price[column] += best - second
    return displaced, best > second


@njit(INTEGERS(INTEGERS, LISTS, MATCHING), cache=True, nogil=True)
def bid(waiting: Integers, lists: Lists, matching: Matching) -> Integers:
    """Let the waiting rows bid; return those that are left without a column when time is up."""
    waiting = waiting.copy()
    bids_left = _BIDS_PER_ROW * len(waiting)
    for _ in range(_PASSES):
        postponed = 0
        for row in waiting:
            outbid = True
            while row != NONE and outbid and bids_left > 0:
                row, outbid = _take_best(row, lists, matching)
                bids_left -= 1
            if row != NONE:
                waiting[postponed] = row
                postponed += 1
        waiting = waiting[:postponed]
    return waiting
