"""Where the edges of one moment stood among those of the moment before."""

from __future__ import annotations

import numpy as np
from numba import int64, njit, types
from numpy.typing import NDArray

Keys = NDArray[np.int64]

_KEYS = types.Array(int64, 1, "C", readonly=True)


@njit(int64[::1](_KEYS, _KEYS), cache=True, nogil=True)
def places_before(before: Keys, after: Keys) -> Keys:
    """For each of the ascending keys `after`, its place among the ascending keys `before`, or -1, (len(after),)."""
    places = np.full(len(after), -1)
    place = 0
    for k in range(len(after)):
        while place < len(before) and before[place] < after[k]:
            place += 1
        if place < len(before) and before[place] == after[k]:
            places[k] = place
    return places
