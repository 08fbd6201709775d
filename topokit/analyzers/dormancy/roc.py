"""How well one number tells two classes apart: area under the ROC curve, and the table at a threshold."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray

CONFIDENCE = 0.95


class Area(NamedTuple):
    """Area under the ROC curve.

    Attributes
    ----------
    auc : float
        Chance that a positive scores above a negative, ties counting half; NaN where that means nothing.
    low, high : float
        Interval of 95 %.
    interval : str
        How the interval was made: ``"DeLong"`` (on the logit scale), ``"Newcombe"``, or ''.
    reason : str
        Why `auc` is NaN.
    """

    auc: float
    low: float
    high: float
    interval: str
    reason: str


class Confusion(NamedTuple):
    """Predicted against actual classes.

    Attributes
    ----------
    tp, fp, fn, tn : int
        True and false positives, false and true negatives.
    precision, recall, kappa : float
        tp / (tp + fp), tp / (tp + fn), Cohen's kappa; NaN where nothing is to be divided by.
    """

    tp: int
    fp: int
    fn: int
    tn: int
    precision: float
    recall: float
    kappa: float


def undefined(reason: str) -> Area:
    """An area that means nothing, and why."""
    return Area(np.nan, np.nan, np.nan, "", reason)


def area_under_roc(scores: NDArray[np.integer] | NDArray[np.floating], positive: NDArray[np.bool_]) -> Area:
    """Area under the ROC curve of `scores` for `positive`, (n,) each, both classes and two values present.

    The Mann-Whitney statistic over the number of pairs, exact with ties. The interval takes DeLong's variance to the
    logit scale, so that it stays within 0 and 1. Where that variance is 0 (perfect separation) or a class has a single
    member, Newcombe's score interval is taken instead, which is not empty there.

    References
    ----------
    DeLong, DeLong and Clarke-Pearson (1988), Eqs. 3 to 5; Newcombe (2006), method 5.
    """
    ranks = scipy.stats.rankdata(scores)
    above, below = ranks[positive], ranks[~positive]
    m, n = len(above), len(below)
    auc = float((2 * above.sum() - m * (m + 1)) / (2 * m * n))
    if min(m, n) > 1:
        of_positives = (above - scipy.stats.rankdata(above)) / n
        of_negatives = 1 - (below - scipy.stats.rankdata(below)) / m
        variance = of_positives.var(ddof=1) / m + of_negatives.var(ddof=1) / n
        if variance > 0:
            half = scipy.special.ndtri((1 + CONFIDENCE) / 2) * np.sqrt(variance) / (auc * (1 - auc))
            low, high = scipy.special.expit(scipy.special.logit(auc) + half * np.array([-1, 1])).tolist()
            return Area(auc, low, high, "DeLong", "")
    return Area(auc, *newcombe_interval(auc, m, n), "Newcombe", "")


def newcombe_interval(auc: float, m: int, n: int) -> tuple[float, float]:
    """Score interval of 95 % for an area from `m` positives and `n` negatives.

    Its ends are the areas whose own standard error puts `auc` at 1.96 of them, with the variance
    ``a (1 - a) (1 + ((m + n) / 2 - 1) ((1 - a) / (2 - a) + a / (1 + a))) / (m n)``.

    References
    ----------
    Newcombe (2006), method 5.
    """
    z = scipy.special.ndtri((1 + CONFIDENCE) / 2)

    def beyond(area: float) -> float:
        spread = 1 + ((m + n) / 2 - 1) * ((1 - area) / (2 - area) + area / (1 + area))
        return float((auc - area) ** 2 - z * z * area * (1 - area) * spread / (m * n))

    # At 0 and 1 the equation holds trivially, which is not the root looked for.
    edge = 1e-12
    low = 0.0 if auc == 0 else scipy.optimize.brentq(beyond, 0.0, min(auc, 1 - edge))
    high = 1.0 if auc == 1 else scipy.optimize.brentq(beyond, max(auc, edge), 1.0)
    return float(low), float(high)


def confusion(predicted: NDArray[np.bool_], actual: NDArray[np.bool_]) -> Confusion:
    """The table of two boolean vectors (n,).

    References
    ----------
    Cohen (1960), kappa: agreement beyond chance over the most there could be.
    """
    tp, fp = int((predicted & actual).sum()), int((predicted & ~actual).sum())
    fn, tn = int((~predicted & actual).sum()), int((~predicted & ~actual).sum())
    n = tp + fp + fn + tn
    by_chance = (tp + fp) * (tp + fn) + (fn + tn) * (fp + tn)
    return Confusion(
        tp,
        fp,
        fn,
        tn,
        precision=_share(tp, tp + fp),
        recall=_share(tp, tp + fn),
        kappa=_share(n * (tp + tn) - by_chance, n * n - by_chance),
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else np.nan
