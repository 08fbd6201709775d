"""Fit the zeta distribution to the tail of a histogram: exponent, Kolmogorov-Smirnov distance, start of the tail.

A histogram is two float arrays: distinct positive values, ascending, and their counts. The model is
P(k) proportional to k ** -alpha on the integers from `low` to `high`, `high` being infinite unless the values are
bounded. Clauset, Shalizi and Newman (2009), section 3.

Two rules say where data and model are compared (`EXACT`, `PLFIT`), and `grid` restricts exponents to the multiples
that Clauset's own program tries, 1.5 to 3.5; 0 lets them be any real number.
"""

from __future__ import annotations

from math import exp, floor, inf, log

import numpy as np
from numba import njit
from numpy.typing import NDArray

from topokit.kernels.zeta import largest_term, log_moments, power_sum

# Over every integer; or, as igraph's plfit does, just below each occupied value.
EXACT, PLFIT = 0, 1

# A bounded sample can rise with k; nothing steeper than this is told from "all at the bound".
_LOWEST_BOUNDED = -100.0
# Newton's steps shrink quadratically: one as small as this leaves an error of rounding.
_LAST_STEP = 1e-6
# Of huge neighbouring values the logarithms differ by less than rounding; a spread of 0 has no exponent.
_SMALLEST_SPREAD = 1e-15
_GRID_START, _GRID_STOP = 1.5, 3.5
# Two ways to sum up the same probability differ by less.
_ROUNDING = 1e-12


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
        newton = mean > 0 and variance > 0
        step = alpha + log(mean / wanted) * mean / variance if newton else inf
        if not below < step < above:
            newton = False
            step = 2 * abs(alpha) + 1 if above == inf else (below + above) / 2
        if abs(step - alpha) <= (_LAST_STEP if newton else _ROUNDING) * max(1.0, abs(alpha)):
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


@njit("float64(float64, float64, float64, float64)", cache=True, nogil=True)
def tail_exponent(mean_log: float, low: float, high: float, grid: float) -> float:
    """`fit_exponent` from a guess of its own; with a `grid`, the most likely of its points."""
    # The exponent of the continuous model that starts half an integer earlier.
    guess = 1 + 1 / max(mean_log - log(low - 0.5), _SMALLEST_SPREAD)
    alpha = fit_exponent(mean_log, low, high, guess)
    if grid == 0:
        return alpha
    # The likelihood has one peak, so one of the two neighbours on the grid is the best point.
    last = floor((_GRID_STOP - _GRID_START) / grid + 0.5)
    before = min(max(floor((alpha - _GRID_START) / grid), 0.0), last)
    lower = _GRID_START + grid * before
    upper = _GRID_START + grid * min(before + 1, last)
    rise = (upper - lower) * mean_log + log_norm(upper, low, high) - log_norm(lower, low, high)
    return lower if rise >= 0 else upper


