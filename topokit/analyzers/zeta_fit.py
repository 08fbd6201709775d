"""The discrete power law on plain integers: where its tail starts, its exponent, its distance, its p-value.

All sums are exact (`topokit.kernels.zeta`), so no exponent or start is out of reach, and hubs are never cut away:
an upper bound renormalises the model. Clauset, Shalizi and Newman (2009).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf, nan, sqrt

import numpy as np
from numpy.typing import NDArray

from topokit.errors import InsufficientDataError
from topokit.execute import progress
from topokit.kernels.zeta_samples import quantiles, replicates_that_fit, survival
from topokit.kernels.zeta_tails import (
    best_tail,
    distance,
    first_guess,
    fit_exponent,
    log_norm,
    log_variance,
    tail_sums,
)

# Equal distances may differ by rounding.
_ROUNDING = 1e-12
_FEWEST_DISTINCT = 3
_CHUNK = 250
_MOST_CATEGORIES = 2000


@dataclass(frozen=True, slots=True)
class Histogram:
    """Distinct positive values, ascending, and their counts, as floats; `n` counts zeros as well."""

    values: NDArray[np.float64]
    counts: NDArray[np.float64]
    n: int

    @classmethod
    def of(cls, integers: NDArray[np.int64]) -> Histogram:
        """The histogram of non-negative integers."""
        values, counts = np.unique(integers[integers > 0], return_counts=True)
        return cls(values.astype(np.float64), counts.astype(np.float64), len(integers))

    def tail(self, xmin: int) -> Histogram:
        """The values from `xmin` on."""
        first = int(np.searchsorted(self.values, xmin))
        counts = self.counts[first:]
        return Histogram(self.values[first:], counts, int(counts.sum()))


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


def find_tail(histogram: Histogram, *, xmin: int | None, high: float, min_tail: int) -> ZetaTail:
    """The tail from `xmin` on, or the one with the smallest distance of all that keep `min_tail` values.

    Raises
    ------
    InsufficientDataError
        Fewer than three distinct positive values, or no tail of `min_tail` values, two of them distinct.
    """
    distinct = len(histogram.values)
    if distinct < _FEWEST_DISTINCT:
        raise InsufficientDataError(
            f"{distinct} distinct positive values among {histogram.n}: a power law needs at least {_FEWEST_DISTINCT}"
        )
    tail = _scanned_tail(histogram, high, min_tail) if xmin is None else _fixed_tail(histogram, xmin, high)
    if tail is None or tail.n_tail < min_tail:
        held = histogram.tail(xmin or 1)
        raise InsufficientDataError(
            f"{held.n} values, {len(held.values)} of them distinct, from {xmin or 1} on: a tail needs at least "
            f"{max(min_tail, 2)}, two of them distinct"
        )
    return tail


def _scanned_tail(histogram: Histogram, high: float, min_tail: int) -> ZetaTail | None:
    first, alpha, reached = best_tail(histogram.values, histogram.counts, high, min_tail)
    if first < 0:
        return None
    n_tail = int(histogram.counts[first:].sum())
    return ZetaTail(int(histogram.values[first]), alpha, reached, n_tail, high)


def _fixed_tail(histogram: Histogram, xmin: int, high: float) -> ZetaTail | None:
    tail = histogram.tail(xmin)
    if len(tail.values) < 2:
        return None
    mean_log = tail_sums(tail.values, tail.counts)[1][0]
    alpha = fit_exponent(mean_log, xmin, high, first_guess(mean_log, xmin))
    return ZetaTail(xmin, alpha, distance(tail.values, tail.counts, alpha, xmin, high, inf), tail.n, high)


def bootstrap(
    histogram: Histogram, tail: ZetaTail, *, min_tail: int, replicates: int, rng: np.random.Generator
) -> tuple[float, int]:
    """How often data drawn from the fit lie at least as far from their own fit.

    Each replicate draws n values, from the observed ones below the tail or from the fitted tail, and is fitted
    as the data were: with a new search for the start, or with the same start where `min_tail` is 0.

    Returns
    -------
    p_value, failed
        p-value over the replicates that could be fitted, NaN without any; number of the others.
    """
    categories, shares = _categories(histogram, tail, scanned=min_tail > 0)
    outcomes = [np.empty(0, np.int64)]
    for start in progress(range(0, replicates, _CHUNK), "power-law replicates"):
        count = min(_CHUNK, replicates - start)
        draws = rng.multinomial(histogram.n, shares, size=count)
        far_starts = np.concatenate([[0], np.cumsum(draws[:, -1])])
        far = _beyond(tail, categories[-1] + 1, rng.random(far_starts[-1]))
        far = far[np.lexsort((far, np.repeat(np.arange(count), draws[:, -1])))]
        near = np.ascontiguousarray(draws[:, :-1])
        limit = tail.distance - _ROUNDING
        outcomes.append(replicates_that_fit(categories, near, far, far_starts, tail.xmin, tail.high, min_tail, limit))
    results = np.concatenate(outcomes)
    failed = int((results < 0).sum())
    fitted = replicates - failed
    return (float((results == 0).sum() / fitted) if fitted else nan), failed


def _categories(
    histogram: Histogram, tail: ZetaTail, *, scanned: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Values a replicate draws by their counts, and the probabilities of these and of any value above them."""
    body = histogram.values < tail.xmin
    values, counts = histogram.values[body & scanned], histogram.counts[body & scanned]
    others = histogram.n - tail.n_tail - counts.sum()
    steps = np.arange(tail.xmin, tail.xmin + _head_length(tail) + 1, dtype=np.float64)
    at_least = tail.survival(steps)
    in_tail = tail.n_tail * np.maximum(0, np.append(-np.diff(at_least), at_least[-1]))
    return np.concatenate([[0.0], values, steps[:-1]]), np.concatenate([[others], counts, in_tail]) / histogram.n


def _head_length(tail: ZetaTail) -> int:
    """Values from `xmin` on that each expect about one observation: worth a category."""
    length = float(_MOST_CATEGORIES)
    if tail.alpha > 1:
        length = tail.xmin * ((tail.n_tail * (tail.alpha - 1) / tail.xmin) ** (1 / tail.alpha) - 1)
    return int(min(max(1, ceil(length)), _MOST_CATEGORIES, tail.high - tail.xmin + 1))


def _beyond(tail: ZetaTail, start: float, uniforms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values of the tail from `start` on, by inversion of its survival function."""
    if not len(uniforms):
        return uniforms
    at_start = tail.survival(np.array([start]))
    values: NDArray[np.float64] = quantiles(at_start * (1 - uniforms), tail.alpha, tail.xmin, tail.high, start)
    return values
