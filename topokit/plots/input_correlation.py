"""Correlation of input maps with the data over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, overload

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from topokit.plots.axis import times
from topokit.plots.curves import Curves, draw_curves

if TYPE_CHECKING:
    from topokit.analyzers import InputCorrelation

SIGNIFICANT = 0.05


@overload
def input_correlation(result: InputCorrelation, *, ax: Axes | None = None) -> Axes: ...
@overload
def input_correlation(result: Mapping[str, InputCorrelation], *, ax: None = None) -> Figure: ...
def input_correlation(
    result: InputCorrelation | Mapping[str, InputCorrelation], *, ax: Axes | None = None
) -> Axes | Figure:
    """Correlation of the input map with the data at each moment; rings mark moments with p < 0.05.

    Parameters
    ----------
    result : InputCorrelation, or mapping of str to InputCorrelation
        One, or several by label for a line each.
    ax : Axes, optional
        Where to draw a lone result.

    Returns
    -------
    Axes or Figure
        A figure for a mapping.
    """
    drawn = draw_curves(result, _curves, ax=ax, label="Correlation of map and data", limits=(None, None))
    axes = drawn.axes[0] if isinstance(drawn, Figure) else drawn
    axes.axhline(0, color="0.7", linewidth=0.6, zorder=0)
    for one in result.values() if isinstance(result, Mapping) else [result]:
        x, _ = times(one.moments)
        found = one.p_value < SIGNIFICANT
        axes.plot(x[found], one.correlation[found], "o", markersize=5, fillstyle="none", color="black")
    return drawn


def _curves(result: InputCorrelation) -> Curves:
    x, x_label = times(result.moments)
    name = "Spearman's rank correlation" if result.method == "spearman" else "Pearson's correlation"
    return Curves({name: (x, result.correlation)}, x_label)
