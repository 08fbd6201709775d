"""The continuous power law on positive numbers, such as strengths: start of the tail, exponent, distance, replicates.

Clauset, Shalizi and Newman (2009): Eq. 3.1 for the exponent, section 3.3 for the start.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from topokit.analyzers.power_laws.zeta_fit import RULES
from topokit.errors import InsufficientDataError
from topokit.kernels import pareto

_ROUNDING = 1e-12
_FEWEST_DISTINCT = 3


@dataclass(frozen=True, slots=True)
class Sample:
    """Distinct positive values, ascending, and their counts; `n` counts zeros as well."""

    values: NDArray[np.float64]
    counts: NDArray[np.float64]
    n: int

    @classmethod
    def of(cls, numbers: NDArray[np.float64]) -> Sample:
        """The sample of non-negative numbers."""
        values, counts = np.unique(numbers[numbers > 0], return_counts=True)
        return cls(values, counts.astype(np.float64), len(numbers))

    def tail(self, xmin: float) -> Sample:
        """The values from `xmin` on."""
        first = int(np.searchsorted(self.values, xmin))
        counts = self.counts[first:]
        return Sample(self.values[first:], counts, int(counts.sum()))


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
        densities: NDArray[np.float64] = log((self.alpha - 1) / self.xmin) - self.alpha * np.log(values / self.xmin)
        return densities

    def survival(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """P(X >= x), for x from xmin on."""
        shares: NDArray[np.float64] = (values / self.xmin) ** (1 - self.alpha)
        return shares


def find_pareto_tail(sample: Sample, *, xmin: float | None, min_tail: int, ks: str = "exact") -> ParetoTail:
    """The tail from `xmin` on, or the one with the smallest distance of all that keep `min_tail` values.

    Raises
    ------
    InsufficientDataError
        Fewer than three distinct positive values, or no tail of `min_tail` values, two of them distinct.
    """
    if len(sample.values) < _FEWEST_DISTINCT:
        raise InsufficientDataError(
            f"{len(sample.values)} distinct positive values among {sample.n}: a power law needs at least "
            f"{_FEWEST_DISTINCT}"
        )
    held = sample if xmin is None else sample.tail(xmin)
    if len(held.values) < 2 or held.counts.sum() < min_tail:
        raise InsufficientDataError(
            f"{held.counts.sum():.0f} values, {len(held.values)} of them distinct, from {xmin or 0:g} on (the largest "
            f"is {sample.values[-1]:g}): a tail needs at least {max(min_tail, 2)}, two of them distinct"
        )
    logs = np.log(held.values)
    if xmin is not None:
        alpha, reached = pareto.fixed_tail(logs, held.counts, log(xmin), RULES[ks])
        return ParetoTail(xmin, alpha, reached, held.n)
    first, alpha, reached = pareto.best_tail(logs, held.counts, min_tail, RULES[ks])
    return ParetoTail(float(held.values[first]), alpha, reached, int(held.counts[first:].sum()))


@dataclass(frozen=True, slots=True)
class ParetoReplicates:
    """As `ZetaReplicates`, for the continuous law."""

    sample: Sample
    tail: ParetoTail
    min_tail: int
    ks: str = "exact"

    def fits(self, seeds: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Per seed: 1 when the replicate is closer to its own fit than the data to theirs, 0 when not, -1 unfitted."""
        logs = np.repeat(np.log(self.sample.values), self.sample.counts.astype(np.int64))
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
        logs = np.repeat(np.log(self.sample.values), self.sample.counts.astype(np.int64))
        start = log(self.tail.xmin)
        found: NDArray[np.float64] = pareto.resampled_tails(
            logs, self.sample.n, seeds, start, self.min_tail, RULES[self.ks]
        )
        found[:, 0] = np.exp(found[:, 0])
        return found
