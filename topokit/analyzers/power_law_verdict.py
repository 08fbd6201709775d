"""What a power-law test allows to say, in words."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan
from typing import NamedTuple

from topokit.analyzers.likelihood_ratios import LikelihoodRatio

RULED_OUT_BELOW = 0.1
STEEPEST = 6.0
SMALLEST_TAIL_FRACTION = 0.1


class Verdict(NamedTuple):
    """One of the words of `judge`, and why."""

    verdict: str
    reason: str


def judge(
    alpha: float, p_value: float, tail_fraction: float, ratios: Mapping[str, LikelihoodRatio], problem: str = ""
) -> Verdict:
    """Put a power-law test into words; never that the data *are* a power law.

    The first that applies of: undefined (`problem`), not heavy-tailed (alpha > 6 or alpha <= 0), undefined (no
    p-value), ruled out (p < 0.1), alternative favoured (R < 0 with p < 0.1), tail only (the fit holds less than
    10 % of the values), supported (better than exponential and lognormal, p < 0.1 each), not ruled out. The p of
    the likelihood ratios are corrected for their number (Holm); degenerate ones decide nothing.

    A threshold above 0.1 would not be stricter: p is uniform when the power law is true, and "p < 0.95" rejects
    95 % of true power laws.
    """
    if problem:
        return Verdict("undefined", problem)
    if alpha > STEEPEST or alpha <= 0:
        shape = f"falls faster than k^-{STEEPEST:g}" if alpha > 0 else "does not fall"
        return Verdict("not heavy-tailed", f"alpha = {alpha:.3g}: the distribution {shape}")
    if isnan(p_value):
        return Verdict("undefined", "the goodness of fit was not tested: ask for replicates")
    if p_value < RULED_OUT_BELOW:
        return Verdict("ruled out", f"p = {p_value:.3g} < {RULED_OUT_BELOW}: a power law seldom lies that far off")
    return _against_alternatives(p_value, tail_fraction, ratios)


def _against_alternatives(p_value: float, tail_fraction: float, ratios: Mapping[str, LikelihoodRatio]) -> Verdict:
    corrected = holm({name: ratio.p for name, ratio in ratios.items() if not ratio.degenerate})
    clear = {name: ratios[name].R for name, p in corrected.items() if p < RULED_OUT_BELOW}
    better = [name for name, ratio in clear.items() if ratio < 0]
    worse = [name for name, ratio in clear.items() if ratio > 0]
    if better:
        best = min(better, key=lambda name: clear[name])
        words = f"{best.replace('_', ' ')} fits better: R = {clear[best]:.3g}, p = {corrected[best]:.2g}"
        return Verdict("alternative favoured", words)
    if tail_fraction < SMALLEST_TAIL_FRACTION:
        return Verdict("tail only", f"p = {p_value:.3g}, but the fit holds {tail_fraction:.1%} of the values")
    if {"exponential", "lognormal"} <= set(worse):
        return Verdict("supported", f"p = {p_value:.3g}, and exponential and lognormal fit worse")
    open_ones = [name.replace("_", " ") for name in ratios if name not in worse]
    return Verdict("not ruled out", f"p = {p_value:.3g}, but no better than {' or '.join(open_ones)}")


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """p-values corrected for their number by Holm's step-down method."""
    corrected, largest = {}, 0.0
    for rank, name in enumerate(sorted(p_values, key=lambda key: p_values[key])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[name]))
        corrected[name] = largest
    return corrected
