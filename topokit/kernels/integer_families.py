"""Exponential families on the integers of a range: log P(k) = log w(k) + theta (k - centre) - log sum.

The weights w are those of four `kind`s, each with a `shape` and a number of `trials` where it has them:

- POWER: k ** -shape, with theta < 0 the power law with an exponential cutoff
- POISSON: 1 / k!
- BINOMIAL: `trials` over k
- NEGATIVE_BINOMIAL: Gamma(k + shape) / k!

All logarithms of weights are relative to that of `centre`. Sums start at the largest term and go outwards until
nothing is left. Where terms change little from one integer to the next they are integrated by Gauss-Legendre
panels between half-integers, with the midpoint rule's end corrections (Gauss's central differences).
"""

from __future__ import annotations

from math import exp, expm1, floor, inf, log, log1p, sqrt

import numpy as np
from numba import njit
from numpy.typing import NDArray

from topokit.kernels.gamma_functions import digamma, log_gamma_difference

POWER, POISSON, BINOMIAL, NEGATIVE_BINOMIAL = 0, 1, 2, 3

# Nodes and weights of Gauss-Legendre on (-1, 1), the positive half.
_NODES = (0.1834346424956498, 0.525532409916329, 0.7966664774136267, 0.9602898564975363)
_WEIGHTS = (0.362683783378362, 0.31370664587788727, 0.22238103445337448, 0.10122853629037626)

_SHORTEST_PANEL = 24.0
_PANEL = 1.5
_NEGLIGIBLE = 1e-16
_FARTHEST = 1e290
_MOST_PANELS = 20_000
_FIRST, _THIRD = 1 / 24, 17 / 5760
_PRECISION = 1e-13

# theta, shape, trials, centre, largest term's place, its log weight, whether to add up slopes by the shape
Model = tuple[float, float, float, float, float, float, bool]
Sums = NDArray[np.float64]


@njit(nogil=True)
def _log_weight(kind: int, x: float, shape: float, trials: float, centre: float) -> float:
    if kind == POWER:
        return -shape * log(x / centre)
    total = -log_gamma_difference(x + 1, centre + 1)
    if kind == BINOMIAL:
        total -= log_gamma_difference(trials - x + 1, trials - centre + 1)
    if kind == NEGATIVE_BINOMIAL:
        total += log_gamma_difference(x + shape, centre + shape)
    return total


@njit(nogil=True)
def _by_shape(kind: int, x: float, shape: float, centre: float) -> float:
    """Derivative of the log weight by the shape."""
    if kind == POWER:
        return -log(x / centre)
    if kind == NEGATIVE_BINOMIAL:
        return digamma(x + shape) - digamma(centre + shape)
    return 0.0


@njit(nogil=True)
def _scale(kind: int, x: float, model: Model) -> float:
    """About the distance over which the terms change by a factor of e at `x`."""
    theta, shape, trials = model[:3]
    slope, bend = theta - log(x + 0.5), -1 / (x + 0.5)
    if kind == POWER:
        slope, bend = theta - shape / x, shape / x**2
    elif kind == BINOMIAL:
        slope += log(trials - x + 0.5)
        bend -= 1 / (trials - x + 0.5)
    elif kind == NEGATIVE_BINOMIAL:
        slope = theta + log1p((shape - 1) / (x + 0.5))
        bend = (0.5 - shape) / ((x + shape) * (x + 0.5))
    return 1 / max(abs(slope) + sqrt(abs(bend)), 1e-300)


@njit(nogil=True)
def _mode(kind: int, model: Model, low: float, high: float) -> float:
    theta, shape, trials = model[:3]
    place = low
    if kind == POWER and shape < 0:
        place = shape / theta if theta < 0 else inf
    elif kind == POISSON:
        place = exp(min(theta, 700.0))
    elif kind == BINOMIAL:
        place = (trials + 1) / (1 + exp(min(-theta, 700.0)))
    elif kind == NEGATIVE_BINOMIAL and shape > 1:
        place = (shape - 1) / expm1(-theta) if theta < 0 else inf
    return min(max(floor(place), low), high)


@njit(nogil=True)
def _add(kind: int, x: float, weight: float, model: Model, sums: Sums) -> None:
    theta, shape, trials, centre, mode, top, slopes = model
    value = weight * exp(_log_weight(kind, x, shape, trials, centre) + theta * (x - centre) - top)
    far = x - mode
    sums[0] += value
    sums[1] += value * far
    sums[2] += value * far * far
    if not slopes:
        return
    slope = _by_shape(kind, x, shape, centre)
    sums[3] += value * slope
    sums[4] += value * slope * slope
    sums[5] += value * slope * far


@njit(nogil=True)
def _add_end(kind: int, half: float, sign: float, model: Model, sums: Sums) -> None:
    """Correct an integral that starts (sign 1) or ends (sign -1) at a half-integer into a sum."""
    for step in (0.5, 1.5):
        weight = sign * (_FIRST + 3 * _THIRD if step < 1 else -_THIRD)
        _add(kind, half + step, weight, model, sums)
        _add(kind, half - step, -weight, model, sums)


