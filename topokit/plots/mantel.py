"""The correlation of two tables of distances beside those of exchanged networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.axes import Axes

from topokit.plots.axis import count_axis
from topokit.plots.canvas import own_axes
from topokit.plots.style import palette, style

if TYPE_CHECKING:
    from topokit.analyzers import MantelTest


def mantel(result: MantelTest, *, ax: Axes | None = None) -> Axes:
    """Correlations under exchanged networks as a histogram, the one found as a line.

    Parameters
    ----------
    result : MantelTest
        The test.
    ax : Axes, optional
        Where to draw.
    """
    with style():
        axes = own_axes(ax)
        orders = f"{'all ' if result.exact else ''}{len(result.null):,} orders"
        axes.hist(result.null, bins=40, color=palette(1)[0], linewidth=0, label=orders)
        found = f"found: {result.correlation:.3f}, p = {result.p_value:.2g}"
        axes.axvline(result.correlation, color="black", linestyle="--", linewidth=0.8, label=found)
        axes.margins(x=0.05)
        count_axis(axes.yaxis)
        name = {"pearson": "Pearson's r", "spearman": "Spearman's ρ"}[result.method]
        axes.set(xlabel=f"{name} between {len(result.labels)} networks", ylabel="Orders of the networks")
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
        return axes
