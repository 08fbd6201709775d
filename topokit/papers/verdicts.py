"""What a paper says beside what was found: agree, disagree, or not comparable, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from math import inf, isnan, nan
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from topokit.papers.margins import margin_of_means, margin_of_one_more

Judgement = Literal["agree", "disagree", "not comparable"]

AGREE: Judgement = "agree"
DISAGREE: Judgement = "disagree"
NOT_COMPARABLE: Judgement = "not comparable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One statement of a paper, and what became of it.

    Attributes
    ----------
    quantity : str
        What is compared, with its unit.
    paper : float or str
        What the paper says.
    ours : float or str
        What was found; NaN where nothing was.
    spread : float
        Standard deviation of what was found over seeds or networks; NaN for a single one.
    tolerance : str
        How far both may lie apart, in words; empty where that is no question.
    verdict : {'agree', 'disagree', 'not comparable'}
        The outcome.
    why : str
        What explains it, or could; empty where the numbers speak.
    source : str
        Where the paper says so, such as "Table 1".
    """

    quantity: str
    paper: float | str
    ours: float | str
    spread: float = nan
    tolerance: str = ""
    verdict: Judgement
    why: str = ""
    source: str


def equals(
    quantity: str, paper: float, ours: float, *, source: str, tolerance: float = 0.0, spread: float = nan, why: str = ""
) -> Verdict:
    """Whether a number is the paper's, up to `tolerance`; `why` is what explains a difference."""
    apart = not abs(ours - paper) <= tolerance
    return Verdict(
        quantity=quantity,
        paper=paper,
        ours=ours,
        spread=spread,
        tolerance=f"{tolerance:g}" if tolerance else "exact",
        verdict=DISAGREE if apart else AGREE,
        why=why if apart else "",
        source=source,
    )


def mean_equals(
    quantity: str,
    paper: float,
    ours: ArrayLike,
    *,
    source: str,
    deviation: float,
    runs: int,
    why: str = "",
) -> Verdict:
    """Whether a mean over runs is the paper's, up to the 95 % confidence interval of their difference.

    Parameters
    ----------
    quantity, paper, source, why
        As in `equals`; `paper` is the published mean.
    ours : array_like, shape (n,)
        The number of each run; of a single one the spread is taken to be the paper's.
    deviation : float
        Published standard deviation over runs.
    runs : int
        How many runs the published mean is over; for a single one `deviation` is taken to be known.
    """
    values = np.asarray(ours, dtype=float)
    spread = float(values.std(ddof=1)) if values.size > 1 else nan
    known = runs - 1 if runs > 1 else inf
    own, freedom = (deviation, known) if isnan(spread) else (spread, values.size - 1)
    margin = margin_of_means((deviation, own), (runs, values.size), (known, freedom))
    return _near(quantity, paper, float(values.mean()), margin, spread=spread, source=source, why=why)


def one_more_run(
    quantity: str, paper: float, ours: ArrayLike, *, source: str, least: float = 0.0, why: str = ""
) -> Verdict:
    """Whether a published single number could be one more of our runs, by their 95 % prediction interval.

    Parameters
    ----------
    quantity, paper, source, why
        As in `equals`.
    ours : array_like, shape (n,)
        The number of each run.
    least : float, optional
        A standard deviation that runs have at least; the only one that is known of a single run.
    """
    values = np.asarray(ours, dtype=float)
    spread = float(values.std(ddof=1)) if values.size > 1 else nan
    sampled = margin_of_one_more(spread, values.size) if values.size > 1 else 0.0
    margin = max(sampled, margin_of_means((least, least), (1, values.size), (inf, inf)))
    return _near(quantity, paper, float(values.mean()), margin, spread=spread, source=source, why=why)


def _near(quantity: str, paper: float, ours: float, margin: float, *, spread: float, source: str, why: str) -> Verdict:
    found = equals(quantity, paper, ours, source=source, tolerance=margin, spread=spread, why=why)
    return replace(found, tolerance=f"{margin:.2g} (95 % interval)")


def lies_within(
    quantity: str, limits: tuple[float, float], ours: float, *, source: str, spread: float = nan, why: str = ""
) -> Verdict:
    """Whether a number lies in the closed interval that the paper tells, or that its words mean."""
    low, high = limits
    ends = [f"from {low:g}"] if np.isfinite(low) else []
    words = " ".join([*ends, *([f"to {high:g}"] if np.isfinite(high) else [])])
    inside = low <= ours <= high
    return Verdict(
        quantity=quantity,
        paper=words,
        ours=ours,
        spread=spread,
        tolerance="inside",
        verdict=AGREE if inside else DISAGREE,
        why="" if inside else why,
        source=source,
    )


def holds(quantity: str, paper: str, ours: str, truth: bool, *, source: str, why: str = "") -> Verdict:
    """Whether a statement in words, such as an order, holds; `ours` has the numbers that decide it."""
    return Verdict(
        quantity=quantity,
        paper=paper,
        ours=ours,
        verdict=AGREE if truth else DISAGREE,
        why="" if truth else why,
        source=source,
    )


def not_comparable(
    quantity: str, paper: float | str, ours: float | str = nan, *, source: str, why: str, spread: float = nan
) -> Verdict:
    """Numbers side by side that may differ for a reason, which `why` tells."""
    return Verdict(
        quantity=quantity, paper=paper, ours=ours, spread=spread, verdict=NOT_COMPARABLE, why=why, source=source
    )


def reduced(verdicts: Iterable[Verdict], why: str) -> tuple[Verdict, ...]:
    """The same numbers without a judgement, as after fewer epochs than the paper's; `why` says what was reduced."""
    return tuple(replace(verdict, verdict=NOT_COMPARABLE, tolerance="", why=why) for verdict in verdicts)


def verdict_table(verdicts: Sequence[Verdict]) -> pd.DataFrame:
    """A row a verdict, with the attributes of `Verdict` as columns."""
    names = [field.name for field in fields(Verdict)]
    return pd.DataFrame([[getattr(verdict, name) for name in names] for verdict in verdicts], columns=names)
