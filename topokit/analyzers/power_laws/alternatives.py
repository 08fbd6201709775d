"""Other distributions for the tail of a histogram, fitted by maximum likelihood on the same integers.

Each takes distinct values, their counts, and the support `low` to `high` (possibly infinite), and is normalised
exactly on the support. Clauset, Shalizi and Newman (2009), Table 2.1 and section 5, who have them without bound.
"""

from __future__ import annotations

from math import inf

from topokit.analyzers.power_laws.tail_laws.families import (
    binomial,
    exponential,
    negative_binomial,
    poisson,
    truncated_power_law,
)
from topokit.analyzers.power_laws.tail_laws.intervals import lognormal, stretched_exponential
from topokit.analyzers.power_laws.tail_laws.tail import Alternative, Floats, Tail

# Free parameters of each; the number of trials of the binomial is known beforehand.
N_PARAMETERS = {
    "lognormal": 2,
    "exponential": 1,
    "truncated_power_law": 2,
    "stretched_exponential": 2,
    "poisson": 1,
    "binomial": 1,
    "negative_binomial": 2,
}
_LAWS = {
    "lognormal": lognormal,
    "exponential": exponential,
    "stretched_exponential": stretched_exponential,
    "poisson": poisson,
    "binomial": binomial,
    "negative_binomial": negative_binomial,
}


def fit_alternative(
    name: str, values: Floats, counts: Floats, low: float, high: float = inf, *, alpha: float
) -> Alternative:
    """The most likely member of a family on the tail.

    Parameters
    ----------
    name : str
        A key of `N_PARAMETERS`.
    values, counts : ndarray
        Distinct values from `low` to `high`, ascending, at least two; how often each occurs.
    low, high : float
        The support; the binomial needs a finite `high`, its number of trials.
    alpha : float
        Exponent of the most likely power law, which the truncated one falls back to.
    """
    tail = Tail(values, counts, low, high)
    return truncated_power_law(tail, alpha) if name == "truncated_power_law" else _LAWS[name](tail)
