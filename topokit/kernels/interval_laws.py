"""Log-likelihoods, with their slopes and curvatures, of continuous laws of log k cut into the integers.

Gaussian: P(k) is the integral of exp(-a u - b u^2) from `edges[i]` to `edges[i + 1]`, u a linear function of
log k, over that of the whole support. With b >= 0 it is a lognormal, with b = 0 a Pareto law. An exponential family
of (u, u^2) observed in intervals; all integrals are Gauss-Legendre panels, so nothing cancels in the far tail.

Weibull: P(K >= k) = exp(-H(k)) / exp(-H(low)), H(k) = e^s ((k / centre)^beta - 1) / beta, which tends to a Pareto
law as beta tends to 0.
"""

from __future__ import annotations

from math import exp, expm1, inf, log, log1p, sqrt

import numpy as np
from numba import njit
from numpy.typing import NDArray

# Nodes and weights of Gauss-Legendre on (-1, 1), the positive half.
_NODES = (0.1834346424956498, 0.525532409916329, 0.7966664774136267, 0.9602898564975363)
_WEIGHTS = (0.362683783378362, 0.31370664588787727, 0.22238103445337448, 0.10122853629037626)
_PANEL = 1.5
_NEGLIGIBLE_EXPONENT = 45.0

Floats = NDArray[np.float64]


@njit(nogil=True)
def _integrate(start: float, stop: float, a: float, b: float, top: float, sums: Floats) -> None:
    """Add the integrals of u^j exp(top - a u - b u^2), j = 0 to 4, from the larger end `start` outwards."""
    direction = 1.0 if stop > start else -1.0
    x = start
    while (stop - x) * direction > 0:
        steepness = abs(a + 2 * b * x) + sqrt(2 * b)
        width = min(abs(stop - x), _PANEL / steepness if steepness > 0 else inf)
        if x + direction * width == x or a * x + b * x * x - top < -1e300:
            return
        for j in range(len(_NODES)):
            for side in (-1, 1):
                u = x + width / 2 * (direction + side * _NODES[j])
                value = _WEIGHTS[j] * width / 2 * exp(top - a * u - b * u * u)
                for power in range(5):
                    sums[power] += value
                    value *= u
        x += direction * width
        if a * x + b * x * x - top > _NEGLIGIBLE_EXPONENT:
            return


@njit(nogil=True)
def _gaussian_moments(left: float, right: float, a: float, b: float, sums: Floats) -> float:
    """Log of the integral of exp(-a u - b u^2) from `left` to `right`; the means of u^j, j = 1 to 4, in `sums`."""
    sums[:] = 0.0
    if right == inf and b == 0 and a <= 0:
        return inf
    mode = left
    if a + 2 * b * left < 0:
        mode = -a / (2 * b) if a + 2 * b * right > 0 else right
    top = a * mode + b * mode * mode
    if mode < right:
        _integrate(mode, right, a, b, top, sums)
    if mode > left:
        _integrate(mode, left, a, b, top, sums)
    total = sums[0]
    if not total > 0:
        return -inf
    for power in range(5):
        sums[power] /= total
    return log(total) - top


@njit(
    "Tuple((float64[::1], float64[::1]))(float64[::1], float64[::1], float64[::1], float64[::1], float64, float64)",
    cache=True,
    nogil=True,
)
def gaussian_law(
    lefts: Floats, rights: Floats, shares: Floats, ends: Floats, a: float, b: float
) -> tuple[Floats, Floats]:
    """Log masses of intervals within `ends`, and derivatives of their mean.

    Returns
    -------
    log_masses
        One per interval.
    derivatives
        Of their mean weighted by `shares`: by a and b; second by a, by both and by b; then these three without
        the part of the intervals' own widths, which makes them the negative Fisher information.
    """
    sums = np.empty(5)
    log_masses, derivatives = np.empty(len(lefts)), np.zeros(8)
    total = _gaussian_moments(ends[0], ends[1], a, b, sums)
    derivatives[0], derivatives[1] = sums[1], sums[2]
    derivatives[5] = sums[1] ** 2 - sums[2]
    derivatives[6] = sums[1] * sums[2] - sums[3]
    derivatives[7] = sums[2] ** 2 - sums[4]
    derivatives[2:5] = derivatives[5:]
    for i in range(len(lefts)):
        log_masses[i] = _gaussian_moments(lefts[i], rights[i], a, b, sums) - total
        derivatives[0] -= shares[i] * sums[1]
        derivatives[1] -= shares[i] * sums[2]
        derivatives[2] += shares[i] * (sums[2] - sums[1] ** 2)
        derivatives[3] += shares[i] * (sums[3] - sums[1] * sums[2])
        derivatives[4] += shares[i] * (sums[4] - sums[2] ** 2)
    return log_masses, derivatives


@njit(nogil=True)
def _growth(beta: float, length: float) -> tuple[float, float]:
    """Integrals of exp(beta t) and t exp(beta t) from 0 to `length`."""
    if abs(beta * length) > 0.5:
        first = expm1(beta * length) / beta
        return first, (length * exp(beta * length) - first) / beta
    first = second = 0.0
    term = 1.0
    for n in range(16):
        first += term / (n + 1)
        second += term / (n + 2)
        term *= beta * length / (n + 1)
    return first * length, second * length**2


@njit(nogil=True)
def _chance(hazard: float) -> tuple[float, float, float]:
    """log(1 - exp(-hazard)), and its first and second derivative by log hazard."""
    if hazard < 1e-3:
        return log(-expm1(-hazard)), 1 - hazard / 2 + hazard**2 / 12, -hazard / 2 + hazard**2 / 6
    if hazard > 700:
        return 0.0, 0.0, 0.0
    odds = expm1(hazard)
    return log(-expm1(-hazard)), hazard / odds, hazard * (odds - hazard * (odds + 1)) / odds**2


@njit(
    "Tuple((float64[::1], float64[::1]))(float64[::1], float64[::1], float64, float64, float64, float64, float64)",
    cache=True,
    nogil=True,
)
def weibull_law(
    values: Floats, shares: Floats, low: float, high: float, centre: float, s: float, beta: float
) -> tuple[Floats, Floats]:
    """Log P(k) of each value; first and second derivative by s, and first by beta, of their mean by `shares`."""
    log_masses, derivatives = np.empty(len(values)), np.zeros(3)
    start = log(low / centre)
    scale = exp(s + beta * start)
    total = 0.0
    if high < inf:
        first, second = _growth(beta, log((high + 1) / low))
        total, slope, bend = _chance(scale * first)
        derivatives[0] -= slope
        derivatives[1] -= bend
        derivatives[2] -= slope * (start + second / first)
    for i in range(len(values)):
        k = values[i]
        first, second = _growth(beta, log(k / low))
        fallen = scale * first
        place = log(k / centre)
        step, step_by_beta = _growth(beta, log1p(1 / k))
        chance, slope, bend = _chance(exp(s + beta * place) * step)
        log_masses[i] = chance - fallen - total
        derivatives[0] += shares[i] * (slope - fallen)
        derivatives[1] += shares[i] * (bend - fallen)
        derivatives[2] += shares[i] * (slope * (place + step_by_beta / step) - scale * (start * first + second))
    return log_masses, derivatives
