"""Whether runs of one kind lie above those of another, as far as their spread tells."""

from __future__ import annotations

from math import isnan, nan, sqrt

import numpy as np
from numpy.typing import ArrayLike

from topokit.papers.verdicts import Verdict, holds, not_comparable


def gap(high: ArrayLike, low: ArrayLike) -> tuple[float, float]:
    """Difference of the means of two groups of runs, and its standard error; NaN for fewer than two in either."""
    above, below = np.asarray(high, float), np.asarray(low, float)
    difference = float(above.mean() - below.mean())
    if min(above.size, below.size) < 2:
        return difference, nan
    return difference, sqrt(above.var(ddof=1) / above.size + below.var(ddof=1) / below.size)


def above(quantity: str, paper: str, high: ArrayLike, low: ArrayLike, *, source: str, why: str = "") -> Verdict:
    """Whether the first runs have the larger mean, by two standard errors of the difference; closer ones do not tell.

    Parameters
    ----------
    quantity, paper, source, why
        As in `topokit.papers.verdicts.holds`.
    high, low : array_like, shapes (n,) and (m,)
        The numbers of the runs that the paper has above, and of the others.
    """
    difference, error = gap(high, low)
    means = " and ".join(f"{np.asarray(runs, float).mean():.2f}" for runs in (high, low))
    if isnan(error):
        return not_comparable(quantity, paper, means, source=source, why="single runs do not tell")
    ours = f"{means}: {difference:+.2f} ± {error:.2f}"
    if abs(difference) <= 2 * error or not difference:
        tells = "these runs do not tell: the difference is within two of its standard errors"
        return not_comparable(quantity, paper, ours, source=source, why=tells)
    return holds(quantity, paper, ours, difference > 0, source=source, why=why)
