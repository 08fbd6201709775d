"""Fit the zeta distribution to the tail of a histogram: exponent, Kolmogorov-Smirnov distance, start of the tail.

A histogram is two float arrays: distinct positive values, ascending, and their counts. The model is
P(k) proportional to k ** -alpha on the integers from `low` to `high`, `high` being infinite unless the values are
bounded. Clauset, Shalizi and Newman (2009), section 3.
"""

from __future__ import annotations

from math import exp, inf, log

import numpy as np
from numba import njit
from numpy.typing import NDArray

from topokit.kernels.zeta import largest_term, log_moments, power_sum

# A bounded sample can rise with k; nothing steeper than this is told from "all at the bound".
_LOWEST_BOUNDED = -100.0
_PRECISION = 1e-10
# Of huge neighbouring values the logarithms differ by less than rounding; a spread of 0 has no exponent.
_SMALLEST_SPREAD = 1e-15


@njit("float64(float64, float64, float64, float64)", cache=True, nogil=True)
def fit_exponent(mean_log: float, low: float, high: float, guess: float) -> float:
    """The alpha whose mean of log k is `mean_log`: the maximum of the likelihood.

    Newton's method on the logarithm of the mean of log(k / low), kept inside a shrinking bracket. `mean_log` must
    exceed log(low).
    """
    below, above = (1.0 if high == inf else _LOWEST_BOUNDED), inf
    wanted = max(mean_log - log(low), _SMALLEST_SPREAD)
    alpha = guess
    for _ in range(200):
        scale = largest_term(alpha, low, high)
        z0, z1, z2 = log_moments(alpha, low, high, scale)
        shifted = z1 / z0
        mean = shifted + log(scale / low)
        variance = z2 / z0 - shifted * shifted
        if mean > wanted:
            below = alpha
        else:
            above = alpha
        step = alpha + log(mean / wanted) * mean / variance if mean > 0 and variance > 0 else inf
        if not below < step < above:
            step = 2 * abs(alpha) + 1 if above == inf else (below + above) / 2
        if abs(step - alpha) <= _PRECISION * max(1.0, abs(alpha)):
            return step
        alpha = step
    return alpha


@njit("float64(float64, float64, float64)", cache=True, nogil=True)
def log_variance(alpha: float, low: float, high: float) -> float:
    """Variance of log k under the model."""
    z0, z1, z2 = log_moments(alpha, low, high, largest_term(alpha, low, high))
    return z2 / z0 - (z1 / z0) ** 2


@njit("float64(float64, float64, float64)", cache=True, nogil=True)
def log_norm(alpha: float, low: float, high: float) -> float:
    """Logarithm of the sum of k ** -alpha from `low` to `high`."""
    scale = largest_term(alpha, low, high)
    return log(power_sum(alpha, low, high, scale)) - alpha * log(scale)


@njit("float64(float64[::1], float64[::1], float64, float64, float64, float64)", cache=True, nogil=True)
def distance(
    values: NDArray[np.float64], counts: NDArray[np.float64], alpha: float, low: float, high: float, limit: float
) -> float:
    """Largest |P_data(X <= k) - P_model(X <= k)| over all integers k >= low; stops once it exceeds `limit`.

    Between two occupied values the data stand still and the model rises, so both ends of each gap suffice.
    """
    scale = largest_term(alpha, low, high)
    norm = power_sum(alpha, low, high, scale)
    total = 0.0
    for count in counts:
        total += count
    worst = seen = 0.0
    free = low - 1
    left = 1.0
    for i in range(len(values)):
        if values[i] > free + 1:
            left = power_sum(alpha, values[i], high, scale) / norm
            worst = max(worst, abs(seen / total - (1 - left)))
        seen += counts[i]
        left -= exp(-alpha * log(values[i] / scale)) / norm
        worst = max(worst, abs(seen / total - (1 - left)))
        if worst > limit:
            break
        free = values[i]
    return float(worst)


@njit("UniTuple(float64[::1], 2)(float64[::1], float64[::1])", cache=True, nogil=True)
def tail_sums(
    values: NDArray[np.float64], counts: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Size, and mean of log k, of the tail that starts at each value."""
    sizes, means = np.empty(len(values)), np.empty(len(values))
    size = total = 0.0
    for i in range(len(values) - 1, -1, -1):
        size += counts[i]
        total += counts[i] * log(values[i])
        sizes[i] = size
        means[i] = total / size
    return sizes, means


@njit("float64(float64, float64)", cache=True, nogil=True)
def first_guess(mean_log: float, low: float) -> float:
    """The exponent of the continuous model that starts half an integer earlier."""
    return 1 + 1 / max(mean_log - log(low - 0.5), _SMALLEST_SPREAD)


@njit("Tuple((int64, float64, float64))(float64[::1], float64[::1], float64, int64)", cache=True, nogil=True)
def best_tail(
    values: NDArray[np.float64], counts: NDArray[np.float64], high: float, min_tail: int
) -> tuple[int, float, float]:
    """The tail with the smallest distance among those of `min_tail` observations and two distinct values.

    Returns
    -------
    position, alpha, distance
        Position of its first value, the smallest of equals; -1 when no tail qualifies.
    """
    sizes, means = tail_sums(values, counts)
    best, best_alpha, best_distance = -1, np.nan, inf
    for first in range(len(values) - 1):
        if sizes[first] < min_tail:
            break
        low = values[first]
        alpha = fit_exponent(means[first], low, high, first_guess(means[first], low))
        reached = distance(values[first:], counts[first:], alpha, low, high, best_distance)
        if reached < best_distance:
            best, best_alpha, best_distance = first, alpha, reached
    return best, best_alpha, best_distance


@njit("int64(float64[::1], float64[::1], float64, int64, float64, float64)", cache=True, nogil=True)
def some_tail_fits(
    values: NDArray[np.float64], counts: NDArray[np.float64], high: float, min_tail: int, near: float, limit: float
) -> int:
    """Whether `best_tail` would reach a distance below `limit`: 1 yes, 0 no, -1 no tail qualifies.

    The tails from `near` on are tried first, for one of them is most often the answer.
    """
    sizes, means = tail_sums(values, counts)
    answer = -1
    candidates = len(values) - 1
    start = 0
    while start < candidates and values[start] < near:
        start += 1
    for step in range(candidates):
        first = (start + step) % candidates
        if sizes[first] < min_tail:
            continue
        answer = 0
        low = values[first]
        alpha = fit_exponent(means[first], low, high, first_guess(means[first], low))
        if distance(values[first:], counts[first:], alpha, low, high, limit) < limit:
            return 1
    return answer


@njit("int64(float64[::1], float64[::1], float64, float64, float64)", cache=True, nogil=True)
def fixed_tail_fits(
    values: NDArray[np.float64], counts: NDArray[np.float64], low: float, high: float, limit: float
) -> int:
    """Whether the tail from `low` on, which is all of the histogram, has a distance below `limit`; as above."""
    if len(values) < 2:
        return -1
    _, means = tail_sums(values, counts)
    alpha = fit_exponent(means[0], low, high, first_guess(means[0], low))
    return 1 if distance(values, counts, alpha, low, high, limit) < limit else 0
