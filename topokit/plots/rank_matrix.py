"""Rank correlation of the degrees at all pairs of checkpoints."""

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


@overload
def rank_matrix(result: RankCorrelation, *, ax: Axes | None = None) -> Axes: ...
@overload
def rank_matrix(result: Mapping[str, RankCorrelation], *, ax: None = None) -> Figure: ...
def rank_matrix(result: RankCorrelation | Mapping[str, RankCorrelation], *, ax: Axes | None = None) -> Axes | Figure:
    """Kendall's tau-b between the degree vectors of all pairs of checkpoints, 0 light to 1 dark.

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
            say(axes, "no ranking:\nall degrees are equal")

    return draw(result, paint, ax=ax, key=colour_bar("Kendall τ-b", extend="min"), images=True)
