"""Whether runs of one kind lie above those of another, as far as their spread tells."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan

import numpy as np
from numpy.typing import ArrayLike

from topokit.papers.margins import difference, paired_difference
from topokit.papers.verdicts import Verdict, holds, not_comparable

CLOSE = "these runs do not tell: the difference lies within its 95 % interval around 0"
SINGLE = "single runs do not tell"

Groups = tuple[ArrayLike, ArrayLike]
"""Numbers of the runs that the paper has above, and of the others."""


def above(
    quantity: str, paper: str, high: ArrayLike, low: ArrayLike, *, source: str, why: str = "", paired: bool = False
) -> Verdict:
    """Whether the first runs have the larger mean, by more than the 95 % interval of the difference leaves to chance.

    Parameters
    ----------
    quantity, paper, source, why
        As in `topokit.papers.verdicts.holds`.
    high, low : array_like, shapes (n,) and (m,)
        The numbers of the runs that the paper has above, and of the others.
    paired : bool, optional
        Both groups are two numbers of the same runs, in the same order, so that n = m.
    """
    means = " and ".join(f"{np.asarray(runs, float).mean():.2f}" for runs in (high, low))
    apart, margin = _apart((high, low), paired)
    ours = means if isnan(margin) else f"{means}: {apart:+.2f} ± {margin:.2f} (95 % interval)"
    return all_above(quantity, paper, ours, [(high, low)], source=source, why=why, paired=paired)


def all_above(
    quantity: str,
    paper: str,
    ours: str,
    pairs: Sequence[Groups],
    *,
    source: str,
    why: str = "",
    paired: bool = False,
) -> Verdict:
    """Whether in every pair the first runs have the larger mean; `ours` has the numbers, the rest is as in `above`.

    One pair that is clearly the other way round contradicts; otherwise all must be clear.
    """
    found = [_apart(groups, paired) for groups in pairs]
    if any(isnan(margin) for _, margin in found) or not found:
        return not_comparable(quantity, paper, ours, source=source, why=SINGLE)
    if any(apart < -margin for apart, margin in found):
        return holds(quantity, paper, ours, False, source=source, why=why)
    if all(apart > margin for apart, margin in found):
        return holds(quantity, paper, ours, True, source=source)
    return not_comparable(quantity, paper, ours, source=source, why=CLOSE)


def _apart(groups: Groups, paired: bool) -> tuple[float, float]:
    high, low = (np.asarray(runs, float) for runs in groups)
    return paired_difference(high, low) if paired else difference(high, low)