@njit(nogil=True)
def _march(kind: int, start: float, direction: float, stop: float, model: Model, sums: Sums) -> None:
    """Add the terms from `start` to `stop`, or until they are negligible."""
    x, smooth = start, False
    trials, mode = model[2], model[4]
    for _ in range(_MOST_PANELS):
        if not ((stop - x) * direction >= 0 and x < _FARTHEST):
            break
        left = abs(stop - x) + 1
        scale = _scale(kind, x, model)
        room = x if direction > 0 else x / 2
        if kind == BINOMIAL:
            room = min(room, (trials - x) / 2)
        width = 1.0 * floor(min(left, _PANEL * scale, room))
        if (width >= _SHORTEST_PANEL) != smooth:
            smooth = not smooth
            _add_end(kind, x - direction / 2, direction if smooth else -direction, model, sums)
        if smooth:
            middle = x + direction * (width - 1) / 2
            for j in range(len(_NODES)):
                for side in (-1, 1):
                    _add(kind, middle + side * _NODES[j] * width / 2, _WEIGHTS[j] * width / 2, model, sums)
        else:
            width = min(left, _SHORTEST_PANEL)
            for i in range(int(width)):
                _add(kind, x + direction * i, 1.0, model, sums)
        if x + direction * width == x:
            return
        x += direction * width
        if (stop - x) * direction >= 0:
            term = exp(_log_weight(kind, x, model[1], trials, model[3]) + model[0] * (x - model[3]) - model[5])
            if term * _scale(kind, x, model) * (1 + abs(x - mode)) < _NEGLIGIBLE * sums[0]:
                return
    if smooth:
        _add_end(kind, x - direction / 2, -direction, model, sums)


@njit(nogil=True)
def _moments(
    kind: int, theta: float, shape: float, trials: float, low: float, high: float, centre: float, slopes: bool
) -> Sums:
    model = (theta, shape, trials, centre, low, 0.0, slopes)
    mode = _mode(kind, model, low, high)
    top = _log_weight(kind, mode, shape, trials, centre) + theta * (mode - centre)
    model = (theta, shape, trials, centre, mode, top, slopes)
    sums = np.zeros(6)
    _march(kind, mode, 1.0, high, model, sums)
    _march(kind, mode - 1, -1.0, low, model, sums)
    answer: Sums = sums / sums[0]
    far, slope = answer[1], answer[3]
    answer[0] = top + log(sums[0])
    answer[1] = (mode - low) + far
    answer[2] -= far * far
    answer[3] = slope
    answer[4] -= slope * slope
    answer[5] -= slope * far
    return answer


@njit("float64[::1](int64, float64, float64, float64, float64, float64, float64)", cache=True, nogil=True)
def moments(
    kind: int, theta: float, shape: float, trials: float, low: float, high: float, centre: float
) -> NDArray[np.float64]:
    """Log sum, mean of k - low, its variance, mean and variance of d log w(k) / d shape, and their covariance."""
    answer: Sums = _moments(kind, theta, shape, trials, low, high, centre, True)
    return answer


@njit("float64(int64, float64, float64, float64, float64, float64, float64, float64)", cache=True, nogil=True)
def fit_theta(
    kind: int, shape: float, trials: float, low: float, high: float, centre: float, excess: float, guess: float
) -> float:
    """The theta whose mean of k - low is `excess`; at most 0, where no smaller one has it, for POWER and NEGATIVE.

    Newton's method on the logarithm of the mean, kept inside a shrinking bracket; in log(-theta) where theta has
    to be negative.
    """
    negative = kind in (POWER, NEGATIVE_BINOMIAL)
    below, above = -800.0, 800.0
    if negative:
        below, above = -log(excess) - (40 if kind == POWER else 6), 7.0
    y = log(-guess) if negative else guess
    if not below < y < above:
        y = -log(excess) if negative else (below + above) / 2
    for _ in range(200):
        theta = -exp(y) if negative else y
        found = _moments(kind, theta, shape, trials, low, high, centre, False)
        too_large = found[1] > excess
        if too_large == negative:
            below = y
        else:
            above = y
        slope = found[2] * (theta if negative else 1.0)
        step = inf
        if found[1] > 0 and slope != 0:
            step = y - log(found[1] / excess) * found[1] / slope
        if abs(step - y) <= _PRECISION * max(1.0, abs(y)):
            return -exp(step) if negative else step
        if not below < step < above:
            step = (below + above) / 2
            if above - below < _PRECISION * max(1.0, abs(y)):
                break
        y = step
    if negative and y < -log(excess) - (39.9 if kind == POWER else 5.9):
        return 0.0
    return -exp(y) if negative else y


@njit(
    "UniTuple(float64[::1], 2)(int64, float64[::1], float64, float64, float64)",
    cache=True,
    nogil=True,
)
def log_weights(
    kind: int, values: NDArray[np.float64], shape: float, trials: float, centre: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """log w(k) of each value, and its derivative by the shape."""
    weights, slopes = np.empty(len(values)), np.empty(len(values))
    for i in range(len(values)):
        weights[i] = _log_weight(kind, values[i], shape, trials, centre)
        slopes[i] = _by_shape(kind, values[i], shape, centre)
    return weights, slopes
