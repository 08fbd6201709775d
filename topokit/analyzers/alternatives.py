"""Other distributions for the tail of a histogram, fitted by maximum likelihood on the same integers.

Each function takes distinct values, their counts, and the support `low` to `high` (possibly infinite), and returns
its parameters with the logarithm of P(k) at each value. All are normalised exactly on the support.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp, expm1, inf, log, log1p, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

Floats = NDArray[np.float64]

_DIRECT_TERMS = 1024
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_NEGLIGIBLE_EXPONENT = 50.0
_LOG_CURVATURES = (-9.0, 12.0)
_WIDEST_LOGNORMAL = 10.0


@dataclass(frozen=True, slots=True)
class Alternative:
    """A fitted distribution: its parameters and log P(k) at the observed values."""

    parameters: dict[str, float]
    log_pmf: Floats
    degenerate: bool = field(default=False)


def exponential(values: Floats, counts: Floats, low: float, high: float) -> Alternative:
    """P(k) proportional to exp(-rate k), rate >= 0: the geometric distribution, cut at `high` where that is finite."""
    mean = float(np.average(values - low, weights=counts))
    rate = log1p(1 / mean)
    if high < inf:
        rate = _bounded_rate(mean, high - low)
    return Alternative({"rate": rate}, -rate * (values - low) - _log_geometric_sum(rate, high - low))


def _bounded_rate(mean: float, width: float) -> float:
    if mean >= width / 2:
        return 0.0

    def excess(rate: float) -> float:
        return 1 / expm1(rate) - (width + 1) / expm1(min(rate * (width + 1), 700.0)) - mean

    smallest = 1e-6 / (width + 1)
    return float(optimize.brentq(excess, smallest, 2 * log1p(1 / mean))) if excess(smallest) > 0 else 0.0


def _log_geometric_sum(rate: float, width: float) -> float:
    """Logarithm of the sum of exp(-rate j), j = 0 to `width`."""
    if rate == 0:
        return log(width + 1)
    return log(-expm1(-rate * (width + 1))) - log(-expm1(-rate))


def lognormal(values: Floats, counts: Floats, low: float, high: float) -> Alternative:
    """The mass of a lognormal on (k - 1/2, k + 1/2), given that it lies on the support.

    Fitted in its log-density -slope u - curvature u^2, u the standardised log k, with the logarithm of the
    curvature: so the likelihood stays well shaped towards curvature 0, where the lognormal becomes a power law.
    An optimum at that limit is no evidence either way and is marked degenerate.
    """
    logs = np.log(values)
    centre = float(np.average(logs, weights=counts))
    spread = sqrt(float(np.average((logs - centre) ** 2, weights=counts)))
    edges = (np.log(np.stack([values - 0.5, values + 0.5])) - centre) / spread
    ends = (np.log(np.array([[low - 0.5], [high + 0.5]])) - centre) / spread

    def loss(place: Floats) -> tuple[float, Floats]:
        log_mass, slopes = _lognormal_mass(place, edges)
        log_total, total_slopes = _lognormal_mass(place, ends)
        total = counts.sum()
        return float(log_total[0] * total - counts @ log_mass), total_slopes[:, 0] * total - slopes @ counts

    fits = [
        optimize.minimize(
            loss,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=[(None, None), _LOG_CURVATURES],
            options={"ftol": 1e-13, "gtol": 1e-6},
        )
        for start in ([1.0, log(0.2)], [0.0, log(0.5)])
    ]
    place = min(fits, key=lambda fit: float(fit.fun)).x
    log_pmf = _lognormal_mass(place, edges)[0] - _lognormal_mass(place, ends)[0]
    variance = spread**2 / (2 * exp(place[1]))
    parameters = {"mu": centre - variance * place[0] / spread, "sigma": sqrt(variance)}
    return Alternative(parameters, log_pmf, degenerate=parameters["sigma"] > _WIDEST_LOGNORMAL)


def _lognormal_mass(place: Floats, edges: Floats) -> tuple[Floats, Floats]:
    """Log of the normal mass between two rows of edges, and its derivatives by slope and log curvature, (2, n)."""
    slope, c = place[0], sqrt(2 * exp(place[1]))
    z = c * edges + slope / c
    log_mass = _log_normal_mass(z[0], z[1])
    density = np.exp(-0.5 * z**2 - 0.5 * log(2 * np.pi) - log_mass)
    by_curvature = np.where(np.isfinite(edges), (c * edges - slope / c) / 2, 0.0)
    return log_mass, np.stack([(density[1] - density[0]) / c, np.diff(density * by_curvature, axis=0)[0]])


def _log_normal_mass(lower: Floats, upper: Floats) -> Floats:
    """log(Phi(upper) - Phi(lower)) without loss far out in either tail or across a narrow gap."""
    with np.errstate(invalid="ignore"):
        middle, width = (lower + upper) / 2, upper - lower
    left = middle < 0
    low, high = np.where(left, -upper, lower), np.where(left, -lower, upper)
    far = special.log_ndtr(-low)
    with np.errstate(divide="ignore", invalid="ignore"):
        exact = far + np.log(-np.expm1(special.log_ndtr(-high) - far))
        narrow = -0.5 * middle**2 - 0.5 * log(2 * np.pi) + np.log(width) + width**2 * (middle**2 - 1) / 24
    return np.where(width * (1 + np.abs(middle)) < 1e-3, narrow, exact)


def truncated_power_law(values: Floats, counts: Floats, low: float, high: float, alpha: float) -> Alternative:
    """P(k) proportional to k ** -alpha exp(-rate k), alpha and rate >= 0; `alpha` is that of the best power law.

    An exponential family, so the likelihood is concave: the rate is the root of the profile's slope, and
    rate 0, the power law itself, is the optimum when the slope is not positive there.
    """
    mean_log = float(np.average(np.log(values / low), weights=counts))
    mean = float(np.average(values - low, weights=counts))
    family = _Family(low, high)
    largest = exponential(values, counts, low, high).parameters["rate"]

    def excess(log_rate: float) -> float:
        rate = exp(log_rate)
        return family.moments(family.exponent(mean_log, rate, alpha), rate).mean - mean

    rate = 0.0
    smallest = log(largest) - 30 if largest > 0 else -inf
    if largest > 0 and excess(smallest) > 0:
        rate = exp(optimize.brentq(excess, smallest, log(largest), xtol=1e-10)) if excess(log(largest)) < 0 else largest
    exponent = family.exponent(mean_log, rate, alpha) if rate > 0 else max(alpha, 0.0)
    log_pmf = -exponent * np.log(values / low) - rate * (values - low) - family.moments(exponent, rate).log_sum
    return Alternative({"alpha": exponent, "rate": rate}, log_pmf)


@dataclass(frozen=True, slots=True)
class _Moments:
    log_sum: float
    mean_log: float
    variance_log: float
    mean: float


class _Family:
    """Sums of (k / low) ** -alpha exp(-rate (k - low)) over the support, and means of log(k / low) and k - low.

    The first terms are added one by one, the rest is integrated in log k by Gauss-Legendre panels with the
    midpoint rule's end corrections.
    """

    def __init__(self, low: float, high: float) -> None:
        self._low, self._high = low, high
        self._k = np.arange(low, min(high, low + _DIRECT_TERMS - 1) + 1)
        self._logs = np.log(self._k / low)

    def exponent(self, mean_log: float, rate: float, guess: float) -> float:
        """The alpha >= 0 with that mean of log(k / low); 0 where none reaches it."""
        below, above, alpha = 0.0, inf, max(guess, 0.0)
        for _ in range(100):
            moments = self.moments(alpha, rate)
            if moments.mean_log > mean_log:
                below = alpha
            else:
                above = alpha
            step = alpha + (moments.mean_log - mean_log) / moments.variance_log
            if not below <= step < above:
                step = 2 * alpha + 1 if above == inf else (below + above) / 2
            if above < 1e-10:
                return 0.0
            if abs(step - alpha) < 1e-10 * max(1.0, alpha):
                return float(step)
            alpha = step
        return alpha

    def moments(self, alpha: float, rate: float) -> _Moments:
        terms = np.exp(-alpha * self._logs - rate * (self._k - self._low))
        weighted = np.stack([np.ones_like(terms), self._logs, self._logs**2, self._k - self._low])
        sums = weighted @ terms
        if self._high > self._k[-1]:
            sums = sums + self._rest(alpha, rate)
        mean_log = sums[1] / sums[0]
        return _Moments(log(sums[0]), mean_log, sums[2] / sums[0] - mean_log**2, sums[3] / sums[0])

    def _rest(self, alpha: float, rate: float) -> Floats:
        start, stop = self._k[-1] + 0.5, self._high + 0.5
        length = min(log(stop / start), self._negligible_from(alpha, rate, start))
        panels = max(1, int(np.ceil(length)))
        left = np.arange(panels)[:, None]
        u = ((left + (_NODES + 1) / 2) * (length / panels)).ravel()
        weights = np.tile(_WEIGHTS / 2 * (length / panels), panels)
        x = start * np.exp(u)
        total: Floats = self._functions(x, alpha, rate) @ (weights * x) + self._correction(start, alpha, rate)
        return total - self._correction(stop, alpha, rate) if stop < inf else total

    def _negligible_from(self, alpha: float, rate: float, start: float) -> float:
        lengths = [_NEGLIGIBLE_EXPONENT / (alpha - 1)] if alpha > 1 else []
        if rate > 0:
            lengths.append(log1p(_NEGLIGIBLE_EXPONENT / (rate * start)))
        return min(lengths)

    def _functions(self, x: Any, alpha: float, rate: float) -> Floats:
        logs = np.log(x / self._low)
        terms = np.exp(-alpha * logs - rate * (x - self._low))
        return np.stack([terms, terms * logs, terms * logs**2, terms * (x - self._low)])

    def _correction(self, x: float, alpha: float, rate: float) -> Floats:
        """A 24th of the functions' slopes at `x`, the first end correction of the midpoint rule."""
        value, by_log, by_log2, by_x = self._functions(x, alpha, rate)
        falls = alpha / x + rate
        height = log(x / self._low)
        slopes = [-falls * value, value / x - falls * by_log, 2 * height * value / x - falls * by_log2]
        return np.array([*slopes, value - falls * by_x]) / 24
