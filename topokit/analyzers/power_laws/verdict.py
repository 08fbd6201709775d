"""What a power-law test allows to say, in words; and what others would say of the same numbers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import isnan, nan
from typing import NamedTuple

from topokit.analyzers.multiple_tests import holm
from topokit.analyzers.power_laws.likelihood_ratios import LikelihoodRatio

RULED_OUT_BELOW = 0.1
STEEPEST = 6.0
SMALLEST_TAIL = 50
SMALLEST_TAIL_FRACTION = 0.1

# The words of `judge`, in the order in which they are considered.
VERDICTS = (
    "undefined",
    "not heavy-tailed",
    "ruled out",
    "alternative favoured",
    "tail only",
    "supported",
    "not ruled out",
)

# Broido and Clauset (2019), from the least to the most; what the others are short of is said in `scale_free_class`.
CLASSES = ("not scale-free", "super-weak", "weakest", "weak", "strong")
_THEIR_ALTERNATIVES = ("exponential", "lognormal", "stretched_exponential", "truncated_power_law")

# What "supported" asks to fit worse.
_TOLD_FROM = ("exponential", "lognormal")
# That of some 35 replicates: after a third of them not even p = 0 is told from 0.1.
_WIDEST_INTERVAL = 0.2

PAPERS_THRESHOLD = 0.95


class Verdict(NamedTuple):
    """One of the words of `judge`, and why."""

    verdict: str
    reason: str


def judge(
    alpha: float,
    p_value: float,
    tail_fraction: float,
    ratios: Mapping[str, LikelihoodRatio],
    problem: str = "",
    *,
    n_tail: int = SMALLEST_TAIL,
    p_interval: tuple[float, float] = (nan, nan),
) -> Verdict:
    """Put a power-law test into words; never that the data *are* a power law.

    The first that applies of: undefined (`problem`, or fewer than 50 values in the tail), not heavy-tailed
    (alpha > 6 or alpha <= 0), undefined (no p-value, or one of so few replicates that its interval holds 0.1 and is
    wider than 0.2), ruled out (p < 0.1), alternative favoured (R < 0 with p < 0.1), tail only (the fit holds less
    than 10 % of the values), supported (better than exponential and lognormal, p < 0.1 each), not ruled out. The p
    of the likelihood ratios are corrected for their number (Holm); degenerate ones decide nothing, and are not named
    among those that the power law is no better than.

    A threshold above 0.1 would not be stricter: p is uniform when the power law is true, and "p < 0.95" rejects
    95 % of true power laws.
    """
    if problem:
        return Verdict("undefined", problem)
    if n_tail < SMALLEST_TAIL:
        return Verdict("undefined", f"inconclusive: {n_tail} values in the tail, fewer than {SMALLEST_TAIL}")
    if alpha > STEEPEST or alpha <= 0:
        shape = f"falls faster than k^-{STEEPEST:g}" if alpha > 0 else "does not fall"
        return Verdict("not heavy-tailed", f"alpha = {alpha:.3g}: the distribution {shape}")
    if isnan(p_value):
        return Verdict("undefined", "the goodness of fit was not tested: ask for replicates")
    low, high = p_interval
    undecided = low < RULED_OUT_BELOW <= high
    if undecided and high - low > _WIDEST_INTERVAL:
        few = f"inconclusive: after so few replicates p may be {low:.2g} to {high:.2g}, ask for 100 or more"
        return Verdict("undefined", few)
    doubt = f"; p may be {low:.2g} to {high:.2g}, ask for more replicates" if undecided else ""
    if p_value < RULED_OUT_BELOW:
        words = f"p = {p_value:.3g} < {RULED_OUT_BELOW}: a power law seldom lies that far off"
        return Verdict("ruled out", words + doubt)
    verdict, reason = _against_alternatives(p_value, tail_fraction, ratios)
    return Verdict(verdict, reason + doubt)


def _against_alternatives(p_value: float, tail_fraction: float, ratios: Mapping[str, LikelihoodRatio]) -> Verdict:
    corrected = corrected_ratios(ratios)
    clear = {name: ratios[name].R for name, p in corrected.items() if p < RULED_OUT_BELOW}
    better = [name for name, ratio in clear.items() if ratio < 0]
    worse = [name for name, ratio in clear.items() if ratio > 0]
    if better:
        best = min(better, key=lambda name: clear[name])
        words = f"{best.replace('_', ' ')} fits better: R = {clear[best]:.3g}, p = {corrected[best]:.2g}"
        return Verdict("alternative favoured", words)
    if tail_fraction < SMALLEST_TAIL_FRACTION:
        return Verdict("tail only", f"p = {p_value:.3g}, but the fit holds {tail_fraction:.1%} of the values")
    undecided = _undecided(ratios, worse)
    if set(_TOLD_FROM) <= set(worse):
        return Verdict(
            "supported", "; ".join([f"p = {p_value:.3g}, and exponential and lognormal fit worse", *undecided])
        )
    return Verdict("not ruled out", f"p = {p_value:.3g}, but {'; '.join(undecided)}")


def _undecided(ratios: Mapping[str, LikelihoodRatio], worse: Collection[str]) -> list[str]:
    """What is to be said of the alternatives that fit neither better nor worse."""
    equals = [name.replace("_", " ") for name, ratio in ratios.items() if _decides(ratio) and name not in worse]
    limits = [name.replace("_", " ") for name, ratio in ratios.items() if ratio.degenerate and not isnan(ratio.p)]
    untested = [name for name in _TOLD_FROM if name not in ratios or isnan(ratios[name].p)]
    said = {
        "no better than {}": " or ".join(equals),
        "{} went to the limit of a power law, which decides nothing": " and ".join(limits),
        "{} could not be tested": " and ".join(untested),
    }
    return [words.format(names) for words, names in said.items() if names]


def corrected_ratios(ratios: Mapping[str, LikelihoodRatio]) -> dict[str, float]:
    """p of each ratio that decides something, corrected for their number."""
    decisive = {name: ratio.p for name, ratio in ratios.items() if _decides(ratio)}
    return dict(zip(decisive, holm(list(decisive.values())).tolist(), strict=True))


def _decides(ratio: LikelihoodRatio) -> bool:
    return not ratio.degenerate and not isnan(ratio.p)


def scale_free_classes(
    alpha: float, p_value: float, n_tail: int, ratios: Mapping[str, LikelihoodRatio]
) -> frozenset[str]:
    """Which of Broido and Clauset's (2019) classes one degree sequence meets.

    - super-weak: none of exponential, lognormal, stretched exponential and power law with cutoff is favoured over
      the power law (R < 0 with p < 0.1, uncorrected).
    - weakest: a power law is not ruled out (p >= 0.1).
    - weak: weakest, and at least 50 values in the tail.
    - strong: weak and super-weak, and 2 < alpha < 3.

    They ask these of a network's several degree sequences: at least half of them must meet a class; *strongest* is
    90 % strong and 95 % super-weak, so one sequence cannot tell it from strong. None of them asks that the power
    law be better than anything, or how much of the network the tail holds.
    """
    if isnan(p_value):
        return frozenset()
    their = [ratios[name] for name in _THEIR_ALTERNATIVES if name in ratios]
    favoured = any(ratio.R < 0 and ratio.p < RULED_OUT_BELOW for ratio in their if _decides(ratio))
    met = set() if favoured else {"super-weak"}
    if p_value >= RULED_OUT_BELOW:
        met.add("weakest")
        if n_tail >= SMALLEST_TAIL:
            met.add("weak")
            if not favoured and 2 < alpha < 3:
                met.add("strong")
    return frozenset(met)


def scale_free_class(met: frozenset[str]) -> str:
    """The last of `CLASSES` that is met."""
    return next((name for name in reversed(CLASSES) if name in met), CLASSES[0])


def papers_rule(p_value: float) -> str:
    """What the rule "reject the power law when p < 0.95" says: of Matab et al. (2024), for comparison only.

    Its defect: p is uniform when the power law is true, so the rule rejects 95 % of true power laws, and what it
    keeps is kept for being closer to its fit than chance allows.
    """
    if isnan(p_value):
        return "untested"
    kept = "rejected" if p_value < PAPERS_THRESHOLD else "kept"
    return f"{kept} (p < {PAPERS_THRESHOLD} rejects, and with it 95 % of true power laws)"