@njit("UniTuple(float64[::1], 3)(float64[::1], float64[::1])", cache=True, nogil=True)
def tail_sums(
    values: NDArray[np.float64], counts: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Logarithm of each value, and size and mean of log k of the tail that starts there."""
    logs, sizes, means = np.log(values), np.empty(len(values)), np.empty(len(values))
    size = total = 0.0
    for i in range(len(values) - 1, -1, -1):
        size += counts[i]
        total += counts[i] * logs[i]
        sizes[i] = size
        means[i] = total / size
    return logs, sizes, means


@njit(nogil=True)
def _gap(
    values: NDArray[np.float64],
    sizes: NDArray[np.float64],
    first: int,
    place: int,
    model: tuple[float, float, float, float],
    rule: int,
) -> float:
    """How far data and model are apart at the value in `place`; `model` is alpha, high, scale, norm."""
    alpha, high, scale, norm = model
    total = sizes[first]
    left = power_sum(alpha, values[place], high, scale) / norm
    below = abs(sizes[place] / total - left)
    if rule == PLFIT:
        return float(below)
    left -= exp(-alpha * log(values[place] / scale)) / norm
    after = sizes[place + 1] if place + 1 < len(sizes) else 0.0
    return float(max(below, abs(after / total - left)))


@njit(nogil=True)
def _distance_from(
    values: NDArray[np.float64],
    logs: NDArray[np.float64],
    sizes: NDArray[np.float64],
    first: int,
    low: float,
    model: tuple[float, float, float, float],
    limit: float,
    rule: int,
) -> tuple[float, int]:
    """The distance of the tail from position `first` on, and where it is reached; gives up well above `limit`.

    Between two occupied values the data stand still and the model falls, so both ends of each gap suffice.
    """
    alpha, high, scale, norm = model
    total, log_scale = sizes[first], log(scale)
    worst, where = 0.0, first
    free = low - 1
    left = 1.0
    for i in range(first, len(values)):
        if values[i] > free + 1:
            left = power_sum(alpha, values[i], high, scale) / norm
            reached = abs(sizes[i] / total - left)
            if reached > worst:
                worst, where = reached, i
        elif rule == PLFIT:
            reached = abs(sizes[i] / total - left)
            if reached > worst:
                worst, where = reached, i
        left -= exp(-alpha * (logs[i] - log_scale)) / norm
        if rule == EXACT:
            after = sizes[i + 1] if i + 1 < len(values) else 0.0
            reached = abs(after / total - left)
            if reached > worst:
                worst, where = reached, i
        if worst > 1.5 * limit:
            break
        free = values[i]
    return worst, where


@njit(nogil=True)
def _model(alpha: float, low: float, high: float) -> tuple[float, float, float, float]:
    scale = largest_term(alpha, low, high)
    return alpha, high, scale, power_sum(alpha, low, high, scale)


@njit("float64(float64[::1], float64[::1], float64, float64, float64, int64)", cache=True, nogil=True)
def distance(
    values: NDArray[np.float64], counts: NDArray[np.float64], alpha: float, low: float, high: float, rule: int
) -> float:
    """Largest |P_data(X <= k) - P_model(X <= k)| over all integers k >= low, or as the `rule` has it."""
    logs, sizes, _ = tail_sums(values, counts)
    return _distance_from(values, logs, sizes, 0, low, _model(alpha, low, high), inf, rule)[0]


@njit(nogil=True)
def starts(counts: NDArray[np.float64], rule: int) -> int:
    """How many of the values may start a tail: two distinct ones must be left.

    Under plfit's rule three, or two where the third largest value occurs more than once: that is what it does.
    """
    if rule == EXACT:
        return len(counts) - 1
    return len(counts) - (1 if len(counts) > 2 and counts[-3] > 1 else 2)


@njit(
    "Tuple((int64, float64, float64))(float64[::1], float64[::1], float64, int64, int64, float64)",
    cache=True,
    nogil=True,
)
def best_tail(
    values: NDArray[np.float64], counts: NDArray[np.float64], high: float, min_tail: int, rule: int, grid: float
) -> tuple[int, float, float]:
    """The tail with the smallest distance among those of `min_tail` observations.

    Returns
    -------
    position, alpha, distance
        Position of its first value, the smallest of equals; -1 when no tail qualifies.
    """
    logs, sizes, means = tail_sums(values, counts)
    best, best_alpha, best_distance = -1, np.nan, inf
    hint = -1
    for first in range(starts(counts, rule)):
        if sizes[first] < min_tail:
            break
        low = values[first]
        alpha = tail_exponent(means[first], low, high, grid)
        model = _model(alpha, low, high)
        # Neighbouring tails are the furthest off at the same place, so most are settled by one look.
        if hint > first and _gap(values, sizes, first, hint, model, rule) > best_distance + _ROUNDING:
            continue
        reached, hint = _distance_from(values, logs, sizes, first, low, model, best_distance, rule)
        if reached < best_distance:
            best, best_alpha, best_distance = first, alpha, reached
    return best, best_alpha, best_distance


@njit("int64(float64[::1], float64[::1], float64, int64, float64, float64, int64, float64)", cache=True, nogil=True)
def some_tail_fits(
    values: NDArray[np.float64],
    counts: NDArray[np.float64],
    high: float,
    min_tail: int,
    near: float,
    limit: float,
    rule: int,
    grid: float,
) -> int:
    """Whether `best_tail` would reach a distance below `limit`: 1 yes, 0 no, -1 no tail qualifies.

    The tails from `near` on are tried first, for one of them is most often the answer.
    """
    logs, sizes, means = tail_sums(values, counts)
    answer = -1
    candidates = starts(counts, rule)
    start = 0
    while start < candidates and values[start] < near:
        start += 1
    hint = -1
    for step in range(candidates):
        first = (start + step) % candidates
        if sizes[first] < min_tail:
            continue
        answer = 0
        low = values[first]
        alpha = tail_exponent(means[first], low, high, grid)
        model = _model(alpha, low, high)
        if hint > first and _gap(values, sizes, first, hint, model, rule) > limit + _ROUNDING:
            continue
        reached, hint = _distance_from(values, logs, sizes, first, low, model, limit, rule)
        if reached < limit:
            return 1
    return answer


@njit("int64(float64[::1], float64[::1], float64, float64, float64, int64, float64)", cache=True, nogil=True)
def fixed_tail_fits(
    values: NDArray[np.float64],
    counts: NDArray[np.float64],
    low: float,
    high: float,
    limit: float,
    rule: int,
    grid: float,
) -> int:
    """Whether the tail from `low` on, which is all of the histogram, has a distance below `limit`; as above."""
    if len(values) < 2:
        return -1
    logs, sizes, means = tail_sums(values, counts)
    model = _model(tail_exponent(means[0], low, high, grid), low, high)
    return 1 if _distance_from(values, logs, sizes, 0, low, model, limit, rule)[0] < limit else 0
