"""Vuong's likelihood ratio tests of the power law against other distributions of the same tail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import erfc, isfinite, nan, sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from topokit.analyzers.alternatives import Alternative
    from topokit.analyzers.zeta_fit import Histogram, ZetaTail

ALTERNATIVES = ("lognormal", "exponential", "truncated_power_law")


@dataclass(frozen=True, slots=True)
class LikelihoodRatio:
    """One test of the power law against another distribution.

    Attributes
    ----------
    R : float
        Log-likelihood of the power law minus that of the other; R > 0 favours the power law.
    z : float
        R over its standard deviation, R / (sqrt(n) s).
    p : float
        Probability of so large a |R| when neither is better.
    parameters : mapping of str to float
        The other distribution's.
    degenerate : bool
        The other distribution went to its limit, which is a power law: there is nothing to decide.
    """

    R: float
    z: float
    p: float
    parameters: Mapping[str, float] = field(default_factory=dict)
    degenerate: bool = False


def likelihood_ratios(histogram: Histogram, tail: ZetaTail) -> dict[str, LikelihoodRatio]:
    """The power law against lognormal, exponential and truncated power law, on the values from xmin on.

    Returns
    -------
    dict
        By the names in `ALTERNATIVES`.

    References
    ----------
    Vuong (1989); Clauset et al. (2009), section 5. The power law is nested in the truncated one, whose p is that
    of chi-squared with one degree of freedom at 2 |R|.
    """
    from topokit.analyzers.alternatives import exponential, lognormal, truncated_power_law  # scipy.optimize is heavy

    data = histogram.tail(tail.xmin)
    place = (data.values, data.counts, float(tail.xmin), tail.high)
    reference = tail.log_pmf(data.values)
    cutoff = truncated_power_law(*place, alpha=tail.alpha)
    return {
        "lognormal": _vuong(reference, lognormal(*place), data.counts),
        "exponential": _vuong(reference, exponential(*place), data.counts),
        "truncated_power_law": _vuong(reference, cutoff, data.counts, nested=True),
    }


def _vuong(
    reference: NDArray[np.float64], other: Alternative, counts: NDArray[np.float64], *, nested: bool = False
) -> LikelihoodRatio:
    differences = reference - other.log_pmf
    n = counts.sum()
    ratio = float(counts @ differences)
    deviation = sqrt(float(counts @ (differences - ratio / n) ** 2) / n)
    z = ratio / (sqrt(n) * deviation) if deviation > 0 else 0.0
    if not isfinite(ratio):
        return LikelihoodRatio(nan, nan, nan, other.parameters, degenerate=True)
    p = erfc(sqrt(abs(ratio))) if nested else erfc(abs(z) / sqrt(2))
    return LikelihoodRatio(ratio, z, p, other.parameters, other.degenerate)
