"""How far means over few runs may lie apart by chance: half of the 95 % confidence interval of their difference."""

from __future__ import annotations

from math import inf, isinf, nan, sqrt

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

_LEVEL = 0.975


def margin_of_means(deviations: tuple[float, float], runs: tuple[float, float], freedoms: tuple[float, float]) -> float:
    """Half width of the interval of a difference of two means whose deviations differ (Welch 1947).

    Parameters
    ----------
    deviations : (float, float)
        Standard deviations over runs.
    runs : (float, float)
        How many runs each mean is over.
    freedoms : (float, float)
        Degrees of freedom behind each deviation: runs less one; infinity for one that is known.
    """
    variances = [deviation**2 / number for deviation, number in zip(deviations, runs, strict=True)]
    spread = sum(part**2 / freedom for part, freedom in zip(variances, freedoms, strict=True))
    return _quantile(sum(variances) ** 2 / spread if spread else inf) * sqrt(sum(variances))


def difference(high: Values, low: Values) -> tuple[float, float]:
    """Difference of the means of two groups of runs, and its margin; NaN for fewer than two runs in either."""
    apart = float(high.mean() - low.mean())
    if min(high.size, low.size) < 2:
        return apart, nan
    deviations = float(high.std(ddof=1)), float(low.std(ddof=1))
    return apart, margin_of_means(deviations, (high.size, low.size), (high.size - 1, low.size - 1))


def paired_difference(high: Values, low: Values) -> tuple[float, float]:
    """The same of two numbers of each run, which need not be independent (Student 1908)."""
    apart = high - low
    if apart.size < 2:
        return float(apart.mean()), nan
    return float(apart.mean()), margin_of_one_more(float(apart.std(ddof=1)), apart.size, others=inf)


def margin_of_one_more(deviation: float, runs: int, *, others: float = 1) -> float:
    """How far from the mean of `runs` the mean of so many others may lie that vary alike, by chance."""
    return _quantile(runs - 1) * deviation * sqrt(1 / others + 1 / runs)


def _quantile(freedom: float) -> float:
    from scipy.special import ndtri, stdtrit

    return float(ndtri(_LEVEL) if isinf(freedom) else stdtrit(freedom, _LEVEL))
