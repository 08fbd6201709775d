"""Lognormal and stretched exponential: continuous laws cut into the integers. Both hold a power law as a limit."""

from __future__ import annotations

from math import exp, expm1, inf, isfinite, log, log1p, sqrt

import numpy as np

from topokit.analyzers.power_laws.tail_laws.search import Place, highest
from topokit.analyzers.power_laws.tail_laws.tail import Alternative, Floats, Tail
from topokit.kernels.interval_laws import gaussian_law, weibull_law

_WIDEST_LOGNORMAL = 10.0
_WIDEST_TRIED = 1000.0
_LARGEST_CURVATURE = exp(12.0)
_MOST_STEPS = 100
_HALVINGS = 40
_SMALLEST_GAIN = 1e-14
_FLATTEST = 1e-6
_STEEPEST = 60.0
_LARGEST_SCALE = 60.0
_LARGEST_EXPONENT = 700.0
_LOG_NEGLIGIBLE = log(1e-7)
_CLOSEST = 1e-14
_POWER_LAW_LIMIT = "at its limit, a power law"


class _Gaussian:
    """Mean log-likelihood of exp(-a u - b u^2), u the standardised log k; b from `flattest` up."""

    def __init__(self, tail: Tail) -> None:
        self.tail = tail
        self.spread = tail.log_spread
        self.left, self.right = self._place(tail.values - 0.5), self._place(tail.values + 0.5)
        self.ends = self._place(np.array([tail.low - 0.5, tail.high + 0.5]))
        self.flattest = self.spread**2 / (2 * _WIDEST_TRIED**2)

    def _place(self, x: Floats) -> Floats:
        answer: Floats = np.log1p((x - self.tail.centre) / self.tail.centre) / self.spread
        return answer

    def look(self, a: float, b: float) -> tuple[float, Floats, Floats]:
        """Height, log P(k), derivatives."""
        log_pmf, slopes = gaussian_law(self.left, self.right, self.tail.shares, self.ends, a, b)
        height = float(self.tail.shares @ log_pmf)
        return (height if isfinite(height) else -inf), log_pmf, slopes

    def climb(self, a: float, b: float) -> tuple[float, float, float, Floats]:
        """Newton's method from there, uphill by halving steps: height, a, b, log P(k)."""
        height, log_pmf, slopes = self.look(a, b)
        for _ in range(_MOST_STEPS):
            by_a, by_b = self._step(b, slopes)
            if by_a * slopes[0] + by_b * slopes[1] < _SMALLEST_GAIN:
                break
            for halving in range(_HALVINGS):
                share = 0.5**halving
                place = a + share * by_a, min(max(b + share * by_b, self.flattest), _LARGEST_CURVATURE)
                found = self.look(*place)
                if found[0] > height:
                    break
            else:
                break
            (a, b), (height, log_pmf, slopes) = place, found
        return height, a, b, log_pmf

    def _step(self, b: float, slopes: Floats) -> tuple[float, float]:
        by_a, by_b, aa, ab, bb = slopes[:5]
        if not (aa < 0 and aa * bb > ab * ab):
            aa, ab, bb = slopes[5:]
        determinant = aa * bb - ab * ab
        stuck = (b <= self.flattest and by_b < 0) or (b >= _LARGEST_CURVATURE and by_b > 0)
        if stuck or not determinant > 0:
            return (-by_a / aa if aa < 0 else 0.0), 0.0
        return (ab * by_b - bb * by_a) / determinant, (ab * by_a - aa * by_b) / determinant


def lognormal(tail: Tail) -> Alternative:
    """The mass of a lognormal on (k - 1/2, k + 1/2), given that it lies on the support.

    Fitted as an exponential family of log k and its square, in which the likelihood is nearly quadratic also
    towards curvature 0, where the lognormal becomes a power law. Climbed from the untruncated lognormal, from that
    limit, and from between them. An optimum wider than sigma = 10, and than 10 times the spread of the data's
    logarithms, is that limit for all that data can tell; it is no evidence either way and is marked degenerate.
    """
    law = _Gaussian(tail)
    slope = 1 / max(-float(law.ends[0]), 1e-3)
    starts = [(0.0, 0.5), (slope, law.flattest), (slope, 0.05)]
    _, a, b, log_pmf = max((law.climb(*start) for start in starts), key=lambda summit: summit[0])
    variance = law.spread**2 / (2 * b)
    sigma = sqrt(variance)
    wide = sigma > _WIDEST_LOGNORMAL * max(1.0, law.spread)
    parameters = {"mu": log(tail.centre) - variance * a / law.spread, "sigma": sigma}
    return Alternative(parameters, log_pmf, degenerate=wide, remark=_POWER_LAW_LIMIT if wide else "")


def stretched_exponential(tail: Tail) -> Alternative:
    """P(K >= k) proportional to exp(-rate k ** beta), given that k lies on the support; beta > 0.

    As beta falls to 0 it becomes a power law shifted by half an integer, and so it does within bounds as the rate
    falls to 0; it is then marked degenerate. Climbed in the profile over beta, from the best of several starts.
    """
    spread = tail.log_spread
    guess = [-log(spread)]

    def look(beta: float) -> Place[tuple[float, Floats]]:
        s, log_pmf, slope = _best_scale(tail, beta, guess[0])
        guess[0] = s
        height = float(tail.shares @ log_pmf)
        return Place(beta, height if isfinite(height) else -inf, slope, (s, log_pmf))

    starts = [share / spread for share in (0.1, 0.4, 1.3, 4, _STEEPEST)]
    best = highest(look, [_FLATTEST * starts[0], *starts])
    s, log_pmf = best.found
    log_rate = s - log(best.x) - best.x * log(tail.centre)
    rate = exp(log_rate) if log_rate < _LARGEST_EXPONENT else inf
    parameters = {"rate": rate, "beta": best.x}
    flat = best.x == _FLATTEST * starts[0] or s <= _smallest_scale(tail, best.x)
    return Alternative(parameters, log_pmf, degenerate=flat, remark=_POWER_LAW_LIMIT if flat else "")


def _best_scale(tail: Tail, beta: float, guess: float) -> tuple[float, Floats, float]:
    """The s of `weibull_law` with the largest likelihood for this beta, log P(k), and its slope by beta."""
    below, above = _smallest_scale(tail, beta), _LARGEST_SCALE
    s = min(max(guess, below), above)
    for _ in range(_MOST_STEPS):
        log_pmf, slopes = weibull_law(tail.values, tail.shares, tail.low, tail.high, tail.centre, s, beta)
        first, second = (float(slope) for slope in slopes[:2])
        if first > 0:
            below = s
        else:
            above = s
        step = s - first / second if second < 0 else inf
        if not below <= step <= above:
            step = (below + above) / 2
        if abs(first * (step - s)) < _SMALLEST_GAIN or above - below < _CLOSEST * max(1.0, abs(s)):
            break
        s = step
    return s, log_pmf, float(slopes[2])


def _smallest_scale(tail: Tail, beta: float) -> float:
    """Where the hazard over the whole support is next to nothing: smaller ones are no different."""
    if tail.high == inf:
        return -_LARGEST_SCALE
    length = beta * log1p((tail.high + 1 - tail.low) / tail.low)
    log_growth = beta * log(tail.low / tail.centre) + length + log(-expm1(-length)) - log(beta)
    return _LOG_NEGLIGIBLE - log_growth
