"""Exponential, truncated power law, Poisson, binomial and negative binomial: exponential families on the integers.

Each matches the mean of k by its linear parameter (a concave problem); the two with a shape climb the profile
over it.
"""

from __future__ import annotations

from math import exp, expm1, inf, log, log1p, nan
from typing import NamedTuple

import numpy as np

from topokit.analyzers.power_laws.tail_laws.search import Place, highest
from topokit.analyzers.power_laws.tail_laws.tail import Alternative, Floats, Tail
from topokit.kernels.integer_families import (
    BINOMIAL,
    NEGATIVE_BINOMIAL,
    POISSON,
    POWER,
    fit_theta,
    log_weights,
    moments,
)
from topokit.kernels.zeta import largest_term, log_moments

_SMALLEST_SHAPE = 1e-9
_LARGEST_SHAPE = 1e7
# Sums with these are still told from the next integer.
_LARGEST_INTEGER = 2.0**51
_PRECISION = 1e-11
_MOST_STEPS = 60


class _Fit(NamedTuple):
    """Of a family with its shape held: linear parameter, mean log-likelihood, its slope and curvature by shape."""

    theta: float
    height: float
    slope: float
    curvature: float


class _Family:
    """One kind of family on one tail."""

    def __init__(self, kind: int, tail: Tail, trials: float = 0.0) -> None:
        self.kind, self.tail, self.trials = kind, tail, trials

    def fit(self, shape: float, guess: float) -> _Fit:
        tail = self.tail
        place = (self.trials, tail.low, tail.high, tail.centre)
        theta = fit_theta(self.kind, shape, *place, tail.excess, guess)
        log_sum, _, variance, by_shape, spread, covariance = self._moments(theta, shape)
        weights, slopes = log_weights(self.kind, tail.values, shape, self.trials, tail.centre)
        held = theta == 0 or variance <= 0
        return _Fit(
            theta,
            float(tail.shares @ weights) + theta * (tail.low + tail.excess - tail.centre) - log_sum,
            float(tail.shares @ slopes) - by_shape,
            -(spread if held else spread - covariance**2 / variance),
        )

    def _moments(self, theta: float, shape: float) -> Floats:
        tail = self.tail
        if self.kind == POWER and theta == 0:
            return _moments_of_power_law(tail, shape)
        answer: Floats = moments(self.kind, theta, shape, self.trials, tail.low, tail.high, tail.centre)
        return answer

    def log_pmf(self, theta: float, shape: float) -> Floats:
        tail = self.tail
        weights = log_weights(self.kind, tail.values, shape, self.trials, tail.centre)[0]
        log_sum = self._moments(theta, shape)[0]
        answer: Floats = weights + theta * (tail.values - tail.centre) - log_sum
        return answer


def _moments_of_power_law(tail: Tail, alpha: float) -> Floats:
    """As `moments`, of k ** -alpha alone, whose sums may fall too slowly to be added up; nothing of the mean."""
    scale = largest_term(alpha, tail.low, tail.high)
    total, first, second = log_moments(alpha, tail.low, tail.high, scale)
    mean = first / total
    log_sum = log(total) - alpha * log(scale / tail.centre)
    return np.array([log_sum, nan, 0.0, -(mean + log(scale / tail.centre)), second / total - mean**2, 0.0])


def exponential(tail: Tail) -> Alternative:
    """P(k) proportional to exp(-rate k), rate >= 0: the geometric distribution, cut at `high` where that is finite."""
    rate = log1p(1 / tail.excess)
    if tail.high < inf:
        rate = -fit_theta(POWER, 0.0, 0.0, tail.low, tail.high, tail.centre, tail.excess, -rate) + 0.0
    steps = tail.values - tail.low
    remark = "" if rate else "at its limit, all values alike"
    return Alternative({"rate": rate}, -rate * steps - _log_geometric_sum(rate, tail.high - tail.low), remark=remark)


