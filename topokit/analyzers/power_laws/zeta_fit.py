"""The discrete power law on plain integers: where its tail starts, its exponent, its distance, its p-value.

All sums are exact (`topokit.kernels.zeta`), so no exponent or start is out of reach, and hubs are never cut away:
an upper bound renormalises the model. Clauset, Shalizi and Newman (2009).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
from numpy.typing import NDArray

from topokit.analyzers.power_laws.histogram import Histogram
from topokit.kernels.zeta_samples import survival
from topokit.kernels.zeta_tails import (
    EXACT,
    PLFIT,
    best_tail,
    distance,
    log_norm,
    log_variance,
    tail_exponent,
    tail_sums,
)

RULES = {"exact": EXACT, "plfit": PLFIT}


@dataclass(frozen=True, slots=True)
class ZetaTail:
    """P(k) proportional to k ** -alpha for xmin <= k <= high, and its distance from the data."""

    xmin: int
    alpha: float
    distance: float
    n_tail: int
    high: float

    @property
    def sigma(self) -> float:
        """Standard error of alpha from the exact Fisher information, 1 / sqrt(n_tail Var(log k)).

        NaN where the variance of huge neighbouring values is lost to rounding.
        """
        variance = log_variance(self.alpha, self.xmin, self.high)
        return 1 / sqrt(self.n_tail * variance) if variance > 0 else nan

    def log_pmf(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Logarithm of P(k), for k in the support."""
        return -self.alpha * np.log(values) - log_norm(self.alpha, self.xmin, self.high)

    def survival(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """P(X >= k), for k from xmin on."""
        shares: NDArray[np.float64] = survival(values, self.alpha, self.xmin, self.high)
        return shares


def find_tail(
    histogram: Histogram, *, xmin: int | None, high: float, min_tail: int, ks: str = "exact", grid: float = 0.0
) -> ZetaTail:
    """The tail from `xmin` on, or the one with the smallest distance of all that keep `min_tail` values.

    With a `grid` the exponents are its multiples from 1.5 to 3.5, as in the program that Clauset et al. published
    their p-values with; it is for reproducing them.

    Raises
    ------
    InsufficientDataError
        Fewer than three distinct positive values, or no tail of `min_tail` values, two of them distinct.
    """
    histogram.check_distinct()
    rule = RULES[ks]
    if xmin is None:
        tail = _scanned_tail(histogram, high, min_tail, rule, grid)
    else:
        histogram.check_tail(xmin, min_tail)
        tail = _fixed_tail(histogram, xmin, high, rule, grid)
    if tail is None:
        raise histogram.too_short(1, min_tail)
    return tail


def _scanned_tail(histogram: Histogram, high: float, min_tail: int, rule: int, grid: float) -> ZetaTail | None:
    first, alpha, reached = best_tail(histogram.values, histogram.counts, high, min_tail, rule, grid)
    if first < 0:
        return None
    n_tail = int(histogram.counts[first:].sum())
    return ZetaTail(int(histogram.values[first]), alpha, reached, n_tail, high)


def _fixed_tail(histogram: Histogram, xmin: int, high: float, rule: int, grid: float) -> ZetaTail:
    tail = histogram.tail(xmin)
    mean_log = tail_sums(tail.values, tail.counts)[2][0]
    alpha = tail_exponent(mean_log, xmin, high, grid)
    return ZetaTail(xmin, alpha, distance(tail.values, tail.counts, alpha, xmin, high, rule), tail.n, high)
