"""How the rate of an event depends on a covariate, with a level of its own for each update.

Cells of an update hold misses and hits at one value x; a trial of weight w is hit with probability
1 - exp(-w exp(level + slope x)), the law of draws without replacement whose rates are in proportion to
w exp(slope x). Of a cell's misses the weights are added up, which is exact; its hits share their mean weight.
The log-likelihood is concave in the slope and all levels.
"""

from __future__ import annotations

from math import exp, expm1

import numpy as np
from numba import float64, int64, njit, types
from numba.core.types import Tuple
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

_INTS = types.Array(int64, 1, "C", readonly=True)
_FLOATS = types.Array(float64, 1, "C", readonly=True)

_STEPS = 60
_LARGEST_STEP, _LARGEST_CHANGE = 1.0, 8.0
_PRECISE = 1e-10


@njit(Tuple((float64, float64))(float64, float64, float64, float64), nogil=True)
def _response(eta: float, misses: float, hits: float, weight: float) -> tuple[float, float]:
    """First and minus second derivative of a cell's log-likelihood in level + slope x."""
    rate = exp(min(eta, 300.0))
    missed = misses * rate
    if hits == 0.0:
        return -missed, missed
    rate *= weight
    if rate < 1e-8:
        return hits * (1.0 - 0.5 * rate) - missed, missed + 0.5 * hits * rate
    if rate > 500.0:
        return -missed, missed
    grown = expm1(rate)
    curve = rate * (grown - rate * (grown + 1.0)) / (grown * grown)
    return hits * rate / grown - missed, missed - hits * curve


@njit(
    Tuple((float64, float64, float64[::1]))(_INTS, _FLOATS, _FLOATS, _FLOATS, _FLOATS, float64, float64[::1]),
    cache=True,
    nogil=True,
)
def fit_slope(
    start: Integers, misses: Floats, hits: Floats, weight: Floats, x: Floats, slope: float, levels: Floats
) -> tuple[float, float, Floats]:
    """The slope of largest likelihood and its information, the levels profiled out, and the levels.

    The cells of update u are ``start[u]:start[u + 1]``; each update has hits and misses. `misses` are added weights
    and `weight` is the mean weight of the hits; the search begins at `slope` and `levels`. Both numbers are NaN where
    no finite slope is best.
    """
    levels = levels.copy()
    n_updates = len(start) - 1
    score_level, info_level, info_cross = np.empty(n_updates), np.empty(n_updates), np.empty(n_updates)
    for _ in range(_STEPS):
        score, info = 0.0, 0.0
        for u in range(n_updates):
            s0, s1, w0, w1, w2 = 0.0, 0.0, 0.0, 0.0, 0.0
            for cell in range(start[u], start[u + 1]):
                first, second = _response(levels[u] + slope * x[cell], misses[cell], hits[cell], weight[cell])
                s0 += first
                s1 += first * x[cell]
                w0 += second
                w1 += second * x[cell]
                w2 += second * x[cell] * x[cell]
            if not w0 > 0.0:
                return np.nan, np.nan, levels
            score += s1 - w1 * s0 / w0
            info += w2 - w1 * w1 / w0
            score_level[u], info_level[u], info_cross[u] = s0, w0, w1
        if not info > 1e-12:
            return np.nan, np.nan, levels
        step = max(-_LARGEST_STEP, min(_LARGEST_STEP, score / info))
        slope += step
        moved = abs(step)
        for u in range(n_updates):
            change = (score_level[u] - info_cross[u] * step) / info_level[u]
            change = max(-_LARGEST_CHANGE, min(_LARGEST_CHANGE, change))
            levels[u] += change
            moved = max(moved, abs(change))
        if abs(slope) > 40.0:
            return np.nan, np.nan, levels
        if moved < _PRECISE:
            return slope, info, levels
    return np.nan, np.nan, levels


@njit(
    Tuple((float64[::1], float64[::1], float64[::1]))(_INTS, _FLOATS, _FLOATS, _FLOATS, _FLOATS, float64, _FLOATS),
    cache=True,
    nogil=True,
)
def profile_scores(
    start: Integers, misses: Floats, hits: Floats, weight: Floats, x: Floats, slope: float, levels: Floats
) -> tuple[Floats, Floats, Floats]:
    """Each update's derivative of the log-likelihood at that slope with its level at its best, the mean of x under
    the information of its cells, and that level, (U,) each."""
    n_updates = len(start) - 1
    scores, centres, best = np.empty(n_updates), np.empty(n_updates), np.empty(n_updates)
    for u in range(n_updates):
        level = levels[u]
        for _ in range(_STEPS):
            s0, w0 = 0.0, 0.0
            for cell in range(start[u], start[u + 1]):
                first, second = _response(level + slope * x[cell], misses[cell], hits[cell], weight[cell])
                s0 += first
                w0 += second
            if not w0 > 0.0:
                break
            change = max(-_LARGEST_CHANGE, min(_LARGEST_CHANGE, s0 / w0))
            level += change
            if abs(change) < _PRECISE:
                break
        score, w0, w1 = 0.0, 0.0, 0.0
        for cell in range(start[u], start[u + 1]):
            first, second = _response(level + slope * x[cell], misses[cell], hits[cell], weight[cell])
            score += first * x[cell]
            w0 += second
            w1 += second * x[cell]
        scores[u], centres[u], best[u] = score, w1 / w0, level
    return scores, centres, best
