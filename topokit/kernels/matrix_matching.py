"""Heaviest matching of the rows and columns of a matrix that is made a few rows at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from topokit.kernels.assignment_state import MAX_WEIGHT, Integers, Lists
from topokit.kernels.candidate_lists import heaviest_columns, joined, replaced
from topokit.kernels.tie_breaking import Colours, agreeing_matching

_LIST_LENGTH = 64
_LENGTHENING = 4
# Entries of a block: few enough for the processor's cache.
_BLOCK = 1 << 17
_Rows = Callable[[Integers], NDArray[np.int64]]


def match_rows(
    weights: _Rows, n_rows: int, n_columns: int, greatest: int, colours: Colours | None = None
) -> tuple[Integers, int]:
    """Match rows and columns, each at most once, so that the sum of weights is largest.

    Only each row's heaviest columns are kept, so no matrix of all rows and columns is ever held.

    Parameters
    ----------
    weights : callable
        ``weights(rows)`` returns those rows of the matrix, (len(rows), n_columns) of int64 from 0 to `greatest`.
    n_rows, n_columns : int
        At most 2**`COLUMN_BITS` columns.
    greatest : int
        No weight exceeds it. Beyond half of `MAX_WEIGHT`, all weights lose as many of their lowest bits as it takes to
        fit that: equal ones remain equal, and those that differ in these bits alone become so.
    colours : Colours, optional
        Of rows and columns: of equally heavy matchings the one whose pairs agree most in them is taken.

    Returns
    -------
    partner : ndarray of int64, shape (n_rows,)
        Each row's column, -1 where that may be any.
    gap : int
        How much heavier another matching could be at most, the bits lost apart; 0 is the proof that none is heavier.
    """
    block = max(1, _BLOCK // max(n_columns, 1))
    chunks = [np.arange(first, min(first + block, n_rows)) for first in range(0, max(n_rows, 1), block)]
    lost = max(0, (greatest - 1).bit_length() - (MAX_WEIGHT // 2 - 1).bit_length())
    first = weights(chunks[0]) >> lost
    head_starts = _head_starts(first, n_rows)

    def listed(rows: Integers, length: int) -> Lists:
        block = first if rows is chunks[0] else weights(rows) >> lost
        return heaviest_columns(block + head_starts, length)

    def lengthen(lists: Lists, short: Integers) -> Lists:
        length = _LENGTHENING * int((lists.stop - lists.start)[short].max())
        parts = [listed(short[k : k + block], length) for k in range(0, len(short), block)]
        return replaced(lists, short, joined(parts))

    lists = joined([listed(rows, _LIST_LENGTH) for rows in chunks])
    partner, gap = agreeing_matching(lists, n_columns, lengthen, colours)
    return partner, gap << lost


def _head_starts(sample: NDArray[np.int64], n_rows: int) -> Integers:
    """What to add to each column's weights so that the lists of different rows hold different columns, (n_columns,).

    Columns that weigh less in most rows would hardly be listed. What is added to a whole column adds the same to every
    complete matching of a square matrix, so the heaviest remains the heaviest.
    """
    dense = 2 * np.count_nonzero(sample) > sample.size
    if not dense or n_rows != sample.shape[1]:
        return np.zeros(sample.shape[1], np.int64)
    means = sample.sum(axis=0) // len(sample)
    head_starts: Integers = means.max() - means
    return head_starts
