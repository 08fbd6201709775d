"""The smallest and largest of many numbers, the same on every machine."""

from __future__ import annotations

from math import inf, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.int64]

_SAMPLED = 2**14


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


def among_largest(values: NDArray[Any], count: int) -> NDArray[np.bool_]:
    """Whether each value is among the `count` largest, (n,); of equal values the first ones are.

    Where the smallest of them lies is guessed from a sample, so that few values need to be put in order. A wrong guess
    costs time alone.
    """
    low, high = _guess(values, count)
    chosen = values > high
    unsure = np.flatnonzero((values >= low) & ~chosen)
    missing = count - int(np.count_nonzero(chosen))
    if not 0 <= missing <= len(unsure):
        chosen[:], unsure, missing = False, np.arange(len(values)), count
    chosen[unsure[largest(values[unsure], missing)]] = True
    return chosen


def _guess(values: NDArray[Any], count: int) -> tuple[float, float]:
    """Two bounds between which the value number `count` from above lies, almost surely, and few others.

    They are order statistics of a sample, four of its standard deviations from the rank that is sought.
    """
    sample = values[:: len(values) // _SAMPLED | 1]
    n, share = len(sample), count / max(len(values), 1)
    away = 4 * sqrt(n * share * (1 - share)) + 1
    below, above = int(n * (1 - share) - away), int(n * (1 - share) + away)
    known = [rank for rank in (below, above) if 0 <= rank < n]
    ordered = np.partition(sample, known) if known else sample
    return (ordered[below] if below >= 0 else -inf), (ordered[above] if above < n else inf)
