"""Draw from the zeta distribution, and fit many drawn histograms anew."""

from __future__ import annotations

from math import inf

import numpy as np
from numba import njit
from numpy.typing import NDArray

from topokit.kernels.binomial import draw_counts, random_share
from topokit.kernels.zeta import largest_term, power_sum
from topokit.kernels.zeta_tails import best_tail, distance, fixed_tail_fits, some_tail_fits, tail_exponent, tail_sums

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


@njit(nogil=True)
def _quantile(wanted: float, alpha: float, high: float, scale: float, start: float, at_start: float) -> float:
    """The largest k from `start` on whose sum of powers from k to `high` is at least `wanted`."""
    inside, outside, step = start, min(high, _LARGEST) + 1, 1.0
    if high == inf:
        guess = start * (at_start / wanted) ** (1 / (alpha - 1))
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
    return inside


@njit("float64[::1](float64[::1], float64, float64, float64, float64)", cache=True, nogil=True)
def quantiles(
    survivals: NDArray[np.float64], alpha: float, low: float, high: float, start: float
) -> NDArray[np.float64]:
    """The largest k with P(X >= k) at least each of `survivals`, searched outwards from `start`."""
    scale = largest_term(alpha, low, high)
    norm = power_sum(alpha, low, high, scale)
    at_start = power_sum(alpha, start, high, scale)
    answers = np.empty(len(survivals))
    for i in range(len(survivals)):
        answers[i] = _quantile(survivals[i] * norm, alpha, high, scale, start, at_start)
    return answers


@njit(nogil=True)
def drawn_histogram(
    categories: NDArray[np.float64], shares: NDArray[np.float64], n: int, seed: np.uint64, alpha: float, high: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The histogram that `replicates_that_fit` draws for a seed: values from 1 on, ascending, and their counts."""
    state = np.empty(1, np.uint64)
    state[0] = seed
    drawn = np.empty(len(shares), np.int64)
    draw_counts(n, shares, state, drawn)
    most = len(categories) + drawn[-1]
    values, counts = np.empty(most), np.zeros(most)
    size = 0
    for c in range(len(categories)):
        if drawn[c] > 0 and categories[c] >= 1:
            values[size] = categories[c]
            counts[size] = drawn[c]
            size += 1
    if drawn[-1] > 0:
        start = categories[-1] + 1
        scale = largest_term(alpha, start, high)
        at_start = power_sum(alpha, start, high, scale)
        far = np.empty(drawn[-1])
        for i in range(len(far)):
            wanted = (1 - random_share(state)) * at_start
            far[i] = _quantile(wanted, alpha, high, scale, start, at_start)
        for value in np.sort(far):
            if size == 0 or values[size - 1] != value:
                values[size] = value
                size += 1
            counts[size - 1] += 1
    return values[:size], counts[:size]


@njit(
    "int64[::1](float64[::1], float64[::1], int64, uint64[::1], UniTuple(float64, 3), int64, float64, int64, float64)",
    cache=True,
    nogil=True,
)
def replicates_that_fit(
    categories: NDArray[np.float64],
    shares: NDArray[np.float64],
    n: int,
    seeds: NDArray[np.uint64],
    model: tuple[float, float, float],
    min_tail: int,
    limit: float,
    rule: int,
    grid: float,
) -> NDArray[np.int64]:
    """Whether each drawn histogram, fitted anew, has a distance below `limit`: 1 yes, 0 no, -1 cannot be fitted.

    Parameters
    ----------
    categories : ndarray of float64, shape (C,)
        Ascending values; those below 1 are not fitted.
    shares : ndarray of float64, shape (C + 1,)
        Probability of each category, and at the end of any larger value, among those not before it.
    n : int
        Draws per replicate.
    seeds : ndarray of uint64, shape (B,)
        One per replicate, so that no replicate depends on which others there are.
    model : tuple of float
        Exponent, start of the tail, bound of the support.
    min_tail : int
        Least size of a tail when its start is searched anew; 0 keeps it.
    limit : float
        The observed distance.
    rule, grid
        As in `topokit.kernels.zeta_tails`.
    """
    alpha, low, high = model
    answers = np.empty(len(seeds), np.int64)
    for b in range(len(seeds)):
        values, counts = drawn_histogram(categories, shares, n, seeds[b], alpha, high)
        if min_tail > 0:
            answers[b] = some_tail_fits(values, counts, high, min_tail, low, limit, rule, grid)
        else:
            answers[b] = fixed_tail_fits(values, counts, low, high, limit, rule, grid)
    return answers


@njit(
    "float64[:, ::1](float64[::1], float64[::1], int64, uint64[::1], float64, float64, int64, int64)",
    cache=True,
    nogil=True,
)
def resampled_tails(
    values: NDArray[np.float64],
    shares: NDArray[np.float64],
    n: int,
    seeds: NDArray[np.uint64],
    low: float,
    high: float,
    min_tail: int,
    rule: int,
) -> NDArray[np.float64]:
    """Start, exponent, size and distance of the tail of each resampled histogram, (B, 4); NaN without a tail.

    Parameters are those of `replicates_that_fit`; the data are drawn anew from themselves.
    """
    answers = np.full((len(seeds), 4), np.nan)
    state = np.empty(1, np.uint64)
    drawn = np.empty(len(shares), np.int64)
    for b in range(len(seeds)):
        state[0] = seeds[b]
        draw_counts(n, shares, state, drawn)
        kept = np.flatnonzero(drawn)
        while len(kept) and values[kept[0]] < max(low, 1.0):
            kept = kept[1:]
        found, counts = values[kept], drawn[kept].astype(np.float64)
        if len(found) < 2:
            continue
        if min_tail > 0:
            first, alpha, reached = best_tail(found, counts, high, min_tail, rule, 0.0)
            start = found[first]
        else:
            first, start = 0, low
            alpha = tail_exponent(tail_sums(found, counts)[2][0], low, high, 0.0)
            reached = distance(found, counts, alpha, low, high, rule)
        if first >= 0:
            answers[b] = np.array([start, alpha, counts[first:].sum(), reached])
    return answers
