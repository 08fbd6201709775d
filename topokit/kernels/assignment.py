"""Heaviest matching of rows to columns, from lists of each row's heaviest columns.

With prices of columns and profits of rows, none negative, such that ``price[j] + profit[i] >= weight[i, j]`` for
every pair, no matching weighs more than all prices and profits together (linear programming duality). The matching
found here weighs exactly that much; weights are integers, so the proof is one too.

Rows first bid for columns, then augmenting paths place the rows that are left (Jonker and Volgenant, Computing 38,
1987). Two things make it fast. Lists descend and prices are never negative, so a scan ends at the first weight that
could not beat what the row has. And a list may hold only a row's heaviest columns: a search that might have needed
the others says so, and those lists are lengthened.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from topokit.kernels.assignment_state import NONE, Integers, Lists, Matching
from topokit.kernels.augmenting_paths import augment, profits
from topokit.kernels.bidding import bid


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
    matching, lists = matched(lists, n_columns, lengthen)
    return matching, duality_gap(lists, matching)


def matched(lists: Lists, n_columns: int, lengthen: Callable[[Lists, Integers], Lists]) -> tuple[Matching, Lists]:
    """As `heaviest_matching`; the matching, and the lists as far as they were lengthened."""
    n_rows = len(lists.start)
    matching = Matching(
        partner=np.full(n_rows, NONE, np.int64),
        gain=np.zeros(n_rows, np.int64),
        owner=np.full(n_columns, NONE, np.int64),
        price=np.zeros(n_columns, np.int64),
    )
    waiting = bid(np.arange(n_rows), lists, matching)
    while len(starved := _starved(waiting, lists, matching)):
        lists = lengthen(lists, starved)
        waiting = bid(waiting, lists, matching)
    while len(waiting):
        waiting, short = augment(waiting, lists, matching)
        if len(short):
            lists = lengthen(lists, short)
    return matching, lists


def _starved(rows: Integers, lists: Lists, matching: Matching) -> Integers:
    """The rows whose list offers nothing better than what it left out."""
    left_out = lists.left_out[rows]
    starved: Integers = rows[(left_out > 0) & (profits(rows, lists, matching) == left_out)]
    return starved


def duality_gap(lists: Lists, matching: Matching) -> int:
    """All prices and profits minus the weight of the matching; 0 is the proof that no other is heavier."""
    every_row = np.arange(len(lists.start))
    bound = matching.price.sum() + profits(every_row, lists, matching).sum()
    return int(bound - matching.gain[matching.partner != NONE].sum())
