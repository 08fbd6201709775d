"""Among all heaviest matchings, one whose pairs agree most in their colours.

Optimal prices know every heaviest matching (complementary slackness): it pairs rows and columns that are tight,
``profit[i] + price[j] == weight[i, j]``, and leaves out no row with a profit and no column with a price. Among those,
a second heaviest matching is found, in which a tight pair weighs its agreement, and more than all agreement together
for its row's profit and again for its column's price.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from topokit.kernels.assignment import duality_gap, matched
from topokit.kernels.assignment_state import NONE, Integers, Lists, Matching
from topokit.kernels.augmenting_paths import profits

# Of ties of more pairs than this, only the heaviest or the most agreeing are looked at, to bound the memory.
_MOST_PAIRS = 1 << 22

Mask = NDArray[np.bool_]


class Colours(NamedTuple):
    """Colours round by round; whatever a round tells apart, later rounds tell apart too.

    Attributes
    ----------
    rows, columns : ndarray of uint64, shapes (n_rounds, n_rows) and (n_rounds, n_columns)
    """

    rows: NDArray[np.uint64]
    columns: NDArray[np.uint64]

    def agreement(self, rows: Integers, columns: Integers) -> Integers:
        """In how many rounds each of the rows has the colour of its column."""
        agreement: Integers = (self.rows[:, rows] == self.columns[:, columns]).sum(axis=0)
        return agreement

    def widened(self, n: int) -> Colours:
        """The same followed by rows and columns of colour 0, `n` of each in all."""
        return Colours(*(np.pad(part, ((0, 0), (0, n - part.shape[1]))) for part in self))


class _Pairs(NamedTuple):
    """Rows and columns that may go together."""

    rows: Integers
    columns: Integers


def agreeing_matching(
    lists: Lists, n_columns: int, lengthen: Callable[[Lists, Integers], Lists], colours: Colours | None
) -> tuple[Integers, int]:
    """A heaviest matching, with colours one of most agreement.

    Parameters
    ----------
    lists, n_columns, lengthen
        As for `topokit.kernels.assignment.heaviest_matching`.
    colours : Colours, optional
        Of the rows and columns, of which there are as many.

    Returns
    -------
    partner : ndarray of int64, shape (n_rows,)
        Each row's column, -1 where that may be any.
    gap : int
        How much heavier another matching could be at most.
    """
    matching, lists = matched(lists, n_columns, lengthen)
    gap = duality_gap(lists, matching)
    if gap > 0 or colours is None or len(colours.rows) == 0 or len(lists.start) == 0:
        return matching.partner, gap
    return most_agreeing(lists, matching, lengthen, colours), gap


def most_agreeing(
    lists: Lists, matching: Matching, lengthen: Callable[[Lists, Integers], Lists], colours: Colours
) -> Integers:
    """The heaviest matching of most agreement, where all rows and as many columns are to be paired in the end.

    Parameters
    ----------
    lists, matching, lengthen
        A heaviest matching, the lists it was found in, and how those are lengthened (see `heaviest_matching`).
    colours : Colours
        Of the rows and columns.

    Returns
    -------
    ndarray of int64, shape (n_rows,)
        Each row's column; -1 for the rows that neither gain nor agree.
    """
    lists, profit = _with_all_ties(lists, matching, lengthen)
    idle, free = profit == 0, matching.price == 0
    complete = _completed(matching)
    tight = _tight_pairs(lists, profit, matching.price)
    gainless = _agreeing_pairs(np.flatnonzero(idle), np.flatnonzero(free), colours)
    present = colours.agreement(np.arange(len(complete)), complete)
    if _can_agree_more(present, (tight, gainless), colours):
        tight = _exchangeable(tight, complete, idle, free)
        if _can_agree_more(present, (tight, gainless), colours):
            return _second_matching((tight, gainless), idle, free, colours)
    return np.where((matching.partner != NONE) | (present > 0), complete, NONE)


def _can_agree_more(present: Integers, choices: Sequence[_Pairs], colours: Colours) -> bool:
    """Whether any row has a choice that agrees more than its column at present."""
    return any((colours.agreement(*pairs) > present[pairs.rows]).any() for pairs in choices)


def _second_matching(choices: Sequence[_Pairs], idle: Mask, free: Mask, colours: Colours) -> Integers:
    """Of all matchings with every row that is not idle and every column that is not free, one of most agreement."""
    pairs = _Pairs(*(np.concatenate(both) for both in zip(*choices, strict=True)))
    above_all = 1 + len(colours.rows) * len(idle)
    obliged = 2 - idle[pairs.rows].astype(np.int64) - free[pairs.columns]
    lists = _as_lists(pairs, obliged * above_all + colours.agreement(*pairs), len(idle))
    return matched(lists, len(free), lambda lists, _: lists)[0].partner


def _with_all_ties(
    lists: Lists, matching: Matching, lengthen: Callable[[Lists, Integers], Lists]
) -> tuple[Lists, Integers]:
    """The lists with every tight pair among them, and the profit of each row."""
    profit = profits(np.arange(len(lists.start)), lists, matching)
    while len(lists.columns) < _MOST_PAIRS:
        short = np.flatnonzero((lists.left_out > 0) & (lists.left_out == profit))
        if len(short) == 0:
            break
        lists = lengthen(lists, short)
    return lists, profit


def _completed(matching: Matching) -> Integers:
    """Each row's column, where those left over pair up in order; what is left over gains and costs nothing."""
    complete = matching.partner.copy()
    complete[complete == NONE] = np.flatnonzero(matching.owner == NONE)
    return complete


