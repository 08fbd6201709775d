"""What an exponent of gain or retention allows one to say, and nothing beyond it."""

from __future__ import annotations

import numpy as np

from topokit.analyzers.edge_lives.attachment_fit import FEWEST_UPDATES, ExponentFit

RICHER = "rich-get-richer supported"
BLIND = "not distinguishable from degree-blind"
POORER = "poor-get-richer"
UNDEFINED = "undefined"
MIXED = "mixed"
UNTOLD = "gain or early retention, not told apart"


def judge(fit: ExponentFit, p_value: float, level: float) -> tuple[str, str]:
    """The verdict on an exponent, and why.

    Parameters
    ----------
    fit : ExponentFit
        The exponent and its intervals.
    p_value : float
        Of degree-blind updates, corrected for the number of exponents looked at.
    level : float
        Largest p-value at which these are ruled out.
    """
    if fit.reason:
        return UNDEFINED, fit.reason
    low, high = fit.widest
    reason = f"exponent {fit.exponent:.2f}, widest interval {low:.2f} to {high:.2f}, p {_short(p_value)}"
    if not np.isfinite(fit.updates).all():
        reason += f", fewer than {FEWEST_UPDATES} updates" if len(fit.levels) < FEWEST_UPDATES else ", no bootstrap"
    if not p_value <= level or low <= 0 <= high:
        return BLIND, reason
    if low > 0:
        return RICHER, reason + (", less than proportional" if high < 1 else "")
    return POORER, reason


def of_lasting_births(verdict: str, reason: str, updates: int | None) -> tuple[str, str]:
    """The verdict on gain, and why, where several updates may lie between two networks (None: it is not known)."""
    if updates == 1 or verdict not in (RICHER, POORER):
        return verdict, reason
    if updates is None:
        return verdict, f"{reason}; unless every update was recorded, of births that lasted to the next network"
    return UNTOLD, f"{reason}; of births that lasted to the next network, through up to {updates} updates"


def combined(gain: str, retention: str) -> str:
    """The verdict on a neuron's prospects from those on gain and on retention."""
    said = {gain, retention} - {BLIND, UNDEFINED, UNTOLD}
    if len(said) == 2:
        return MIXED
    if said:
        return said.pop()
    if UNTOLD in (gain, retention):
        return UNTOLD
    return UNDEFINED if UNDEFINED in (gain, retention) else BLIND


def _short(p_value: float) -> str:
    return "unknown" if np.isnan(p_value) else "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"
