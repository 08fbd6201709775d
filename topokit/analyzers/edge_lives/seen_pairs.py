"""Marks on pairs of neurons, for what has happened to the edge between them so far."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.int64]

_MOST_BYTES = 2**30


class SeenPairs:
    """One byte of marks for each pair of neurons of a block.

    Up to 2^30 pairs have a place each; of more only those that were marked, which are kept in order.

    Parameters
    ----------
    n_pairs : int
        Pairs of neurons; their keys are below it.
    dense : bool, optional
        Whether each has a place.
    """

    def __init__(self, n_pairs: int, *, dense: bool | None = None) -> None:
        self._dense = n_pairs <= _MOST_BYTES if dense is None else dense
        self._keys = np.empty(0, np.int64)
        self._marks = np.zeros(n_pairs if self._dense else 0, np.uint8)

    def mark(self, keys: Keys, bit: int) -> int:
        """Set that bit for these ascending keys; how many had it not."""
        places = self._places(keys)
        fresh = int(np.count_nonzero(~self._marks[places] & bit))
        self._marks[places] |= bit
        return fresh

    def marked(self, keys: Keys, bit: int) -> NDArray[np.bool_]:
        """Which of these ascending keys have that bit."""
        places = self._places(keys)
        return (self._marks[places] & bit) > 0

    def _places(self, keys: Keys) -> Keys:
        if self._dense:
            return keys
        places = np.searchsorted(self._keys, keys)
        known = places < len(self._keys)
        known[known] = self._keys[places[known]] == keys[known]
        if known.all():
            return places
        self._marks = np.insert(self._marks, places[~known], 0)
        self._keys = np.insert(self._keys, places[~known], keys[~known])
        return np.searchsorted(self._keys, keys)
