"""Topological distance of two networks, layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.axes import Axes

from topokit.plots.canvas import own_axes
from topokit.plots.style import palette, style

if TYPE_CHECKING:
    from topokit.analyzers import TopologyDistance


def distance_layers(result: TopologyDistance, *, ax: Axes | None = None) -> Axes:
    """NNSTD of each layer as a bar, their mean as a dashed line.

    Parameters
    ----------
    result : TopologyDistance
        The distance of two networks.
    ax : Axes, optional
        Where to draw.
    """
    with style():
        axes = own_axes(ax, ratio=max(0.3, 0.09 * len(result.layer_names) + 0.2))
        axes.barh(result.layer_names, result.layers, color=palette(1)[0], height=0.6)
        for place, value in enumerate(result.layers):
            axes.text(1.02, place, f"{value:.3f}", va="center", fontsize=6.5)
        axes.axvline(result.total, color="black", linestyle="--", linewidth=0.8, label=f"mean {result.total:.3f}")
        axes.invert_yaxis()
        axes.set(xlim=(0, 1), xlabel="NNSTD (0 same wiring, 1 nothing shared)", ylabel="Layer")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1))
        return axes