def _tight_pairs(lists: Lists, profit: Integers, price: Integers) -> _Pairs:
    """The listed pairs whose profit and price add up to their weight."""
    rows, entries = _ranges(lists.start, lists.stop)
    columns = lists.columns[entries]
    tight = lists.weights[entries] == profit[rows] + price[columns]
    return _Pairs(rows[tight], columns[tight])


def _agreeing_pairs(rows: Integers, columns: Integers, colours: Colours) -> _Pairs:
    """All pairs of the rows and columns that agree; if too many, those that agree in more rounds."""
    for of_rows, of_columns in zip(colours.rows[:, rows], colours.columns[:, columns], strict=True):
        order = np.argsort(of_columns, kind="stable")
        start, stop = (np.searchsorted(of_columns[order], of_rows, side) for side in ("left", "right"))
        if (stop - start).sum() <= _MOST_PAIRS:
            which, places = _ranges(start, stop)
            return _Pairs(rows[which], columns[order[places]])
    return _Pairs(rows[:0], columns[:0])


def _ranges(start: Integers, stop: Integers) -> tuple[Integers, Integers]:
    """The numbers of all ranges ``start[i]:stop[i]`` one after the other: which range, and the numbers."""
    lengths = stop - start
    which = np.repeat(np.arange(len(start)), lengths)
    return which, np.arange(len(which)) + np.repeat(start - np.cumsum(lengths) + lengths, lengths)


def _exchangeable(pairs: _Pairs, complete: Integers, idle: Mask, free: Mask) -> _Pairs:
    """Those of the tight pairs that are in any complete matching of tight pairs.

    They lie on cycles that alternate with the pairs of the one at hand. Idle rows may go with all free columns; one
    node more stands for that.
    """
    n = len(complete)
    owner = np.empty_like(complete)
    owner[complete] = np.arange(n)
    rows_out, rows_in = np.flatnonzero(idle), owner[np.flatnonzero(free)]
    hub = np.full(n, n)
    tails = np.concatenate([pairs.rows, rows_out, hub[: len(rows_in)]])
    heads = np.concatenate([owner[pairs.columns], hub[: len(rows_out)], rows_in])
    links = coo_array((np.ones(len(tails), np.int8), (tails, heads)), shape=(n + 1, n + 1))
    component = connected_components(links, directed=True, connection="strong")[1]
    kept = component[pairs.rows] == component[owner[pairs.columns]]
    return _Pairs(pairs.rows[kept], pairs.columns[kept])


def _as_lists(pairs: _Pairs, weights: Integers, n_rows: int) -> Lists:
    """The pairs as complete lists, each row's heaviest first."""
    greatest = weights.max(initial=0)
    order = np.argsort(pairs.rows * (greatest + 1) + greatest - weights, kind="stable")
    stop = np.cumsum(np.bincount(pairs.rows, minlength=n_rows))
    start = np.concatenate([[0], stop[:-1]])
    return Lists(start, stop, pairs.columns[order], weights[order], np.zeros(n_rows, np.int64))
