"""Lists of each row's heaviest columns: taken from rows of a matrix, joined, and partly replaced."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import int64, njit
from numpy.typing import NDArray

from topokit.kernels.assignment_state import COLUMN_BITS, INTEGERS, LISTS, Integers, Lists

_LAST_COLUMN = (1 << COLUMN_BITS) - 1
_BUCKETS = 1024


@njit(nogil=True)
def _highest_first(keys: Integers, least: int, buckets: Integers) -> int:
    """Move the `least` highest keys, and some of those near to the last one, to the front; return how many."""
    lowest, width, range_bits = keys.min(), keys.max() - keys.min(), 0
    while width >> range_bits >= _BUCKETS:
        range_bits += 1
    buckets[:] = 0
    for key in keys:
        buckets[(key - lowest) >> range_bits] += 1
    bucket, count = _BUCKETS, 0
    while count < least:
        bucket -= 1
        count += buckets[bucket]
    count = 0
    for key in keys:
        keys[count] = key
        count += (key - lowest) >> range_bits >= bucket
    return count


@njit(LISTS(int64[:, ::1], INTEGERS), cache=True, nogil=True)
def heaviest_columns(weights: NDArray[np.int64], keep: Integers) -> Lists:
    """For each row of a matrix, a list of its heaviest columns, the first ones of equally heavy ones.

    Parameters
    ----------
    weights : ndarray of int64, shape (n_rows, n_columns)
        From 0 to `MAX_WEIGHT`. Columns of weight 0 are not listed.
    keep : ndarray of int64, shape (n_rows,)
        Length of each list at most, at least 1.
    """
    n_rows, n_columns = weights.shape
    bounds = np.zeros((3, n_rows), np.int64)
    start, stop, left_out = bounds[0], bounds[1], bounds[2]
    entries = np.empty(np.minimum(keep, n_columns).sum(), np.int64)
    keys, buckets = np.empty(n_columns, np.int64), np.empty(_BUCKETS, np.int64)
    position = 0
    for row in range(n_rows):
        count = 0
        for column in range(n_columns):
            keys[count] = (weights[row, column] << COLUMN_BITS) | (_LAST_COLUMN - column)
            count += weights[row, column] > 0
        kept = min(count, keep[row])
        if kept < count:
            count = _highest_first(keys[:count], kept + 1, buckets)
        keys[:count].sort()
        if kept < count:
            left_out[row] = keys[count - kept - 1] >> COLUMN_BITS
        start[row], stop[row] = position, position + kept
        for place in range(kept):
            entries[position + place] = keys[count - 1 - place]
        position += kept
    entries = entries[:position]
    return Lists(start, stop, _LAST_COLUMN - (entries & _LAST_COLUMN), entries >> COLUMN_BITS, left_out)


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
