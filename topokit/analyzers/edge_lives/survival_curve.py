"""Survival curves of counted lives, their half-lives, and whether several are alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray

from topokit.errors import ParameterError

Interval = Literal["log-log", "linear"]

Counts = NDArray[np.int64]
Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class SurvivalCurve:
    """The product-limit estimate at each age at which a life ended or was lost from sight.

    Attributes
    ----------
    ages : ndarray, shape (A,)
        Ascending.
    at_risk, ended, censored : ndarray of int64, shape (A,)
        Lives at least that old, those that ended at that age, and those not seen beyond it.
    survival, std_error, low, high : ndarray, shape (A,)
        Share that lives longer, Greenwood's standard error, and pointwise limits; the last three are NaN once
        nothing is left alive.
    """

    ages: Values
    at_risk: Counts
    ended: Counts
    censored: Counts
    survival: Values
    std_error: Values
    low: Values
    high: Values

    def at(self, ages: Values) -> Values:
        """Share that lives longer than each of these ages."""
        steps = np.concatenate([[1.0], self.survival])
        return np.asarray(steps[np.searchsorted(self.ages, ages, side="right")])

    @property
    def median(self) -> float:
        """The smallest age that at most half survive; infinite where more than half outlive what was seen, NaN where
        nothing lived."""
        return _first(self.ages, self.survival <= 0.5)

    @property
    def median_interval(self) -> tuple[float, float]:
        """The ages at which the lower and the upper limit come to one half (Brookmeyer and Crowley 1982)."""
        gone = self.survival == 0
        low = np.where(gone, 0.0, self.low)
        return _first(self.ages, low <= 0.5), _first(self.ages, self.high <= 0.5)


class LogRank(NamedTuple):
    """Statistic, degrees of freedom and p-value of the hypothesis that all groups live equally long."""

    statistic: float
    freedom: int
    p_value: float


def kaplan_meier(
    ages: Values, ended: Counts, censored: Counts, *, confidence: float = 0.95, interval: Interval = "log-log"
) -> SurvivalCurve:
    """The Kaplan-Meier estimate of how many live longer than each age.

    Parameters
    ----------
    ages : ndarray, shape (A,)
        Ascending; ages at which nothing happened and age 0 are left out of the curve.
    ended, censored : ndarray of int64, shape (A,)
        Lives that ended at, and that were not seen beyond, each age; those that end are counted first.
    confidence : float
        Of the pointwise limits.
    interval : {'log-log', 'linear'}
        Whether the limits are normal on the scale of log(-log S), or of S and cut at 0 and 1.

    References
    ----------
    Kaplan and Meier (1958); Greenwood (1926), the variance; Kalbfleisch and Prentice (1980), the log-log limits.
    """
    if interval not in ("log-log", "linear"):
        raise ParameterError(f"interval={interval!r}: use 'log-log' or 'linear'")
    leaving = ended + censored
    at_risk = np.cumsum(leaving[::-1])[::-1]
    seen = (leaving > 0) & (ages > 0)
    ages, ended, censored, at_risk = ages[seen], ended[seen], censored[seen], at_risk[seen]
    survival = np.cumprod(1 - ended / at_risk, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.sqrt(np.cumsum(ended / (at_risk * (at_risk - ended).astype(float))))
        std_error = survival * relative
        low, high = _limits(survival, relative, float(scipy.stats.norm.isf((1 - confidence) / 2)), interval)
    return SurvivalCurve(ages, at_risk, ended, censored, survival, std_error, low, high)


def _limits(survival: Values, relative: Values, z: float, interval: Interval) -> tuple[Values, Values]:
    if interval == "linear":
        low, high = (np.clip(survival * (1 + sign * z * relative), 0, 1) for sign in (-1, 1))
        return low, high
    spread = z * relative / np.abs(np.log(survival))
    untouched = survival == 1
    low, high = (np.where(untouched, 1.0, survival ** np.exp(sign * spread)) for sign in (1, -1))
    return low, high


def log_rank(ended: Counts, censored: Counts) -> LogRank:
    """Mantel's log-rank test between groups; NaN with fewer than two groups or without an end.

    Parameters
    ----------
    ended, censored : ndarray of int64, shape (G, A)
        Per group and age, the ages ascending.

    References
    ----------
    Mantel (1966); Peto and Peto (1972).
    """
    present = (ended + censored).sum(axis=1) > 0
    ended, censored = ended[present].astype(float), censored[present].astype(float)
    if len(ended) < 2 or not ended.sum():
        return LogRank(np.nan, max(0, len(ended) - 1), np.nan)
    at_risk = np.cumsum((ended + censored)[:, ::-1], axis=1)[:, ::-1]
    some = at_risk.sum(axis=0) > 1
    ended, at_risk = ended[:, some], at_risk[:, some]
    total, ends = at_risk.sum(axis=0), ended.sum(axis=0)
    share = at_risk / total
    excess = (ended - ends * share).sum(axis=1)[:-1]
    factor = ends * (total - ends) / (total - 1)
    covariance = np.diag((share * factor).sum(axis=1)) - (share * factor) @ share.T
    statistic = float(excess @ np.linalg.pinv(covariance[:-1, :-1], hermitian=True) @ excess)
    return LogRank(statistic, len(ended) - 1, float(scipy.stats.chi2.sf(statistic, len(ended) - 1)))


def _first(ages: Values, reached: NDArray[np.bool_]) -> float:
    if not len(ages):
        return float("nan")
    return float(ages[np.argmax(reached)]) if reached.any() else float("inf")
