"""The continuous power law on positive numbers, such as strengths: start of the tail, exponent, distance, replicates.

Clauset, Shalizi and Newman (2009): Eq. 3.1 for the exponent, section 3.3 for the start.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from topokit.analyzers.power_laws.histogram import Histogram
from topokit.analyzers.power_laws.zeta_fit import RULES
from topokit.kernels import pareto

_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class ParetoTail:
    """Density proportional to x ** -alpha for x >= xmin, and its distance from the data."""

    xmin: float
    alpha: float
    distance: float
    n_tail: int

    @property
    def sigma(self) -> float:
        """Standard error of alpha, (alpha - 1) / sqrt(n_tail): Clauset et al. (2009), Eq. 3.2."""
        return (self.alpha - 1) / sqrt(self.n_tail)

    def log_pmf(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Logarithm of the density."""
        heights = np.log(values) - log(self.xmin)
        densities: NDArray[np.float64] = log(self.alpha - 1) - log(self.xmin) - self.alpha * heights
        return densities

    def survival(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """P(X >= x), for x from xmin on."""
        shares: NDArray[np.float64] = np.exp((1 - self.alpha) * (np.log(values) - log(self.xmin)))
        return shares


def find_pareto_tail(sample: Histogram, *, xmin: float | None, min_tail: int, ks: str = "exact") -> ParetoTail:
    """The tail from `xmin` on, or the one with the smallest distance of all that keep `min_tail` values.

    Raises
    ------
    InsufficientDataError
        Fewer than three distinct positive values, or no tail of `min_tail` values, two of them distinct.
    """
    sample.check_distinct()
    held = sample if xmin is None else sample.tail(xmin)
    sample.check_tail(held.values[0] if xmin is None else xmin, min_tail)
    logs = np.log(held.values)
    if xmin is not None:
        alpha, reached = pareto.fixed_tail(logs, held.counts, log(xmin), RULES[ks])
        return ParetoTail(xmin, alpha, reached, held.n)
    first, alpha, reached = pareto.best_tail(logs, held.counts, min_tail, RULES[ks])
    return ParetoTail(float(held.values[first]), alpha, reached, int(held.counts[first:].sum()))


@dataclass(frozen=True)
class ParetoReplicates:
    """As `ZetaReplicates`, for the continuous law."""

    sample: Histogram
    tail: ParetoTail
    min_tail: int
    ks: str = "exact"

    @cached_property
    def _logs(self) -> NDArray[np.float64]:
        return np.repeat(np.log(self.sample.values), self.sample.counts.astype(np.int64))

    def fits(self, seeds: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Per seed: 1 when the replicate is closer to its own fit than the data to theirs, 0 when not, -1 unfitted."""
        logs = self._logs
        body = logs[: len(logs) - self.tail.n_tail] if self.min_tail else logs[:0]
        outcomes: NDArray[np.int64] = pareto.replicates_that_fit(
            body,
            self.sample.n - self.tail.n_tail,
            self.tail.n_tail,
            seeds,
            log(self.tail.xmin),
            self.tail.alpha,
            self.min_tail,
            self.tail.distance - _ROUNDING,
            RULES[self.ks],
        )
        return outcomes

    def resampled(self, seeds: NDArray[np.uint64]) -> NDArray[np.float64]:
        """Per seed: start, exponent, size and distance of the tail of data drawn from the data; NaN without a tail."""
        start = log(self.tail.xmin)
        found: NDArray[np.float64] = pareto.resampled_tails(
            self._logs, self.sample.n, seeds, start, self.min_tail, RULES[self.ks]
        )
        found[:, 0] = np.exp(found[:, 0])
        return found
