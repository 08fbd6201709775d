"""Moran's I of input maps over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, overload

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from topokit.plots.axis import times
from topokit.plots.curves import Curves, draw_curves
from topokit.plots.style import style

if TYPE_CHECKING:
    from topokit.analyzers import MoranTest

_WORDS = {"count": "connections", "weight": "weights", "absolute": "absolute weights"}

# 95 % of a normal law lie within so many standard deviations.
_WITHIN = 1.96


@overload
def moran_evolution(result: MoranTest, *, ax: Axes | None = None) -> Axes: ...
@overload
def moran_evolution(result: Mapping[str, MoranTest], *, ax: None = None) -> Figure: ...
def moran_evolution(result: MoranTest | Mapping[str, MoranTest], *, ax: Axes | None = None) -> Axes | Figure:
    """Moran's I at each moment, and the range in which it lies when the pixels are shuffled.

    Parameters
    ----------
    result : MoranTest, or mapping of str to MoranTest
        One, or several by label for a line each; their ranges lie over each other.
    ax : Axes, optional
        Where to draw a lone result.

    Returns
    -------
    Axes or Figure
        A figure for a mapping.
    """
    drawn = draw_curves(result, _curves, ax=ax, label="Moran's I", limits=(None, None))
    axes = drawn.axes[0] if isinstance(drawn, Figure) else drawn
    several = list(result.values()) if isinstance(result, Mapping) else [result]
    with style():
        for one in several:
            _range(axes, one, opacity=0.4 / len(several))
        axes.set_autoscaley_on(True)
        axes.autoscale_view()
        if not isinstance(result, Mapping):
            axes.legend(loc="lower left", bbox_to_anchor=(0, 1))
    return drawn


def _curves(result: MoranTest) -> Curves:
    x, x_label = times(result.moments)
    return Curves({f"map of the {_WORDS[result.value]}": (x, result.statistic)}, x_label)


def _range(axes: Axes, result: MoranTest, *, opacity: float) -> None:
    x, _ = times(result.moments)
    low, high = (result.expected + side * _WITHIN * result.spread for side in (-1, 1))
    label = "95 % of shuffled maps"
    if len(x) == 1:
        axes.vlines(x, low, high, color="0.6", alpha=opacity, linewidth=6, label=label, zorder=0)
        return
    axes.fill_between(x, low, high, color="0.6", alpha=opacity, linewidth=0, label=label, zorder=0)
