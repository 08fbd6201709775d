"""Vuong's likelihood ratio tests of the power law against other distributions of the same tail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import erfc, exp, inf, isfinite, log, nan, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit.analyzers.multiple_tests import holm

if TYPE_CHECKING:
    from topokit.analyzers.power_laws.histogram import Histogram
    from topokit.analyzers.power_laws.tail_laws.tail import Alternative
    from topokit.analyzers.power_laws.zeta_fit import ZetaTail

ALTERNATIVES = (
    "lognormal",
    "exponential",
    "truncated_power_law",
    "stretched_exponential",
    "poisson",
    "binomial",
    "negative_binomial",
)
_NO_TRIALS = "left out: the values have no upper bound, which would be its number of trials; give xmax"
_NOT_FINITE = "left out: its likelihood is lost to rounding on values so large or so close together"


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
        The other distribution went to its limit, which is a power law, or was left out: there is nothing to decide.
    p_mix : float
        For the truncated power law, in which the power law is nested: p of the even mixture of chi-squared with no
        and with one degree of freedom, which holds at the boundary of its rate. NaN for the others.
    p_holm : float
        `p` corrected by Holm's method for the number of alternatives of this tail that decide something.
    log_likelihood : float
        The other distribution's.
    n_parameters : int
        Its free parameters.
    aicc, bic : float
        Its information criteria: Akaike's, corrected for small samples, and Schwarz's.
    weight, bic_weight : float
        Its share of exp(-criterion / 2) among the power law and all alternatives that decide something; the rest to
        1 is the power law's. NaN for those that do not.
    reason : str
        Why it was left out, or which limit it went to.
    """

    R: float
    z: float
    p: float
    parameters: Mapping[str, float] = field(default_factory=dict)
    degenerate: bool = False
    p_mix: float = nan
    p_holm: float = nan
    log_likelihood: float = nan
    n_parameters: int = 0
    aicc: float = nan
    bic: float = nan
    weight: float = nan
    bic_weight: float = nan
    reason: str = ""


def left_out(reason: str, parameters: Mapping[str, float] | None = None) -> LikelihoodRatio:
    """No test, and why."""
    return LikelihoodRatio(nan, nan, nan, parameters or {}, degenerate=True, reason=reason)


def likelihood_ratios(histogram: Histogram, tail: ZetaTail) -> dict[str, LikelihoodRatio]:
    """The power law against each alternative, on the values from xmin on.

    The binomial distribution has as many trials as the bound of the support; without a bound it is left out.

    Returns
    -------
    dict
        By the names in `ALTERNATIVES`.

    References
    ----------
    Vuong (1989); Clauset et al. (2009), section 5. The power law is nested in the truncated one, whose p is that
    of chi-squared with one degree of freedom at 2 |R|, and whose `p_mix` half of it (Self and Liang 1987, case 5).
    AICc: Hurvich and Tsai (1989).
    """
    data = histogram.tail(tail.xmin)
    reference = tail.log_pmf(data.values)
    tested = {name: _tested(name, data, tail, reference) for name in ALTERNATIVES}
    decisive = [name for name, test in tested.items() if not test.degenerate]
    corrected = dict(zip(decisive, holm([tested[name].p for name in decisive]).tolist(), strict=True))
    criteria = {"power_law": _criteria(float(data.counts @ reference), 1, data.n)}
    criteria |= {name: (test.aicc, test.bic) for name, test in tested.items() if not test.degenerate}
    weights, bic_weights = (_weights({name: pair[i] for name, pair in criteria.items()}) for i in (0, 1))
    return {
        name: replace(
            test,
            p_holm=corrected.get(name, nan),
            weight=weights.get(name, nan),
            bic_weight=bic_weights.get(name, nan),
        )
        for name, test in tested.items()
    }


