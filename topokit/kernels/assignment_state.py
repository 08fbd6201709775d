"""What the assignment kernels read and write: lists of candidates, and pairs with prices."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import int64, types
from numpy.typing import NDArray

# A column and a weight share one integer of 63 bits, in the lists' making and in the search's heap.
COLUMN_BITS = 21
MAX_WEIGHT = 1 << 41
NONE = -1

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


INTEGERS = int64[::1]
LISTS = types.NamedUniTuple(INTEGERS, 5, Lists)
MATCHING = types.NamedUniTuple(INTEGERS, 4, Matching)
