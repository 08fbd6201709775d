"""The few scores of many that can be among the largest."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

_BINS = 2**15
_BELOW_BIN = 16


@njit("Tuple((int64[::1], float32[::1]))(float32[::1], int64[::1], int64, float32)", cache=True, nogil=True)
def candidates(
    scores: NDArray[np.float32], taken: NDArray[np.int64], count: int, floor: np.float32
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Positions, ascending, and magnitudes of scores that hold the `count` largest above `floor`, and few more.

    A histogram over the leading bits of the magnitudes, whose order as integers is that of the numbers, gives a bound
    below the last of them; so two passes do what sorting takes many for.

    Parameters
    ----------
    scores : ndarray of float32, shape (n,)
        Used up.
    taken : ndarray of int64
        Positions to leave out.
    count : int
        How many are wanted; fewer come where there are no more.
    floor : float
        Only larger magnitudes count.
    """
    for position in taken:
        scores[position] = np.nan
    bits = scores.view(np.int32)
    counts = np.zeros(_BINS, np.int64)
    for k in range(len(scores)):
        magnitude = abs(scores[k])
        scores[k] = magnitude
        if magnitude > floor:
            counts[bits[k] >> _BELOW_BIN] += 1
    found, lowest = 0, _BINS
    while lowest > 0 and found < count:
        lowest -= 1
        found += counts[lowest]
    places, values = np.empty(found, np.int64), np.empty(found, np.float32)
    at = 0
    for k in range(len(scores)):
        if scores[k] > floor and bits[k] >> _BELOW_BIN >= lowest:
            places[at], values[at] = k, scores[k]
            at += 1
    return places, values
