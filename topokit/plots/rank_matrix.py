"""Rank correlation of the neurons at all pairs of checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, overload

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from topokit.plots.panels import colour_bar, draw, heat, say
from topokit.plots.style import CORRELATION_COLOURS

if TYPE_CHECKING:
    from topokit.analyzers import RankCorrelation

_METHODS = {"kendall": "Kendall τ-b", "spearman": "Spearman ρ"}
_LONGEST = 16
_PLURALS = {"degree": "degrees", "strength": "strengths", "coreness": "shells"}


@overload
def rank_matrix(result: RankCorrelation, *, ax: Axes | None = None) -> Axes: ...
@overload
def rank_matrix(result: Mapping[str, RankCorrelation], *, ax: None = None) -> Figure: ...
def rank_matrix(result: RankCorrelation | Mapping[str, RankCorrelation], *, ax: Axes | None = None) -> Axes | Figure:
    """Rank correlation between the degree, strength or coreness vectors of all pairs of checkpoints, 0 light to 1 dark.

    As in Fig. 20 of Matab et al. (2024). Negative values share the colour of 0.

    Parameters
    ----------
    result : RankCorrelation, or mapping of str to RankCorrelation
        One, or several by label for a panel each.
    ax : Axes, optional
        Where to draw a lone result.

    Returns
    -------
    Axes or Figure
        A figure for a mapping.
    """

    def paint(axes: Axes, one: RankCorrelation) -> None:
        heat(axes, one.matrix, one.labels, CORRELATION_COLOURS)
        if np.isnan(one.matrix).all():
            say(axes, f"no ranking:\nall {_PLURALS[one.of]} are equal")

    return draw(result, paint, ax=ax, key=colour_bar(_label(result), extend="min"), images=True)


def _label(result: RankCorrelation | Mapping[str, RankCorrelation]) -> str:
    """What the colours are: the measure if all results share it."""
    shown = list(result.values()) if isinstance(result, Mapping) else [result]
    names = {_measure(one) for one in shown}
    return names.pop() if len(names) == 1 else "Rank correlation"


def _measure(result: RankCorrelation) -> str:
    side = "" if result.kind == "total" else f"{result.kind}-"
    neurons = f"{result.selection} neurons" if len(result.selection) <= _LONGEST else f"{len(result.layers)} layers"
    return f"{_METHODS[result.method]} of {side}{result.of}\n{neurons}"
