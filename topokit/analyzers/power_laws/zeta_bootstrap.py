"""Synthetic data for a discrete power law: drawn from the fit for its p-value, from the data for its intervals."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import ceil

import numpy as np
from numpy.typing import NDArray

from topokit.analyzers.power_laws.histogram import Histogram
from topokit.analyzers.power_laws.zeta_fit import RULES, ZetaTail
from topokit.kernels.zeta_samples import replicates_that_fit, resampled_tails

# Equal distances may differ by rounding.
_ROUNDING = 1e-12
# Values that expect fewer observations than this are cheaper to draw one by one.
_WORTH_A_CATEGORY = 0.1
_MOST_CATEGORIES = 2000


@dataclass(frozen=True)
class ZetaReplicates:
    """Draws from a fit: the observed values below the tail and the fitted law in it, each fitted as the data were.

    Attributes
    ----------
    histogram, tail
        The data and their fit.
    min_tail : int
        Least size of a tail when each replicate searches its start anew; 0 keeps the start.
    ks : {'exact', 'plfit'}
        Where data and model are compared.
    grid : float
        As in `find_tail`.
    """

    histogram: Histogram
    tail: ZetaTail
    min_tail: int
    ks: str = "exact"
    grid: float = 0.0

    def fits(self, seeds: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Per seed: 1 when the replicate is closer to its own fit than the data to theirs, 0 when not, -1 unfitted."""
        categories, shares = self._drawn_from
        tail = self.tail
        outcomes: NDArray[np.int64] = replicates_that_fit(
            categories,
            shares,
            self.histogram.n,
            seeds,
            (tail.alpha, float(tail.xmin), tail.high),
            self.min_tail,
            tail.distance - _ROUNDING,
            RULES[self.ks],
            self.grid,
        )
        return outcomes

    def resampled(self, seeds: NDArray[np.uint64]) -> NDArray[np.float64]:
        """Per seed: start, exponent, size and distance of the tail of data drawn from the data; NaN without a tail."""
        values = np.concatenate([[0.0], self.histogram.values])
        counts = np.concatenate([[self.histogram.n - self.histogram.counts.sum()], self.histogram.counts])
        low = 1.0 if self.min_tail else float(self.tail.xmin)
        shares = among_the_rest(counts / self.histogram.n)
        rule = RULES[self.ks]
        tails: NDArray[np.float64] = resampled_tails(
            values, shares, self.histogram.n, seeds, low, self.tail.high, self.min_tail, rule
        )
        return tails

    @cached_property
    def _drawn_from(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        categories, shares = self.categories()
        return categories, among_the_rest(shares)

    def categories(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Values drawn by their counts, and the probabilities of these and of any value above them."""
        histogram, tail = self.histogram, self.tail
        body = (histogram.values < tail.xmin) & (self.min_tail > 0)
        values, counts = histogram.values[body], histogram.counts[body]
        others = histogram.n - tail.n_tail - counts.sum()
        steps = np.arange(tail.xmin, tail.xmin + _head_length(tail) + 1, dtype=np.float64)
        at_least = tail.survival(steps)
        in_tail = tail.n_tail * np.maximum(0, np.append(-np.diff(at_least), at_least[-1]))
        return np.concatenate([[0.0], values, steps[:-1]]), np.concatenate([[others], counts, in_tail]) / histogram.n


def among_the_rest(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each share over the sum of itself and those after it; the last, and any after which nothing is left, is 1."""
    rest = np.cumsum(shares[::-1])[::-1]
    answers = np.divide(shares, rest, out=np.ones_like(shares), where=rest > 0)
    answers[-1] = 1.0
    return np.minimum(answers, 1.0)


def _head_length(tail: ZetaTail) -> int:
    length = float(_MOST_CATEGORIES)
    if tail.alpha > 1:
        at_start = tail.n_tail * (tail.alpha - 1) / tail.xmin
        length = tail.xmin * ((at_start / _WORTH_A_CATEGORY) ** (1 / tail.alpha) - 1)
    return int(min(max(1, ceil(length)), _MOST_CATEGORIES, tail.high - tail.xmin + 1))
