"""The smallest and largest of many numbers, the same on every machine."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.int64]


def smallest(values: NDArray[Any], count: int) -> Positions:
    """Positions of the `count` smallest values, ascending; of equal values the first ones are taken.

    The answer is that of a stable sort, in linear time.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Finite numbers.
    count : int
        From 0 to n.

    Returns
    -------
    ndarray of int64, shape (count,)
    """
    if count == 0:
        return np.empty(0, np.int64)
    threshold = np.partition(values, count - 1)[count - 1]
    below = np.flatnonzero(values < threshold)
    equal = np.flatnonzero(values == threshold)[: count - len(below)]
    return np.sort(np.concatenate([below, equal])).astype(np.int64, copy=False)


def largest(values: NDArray[Any], count: int) -> Positions:
    """Positions of the `count` largest values, ascending; of equal values the first ones are taken."""
    return smallest(-values, count)
