"""Sums of powers over ranges of integers, scaled so that they neither overflow nor vanish.

``sum((k / scale) ** -s for k in range(low, high + 1))`` with `high` up to infinity, where it is the Hurwitz zeta
function times ``scale ** s`` and needs s > 1, and the same sum weighted with log(k / scale) and its square. Integers
are floats. Terms are added one by one while k < 9 + 0.9 |s|, the others by the Euler-Maclaurin formula.
"""

from __future__ import annotations

from math import exp, inf, log

from numba import njit

# Bernoulli number B_2j over (2j)!, j = 1 to 9.
_COEFFICIENTS = (
    1 / 12,
    -1 / 720,
    1 / 30240,
    -1 / 1209600,
    1 / 47900160,
    -691 / 1307674368000,
    1 / 74724249600,
    -3617 / 10670622842880000,
    43867 / 5109094217170944000,
)
_NEGLIGIBLE = 1e-18

Three = tuple[float, float, float]


@njit("float64(float64, float64, float64)", cache=True, nogil=True)
def largest_term(s: float, low: float, high: float) -> float:
    """The integer of the range whose power is the largest: the scale that keeps all others at most 1."""
    return low if s >= 0 else high


@njit("UniTuple(float64, 3)(float64, float64)", cache=True, nogil=True)
def _integrals(c: float, width: float) -> Three:
    """Integrals of exp(c u), u exp(c u) and u^2 exp(c u) from 0 to `width`; infinite width needs c < 0."""
    if width == inf:
        return -1 / c, 1 / c**2, -2 / c**3
    if abs(c * width) > 1:
        edge = exp(c * width)
        first = (edge - 1) / c
        second = (width * edge - first) / c
        return first, second, (width * width * edge - 2 * second) / c
    first = second = third = 0.0
    term = 1.0
    for n in range(24):
        first += term / (n + 1)
        second += term / (n + 2)
        third += term / (n + 3)
        term *= c * width / (n + 1)
    return first * width, second * width**2, third * width**3


@njit("float64(float64, float64)", cache=True, nogil=True)
def _end(s: float, x: float) -> float:
    """Euler-Maclaurin's terms at the lower end x of a sum of x^-s, over x^-s."""
    total = 0.5
    inverse = 1 / x
    square = inverse * inverse
    product = s * inverse
    for j in range(len(_COEFFICIENTS)):
        term = _COEFFICIENTS[j] * product
        total += term
        if abs(term) < _NEGLIGIBLE:
            break
        product *= (s + 2 * j + 1) * (s + 2 * j + 2) * square
    return total


@njit("UniTuple(float64, 3)(float64, float64)", cache=True, nogil=True)
def _end_derivatives(s: float, x: float) -> Three:
    """`_end` and its first and second derivative by s."""
    total, first, second = 0.5, 0.0, 0.0
    inverse = 1 / x
    p, dp, ddp = s * inverse, inverse, 0.0
    for j in range(len(_COEFFICIENTS)):
        c = _COEFFICIENTS[j]
        total += c * p
        first += c * dp
        second += c * ddp
        if abs(c) * (abs(p) + abs(dp) + abs(ddp)) < _NEGLIGIBLE:
            break
        for i in (2 * j + 1, 2 * j + 2):
            factor = (s + i) * inverse
            ddp = ddp * factor + 2 * dp * inverse
            dp = dp * factor + p * inverse
            p = p * factor
    return total, first, second


@njit("float64(float64, float64, float64, float64)", cache=True, nogil=True)
def power_sum(s: float, low: float, high: float, scale: float) -> float:
    """Sum of (k / scale) ** -s over the integers k from `low` to `high`."""
    total = 0.0
    k = low
    while k < 9 + 0.9 * abs(s):
        term = exp(-s * log(k / scale)) if k <= high else 0.0
        total += term
        k += 1
        if k > high or (s > 2 and term * k < _NEGLIGIBLE * total):
            return total
    if k > high:
        return total
    total += exp(-s * log(k / scale)) * (k * _integrals(1 - s, log((high + 1) / k))[0] + _end(s, k))
    if high < inf:
        total -= exp(-s * log((high + 1) / scale)) * _end(s, high + 1)
    return total


@njit("UniTuple(float64, 3)(float64, float64, float64, float64)", cache=True, nogil=True)
def log_moments(s: float, low: float, high: float, scale: float) -> Three:
    """Sums of (k / scale) ** -s times 1, log(k / scale) and its square, k from `low` to `high`."""
    z0 = z1 = z2 = 0.0
    k = low
    while k < 9 + 0.9 * abs(s) and k <= high:
        height = log(k / scale)
        term = exp(-s * height)
        z0 += term
        z1 += term * height
        z2 += term * height * height
        k += 1
        if s > 2 and term * k < _NEGLIGIBLE * z0:
            return z0, z1, z2
    if k > high:
        return z0, z1, z2
    height = log(k / scale)
    first = exp(-s * height)
    j0, j1, j2 = _integrals(1 - s, log((high + 1) / k))
    z0 += first * k * j0
    z1 += first * k * (height * j0 + j1)
    z2 += first * k * (height * height * j0 + 2 * height * j1 + j2)
    for x, sign in ((k, 1.0), (high + 1, -1.0)):
        if x < inf:
            height = log(x / scale)
            end, slope, curvature = _end_derivatives(s, x)
            term = sign * exp(-s * height)
            z0 += term * end
            z1 += term * (height * end - slope)
            z2 += term * (height * height * end - 2 * height * slope + curvature)
    return z0, z1, z2