def model_table(ratios: Mapping[str, LikelihoodRatio], log_likelihood: float, n_tail: int) -> pd.DataFrame:
    """The power law and its alternatives, the best AICc first.

    Parameters
    ----------
    ratios : mapping of str to LikelihoodRatio
        From `likelihood_ratios`.
    log_likelihood : float
        The power law's.
    n_tail : int
        Number of values in the tail.

    Returns
    -------
    DataFrame
        model, n_parameters, log_likelihood, aicc, weight, bic, bic_weight, R, z, p, p_mix, p_holm, degenerate,
        reason, and the parameters as text.
    """
    aicc, bic = _criteria(log_likelihood, 1, n_tail)
    own: dict[str, Any] = {"model": "power_law", "n_parameters": 1, "log_likelihood": log_likelihood}
    own |= {"aicc": aicc, "weight": _rest(ratios, "weight"), "bic": bic, "bic_weight": _rest(ratios, "bic_weight")}
    columns = [*own, "R", "z", "p", "p_mix", "p_holm", "degenerate", "reason"]
    rows = [own | {"degenerate": False, "reason": "", "parameters": ""}]
    for name, ratio in ratios.items():
        row = {column: getattr(ratio, column) for column in columns[1:]}
        words = ", ".join(f"{key} = {value:.6g}" for key, value in ratio.parameters.items())
        rows.append({"model": name} | row | {"parameters": words})
    return pd.DataFrame(rows, columns=[*columns, "parameters"]).sort_values("aicc", ignore_index=True)


def _tested(name: str, data: Histogram, tail: ZetaTail, reference: NDArray[np.float64]) -> LikelihoodRatio:
    from topokit.analyzers.power_laws.alternatives import (  # compiles its kernels on first use
        N_PARAMETERS,
        fit_alternative,
    )

    if name == "binomial" and tail.high == inf:
        return left_out(_NO_TRIALS)
    other = fit_alternative(name, data.values, data.counts, float(tail.xmin), tail.high, alpha=tail.alpha)
    log_likelihood = float(data.counts @ other.log_pmf)
    if not isfinite(log_likelihood):
        return left_out(_NOT_FINITE, other.parameters)
    aicc, bic = _criteria(log_likelihood, N_PARAMETERS[name], data.n)
    return replace(
        _vuong(reference, other, data.counts, nested=name == "truncated_power_law"),
        log_likelihood=log_likelihood,
        n_parameters=N_PARAMETERS[name],
        aicc=aicc,
        bic=bic,
        reason=other.remark,
    )


def _vuong(
    reference: NDArray[np.float64], other: Alternative, counts: NDArray[np.float64], *, nested: bool
) -> LikelihoodRatio:
    if nested and other.degenerate:
        return LikelihoodRatio(0.0, 0.0, 1.0, other.parameters, degenerate=True, p_mix=1.0)
    differences = reference - other.log_pmf
    n = counts.sum()
    ratio = float(counts @ differences)
    deviation = sqrt(float(counts @ (differences - ratio / n) ** 2) / n)
    z = ratio / (sqrt(n) * deviation) if deviation > 0 else 0.0
    if nested:
        p = erfc(sqrt(max(-ratio, 0.0)))
        return LikelihoodRatio(ratio, z, p, other.parameters, p_mix=p / 2 if ratio < 0 else 1.0)
    return LikelihoodRatio(ratio, z, erfc(abs(z) / sqrt(2)), other.parameters, other.degenerate)


def _criteria(log_likelihood: float, parameters: int, n: int) -> tuple[float, float]:
    """AICc (infinite where the sample is too small for it) and BIC."""
    spare = n - parameters - 1
    correction = 2 * parameters * (parameters + 1) / spare if spare > 0 else inf
    return 2 * parameters - 2 * log_likelihood + correction, parameters * log(n) - 2 * log_likelihood


def _weights(criteria: Mapping[str, float]) -> dict[str, float]:
    best = min(criteria.values())
    if not isfinite(best):
        return {}
    shares = {name: exp((best - value) / 2) for name, value in criteria.items()}
    total = sum(shares.values())
    return {name: share / total for name, share in shares.items()}


def _rest(ratios: Mapping[str, LikelihoodRatio], column: str) -> float:
    return 1 - float(np.nansum([getattr(ratio, column) for ratio in ratios.values()]))
