"""How often a true power law is told from each alternative."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, overload

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from topokit.plots.panels import draw, legend
from topokit.plots.style import palette

if TYPE_CHECKING:
    from topokit.analyzers import PowerAnalysis

_PARTS = {"told": "power law better", "undecided": "undecided", "misled": "alternative better"}


@overload
def power_analysis(result: PowerAnalysis, *, ax: Axes | None = None) -> Axes: ...
@overload
def power_analysis(result: Mapping[str, PowerAnalysis], *, ax: None = None) -> Figure: ...
def power_analysis(result: PowerAnalysis | Mapping[str, PowerAnalysis], *, ax: Axes | None = None) -> Axes | Figure:
    """Shares of the samples of a true power law that are told from each alternative, are not, and are mistaken for it.

    The black lines are 95 % intervals of the first share.

    Parameters
    ----------
    result : PowerAnalysis, or mapping of str to PowerAnalysis
        One, or several by label for a panel each.
    ax : Axes, optional
        Where to draw a lone result.

    Returns
    -------
    Axes or Figure
        A figure for a mapping.
    """
    return draw(result, _paint, ax=ax, key=legend)


def _paint(ax: Axes, result: PowerAnalysis) -> None:
    table = result.frame
    places = np.arange(len(table))
    left = np.zeros(len(table))
    told, misled = palette(2)
    for (column, words), colour in zip(_PARTS.items(), (told, "0.85", misled), strict=True):
        width = table[column].to_numpy(float)
        ax.barh(places, width, left=left, color=colour, label=words, height=0.7)
        left += width
    ends = [table["told"] - table["told_low"], table["told_high"] - table["told"]]
    ax.errorbar(table["told"], places, xerr=np.clip(ends, 0, None), fmt="none", ecolor="black", elinewidth=0.8)
    ax.set(xlim=(0, 1), xlabel=f"Share of {len(result.trials):,} samples", ylabel="")
    ax.set_yticks(places, [name.replace("_", " ") for name in table["alternative"]])
    ax.invert_yaxis()
