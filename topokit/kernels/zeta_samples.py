"""Draw from the zeta distribution, and compare many drawn histograms with an observed distance."""

from __future__ import annotations

from math import inf

import numpy as np
from numba import njit
from numpy.typing import NDArray

from topokit.kernels.zeta import largest_term, power_sum
from topokit.kernels.zeta_tails import fixed_tail_fits, some_tail_fits

# Beyond this a float no longer tells neighbouring integers apart.
_LARGEST = 2.0**53


@njit("float64[::1](float64[::1], float64, float64, float64)", cache=True, nogil=True)
def survival(values: NDArray[np.float64], alpha: float, low: float, high: float) -> NDArray[np.float64]:
    """P(X >= k) for each k of `values`, none below `low`; X is at most `high`."""
    scale = largest_term(alpha, low, high)
    norm = power_sum(alpha, low, high, scale)
    answers = np.empty(len(values))
    for i in range(len(values)):
        answers[i] = power_sum(alpha, values[i], high, scale) / norm
    return answers


@njit("float64[::1](float64[::1], float64, float64, float64, float64)", cache=True, nogil=True)
def quantiles(
    survivals: NDArray[np.float64], alpha: float, low: float, high: float, start: float
) -> NDArray[np.float64]:
    """The largest k with P(X >= k) at least each of `survivals`, searched outwards from `start`."""
    scale = largest_term(alpha, low, high)
    norm = power_sum(alpha, low, high, scale)
    answers = np.empty(len(survivals))
    for i in range(len(survivals)):
        wanted = survivals[i] * norm
        inside, outside, step = start, min(high, _LARGEST) + 1, 1.0
        if high == inf:
            guess = start * (power_sum(alpha, start, high, scale) / wanted) ** (1 / (alpha - 1))
            inside = min(max(np.floor(guess), start), _LARGEST)
        while inside > start and power_sum(alpha, inside, high, scale) < wanted:
            outside = inside
            inside = max(start, inside - step)
            step *= 2
        while inside + step < outside and power_sum(alpha, inside + step, high, scale) >= wanted:
            inside += step
            step *= 2
        outside = min(outside, inside + step)
        while outside - inside > 1:
            middle = np.floor((inside + outside) / 2)
            if power_sum(alpha, middle, high, scale) >= wanted:
                inside = middle
            else:
                outside = middle
        answers[i] = inside
    return answers


@njit(
    "int64[::1](float64[::1], int64[:, ::1], float64[::1], int64[::1], float64, float64, int64, float64)",
    cache=True,
    nogil=True,
)
def replicates_that_fit(
    categories: NDArray[np.float64],
    draws: NDArray[np.int64],
    far: NDArray[np.float64],
    far_starts: NDArray[np.int64],
    low: float,
    high: float,
    min_tail: int,
    limit: float,
) -> NDArray[np.int64]:
    """Whether each drawn histogram, fitted anew, has a distance below `limit`: 1 yes, 0 no, -1 cannot be fitted.

    Parameters
    ----------
    categories : ndarray of float64, shape (C,)
        Ascending values; those below 1 are not fitted.
    draws : ndarray of int64, shape (B, C)
        How often each replicate drew each category.
    far : ndarray of float64
        Values above the last category, replicate after replicate, ascending in each.
    far_starts : ndarray of int64, shape (B + 1,)
        Where each replicate's begin.
    low, high : float
        The tail's start, and the bound of the support.
    min_tail : int
        Least size of a tail when its start is searched anew; 0 keeps it at `low`.
    limit : float
        The observed distance.
    """
    answers = np.empty(len(draws), np.int64)
    for b in range(len(draws)):
        most = len(categories) + far_starts[b + 1] - far_starts[b]
        values, counts = np.empty(most), np.zeros(most)
        size = 0
        for c in range(len(categories)):
            if draws[b, c] > 0 and categories[c] >= 1:
                values[size] = categories[c]
                counts[size] = draws[b, c]
                size += 1
        for place in range(far_starts[b], far_starts[b + 1]):
            if size == 0 or values[size - 1] != far[place]:
                values[size] = far[place]
                size += 1
            counts[size - 1] += 1
        if min_tail > 0:
            answers[b] = some_tail_fits(values[:size], counts[:size], high, min_tail, low, limit)
        else:
            answers[b] = fixed_tail_fits(values[:size], counts[:size], low, high, limit)
    return answers
