"""Lists of each row's heaviest columns: taken from rows of a matrix, joined, and partly replaced; and what is left."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from topokit.kernels.assignment_state import COLUMN_BITS, NONE, Integers, Lists

_LAST_COLUMN = (1 << COLUMN_BITS) - 1


def heaviest_columns(weights: NDArray[np.int64], length: int) -> Lists:
    """For each row of a matrix, a list of its heaviest columns, the first ones of equally heavy ones.

    Parameters
    ----------
    weights : ndarray of int64, shape (n_rows, n_columns)
        From 0 to `MAX_WEIGHT`. Columns of weight 0 are not listed.
    length : int
        Length of each list at most.
    """
    n_rows, n_columns = weights.shape
    keys = (weights << COLUMN_BITS) | (_LAST_COLUMN - np.arange(n_columns))
    left_out = np.zeros(n_rows, np.int64)
    if n_columns > length:
        keys.partition(n_columns - length - 1, axis=1)
        left_out = keys[:, n_columns - length - 1] >> COLUMN_BITS
        keys = keys[:, n_columns - length :]
    keys = np.sort(keys, axis=1)[:, ::-1]
    start = keys.shape[1] * np.arange(n_rows)
    listed = keys.ravel()
    stop = start + np.count_nonzero(keys > _LAST_COLUMN, axis=1)
    return Lists(start, stop, _LAST_COLUMN - (listed & _LAST_COLUMN), listed >> COLUMN_BITS, left_out)


def joined(parts: Sequence[Lists]) -> Lists:
    """The lists of one sequence of rows after those of the other."""
    shifts = np.cumsum([0] + [len(part.columns) for part in parts[:-1]])
    return Lists(
        np.concatenate([part.start + shift for part, shift in zip(parts, shifts, strict=True)]),
        np.concatenate([part.stop + shift for part, shift in zip(parts, shifts, strict=True)]),
        *(np.concatenate([part[field] for part in parts]) for field in (2, 3, 4)),
    )


def replaced(lists: Lists, rows: Integers, longer: Lists) -> Lists:
    """The lists with those of `rows` replaced; the old entries stay behind, unused."""
    start, stop, left_out = lists.start.copy(), lists.stop.copy(), lists.left_out.copy()
    used = int(stop.max())
    start[rows], stop[rows], left_out[rows] = longer.start + used, longer.stop + used, longer.left_out
    columns = _written(lists.columns, used, longer.columns)
    return Lists(start, stop, columns, _written(lists.weights, used, longer.weights), left_out)


def _written(array: Integers, place: int, values: Integers) -> Integers:
    """The array with `values` from `place` on, in a larger one with room to spare where it does not fit."""
    if place + len(values) > len(array):
        array = np.concatenate([array[:place], np.empty(place + len(values), np.int64)])
    array[place : place + len(values)] = values
    return array


def completed(partner: Integers, preferred: Integers | None = None) -> Integers:
    """Match the rest of as many rows as columns: each row as preferred where that column is free, the others in order.

    Parameters
    ----------
    partner : ndarray of int64, shape (n,)
        Column of each row, -1 for none.
    preferred : ndarray of int64, shape (n,)
        A permutation: the column that each row is to have if it can; by default the one at its own position.
    """
    preferred = np.arange(len(partner)) if preferred is None else preferred
    partner, free = partner.copy(), np.ones(len(partner), np.bool_)
    free[partner[partner != NONE]] = False
    rows = np.flatnonzero((partner == NONE) & free[preferred])
    partner[rows], free[preferred[rows]] = preferred[rows], False
    partner[partner == NONE] = np.flatnonzero(free)
    return partner