def _log_geometric_sum(rate: float, width: float) -> float:
    """Logarithm of the sum of exp(-rate j), j = 0 to `width`."""
    if rate == 0:
        return log(width + 1)
    return log(-expm1(-rate * (width + 1))) - log(-expm1(-rate))


def truncated_power_law(tail: Tail, alpha: float) -> Alternative:
    """P(k) proportional to k ** -alpha exp(-rate k), alpha and rate >= 0; `alpha` is that of the best power law.

    The log-likelihood is concave. Rate 0, the power law itself, is the optimum when no other rate is better; a
    power law that rises (within bounds) may keep its negative exponent.
    """
    family, lowest = _Family(POWER, tail), min(alpha, 0.0)
    # A cutoff only flattens the power law before it; and the sums of one far steeper would never end.
    below, above, shape = lowest, alpha, alpha
    fit = family.fit(shape, -1 / (tail.excess + 1))
    for _ in range(_MOST_STEPS):
        if fit.slope > 0:
            below = shape
        else:
            above = shape
        step = shape - fit.slope / fit.curvature if fit.curvature < 0 else inf
        if shape > below == lowest and step < lowest:
            step = lowest
        elif not below <= step <= above:
            step = (below + above) / 2
        if (shape == lowest and fit.slope <= 0) or abs(step - shape) <= _PRECISION * max(1.0, abs(shape)):
            break
        shape, fit = step, family.fit(step, min(fit.theta, -1e-300))
    rate = -fit.theta + 0.0
    if rate == 0:
        log_pmf = family.log_pmf(0.0, alpha)
        return Alternative({"alpha": alpha, "rate": 0.0}, log_pmf, degenerate=True, remark="at its limit, a power law")
    return Alternative({"alpha": shape, "rate": rate}, family.log_pmf(fit.theta, shape))


def poisson(tail: Tail) -> Alternative:
    """P(k) proportional to mu ** k / k!, given that k lies on the support."""
    family = _Family(POISSON, tail)
    theta = family.fit(0.0, log(tail.low + tail.excess)).theta
    return Alternative({"mu": exp(theta)}, family.log_pmf(theta, 0.0))


def binomial(tail: Tail) -> Alternative:
    """The binomial distribution of `high` trials, given that k is `low` or more: the degrees of a random layer."""
    family = _Family(BINOMIAL, tail, trials=tail.high)
    mean = tail.low + tail.excess
    theta = family.fit(0.0, log(mean / (tail.high - mean))).theta
    parameters = {"trials": int(tail.high), "probability": 1 / (1 + exp(-theta)) if theta > -700 else 0.0}
    return Alternative(parameters, family.log_pmf(theta, 0.0))


def negative_binomial(tail: Tail) -> Alternative:
    """P(k) proportional to Gamma(k + r) / k! (1 - probability) ** k, given that k lies on the support; r > 0.

    As r grows it becomes a Poisson distribution, as r falls to 0 a logarithmic series. The profile over log r is
    climbed from the best of several starts.
    """
    family = _Family(NEGATIVE_BINOMIAL, tail)
    mean = tail.low + tail.excess

    def look(log_shape: float) -> Place[float]:
        shape = exp(log_shape)
        fit = family.fit(shape, -log1p(shape / mean))
        return Place(log_shape, fit.height, fit.slope * shape, fit.theta)

    largest = log(min(_LARGEST_SHAPE * mean, _LARGEST_INTEGER))
    best = highest(look, [log(_SMALLEST_SHAPE), log(0.1), 0.0, log(10), log(10 + 10 * mean), largest])
    shape = exp(best.x)
    remark = "at its limit, a Poisson distribution" if best.x == largest else ""
    if best.x == log(_SMALLEST_SHAPE):
        remark = "at its limit, a logarithmic series"
    parameters = {"r": shape, "probability": -expm1(best.found)}
    return Alternative(parameters, family.log_pmf(best.found, shape), remark=remark)
