"""Topological distance of two networks beside that of random networks like them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from topokit.plots.canvas import own_axes
from topokit.plots.style import palette, style

if TYPE_CHECKING:
    from topokit.analyzers import ChanceLevel


def distance_chance(result: ChanceLevel, *, ax: Axes | None = None) -> Axes:
    """NNSTD of each layer and in total, beside the mean of the random pairs and their range.

    At the right stand the distances as shares of the chance level.

    Parameters
    ----------
    result : ChanceLevel
        The distance and its chance level.
    ax : Axes, optional
        Where to draw.
    """
    names = [*result.layer_names, "total"]
    with style():
        axes = own_axes(ax, ratio=max(0.36, 0.09 * len(names) + 0.24))
        places, colours = np.arange(len(names)), palette(2)
        low, high = result.replicates.min(axis=0), result.replicates.max(axis=0)
        spread = axes.barh(places, high - low, left=low, height=0.3, color=colours[1], alpha=0.5, label="their range")
        pairs = f"{len(result.replicates)} random pairs, same {result.null}: mean"
        mean = axes.plot(result.chance, places, "|", color="black", markersize=9, clip_on=False, label=pairs)
        given = axes.plot(
            result.distances, places, "o", color=colours[0], markersize=4, clip_on=False, label="these networks"
        )
        for place, share in enumerate(result.relative.tolist()):
            words = "" if np.isnan(share) else f"{100 * share:.0f} % of chance"
            axes.text(1.03, place, words, va="center", fontsize=6.5)
        axes.set_yticks(places, names)
        axes.set(xlim=(0, 1), ylim=(len(names) - 0.5, -0.5), xlabel="NNSTD (0 same wiring, 1 nothing shared)")
        axes.set_ylabel("Layer")
        shown = [*mean, spread] if np.isnan(result.total) else [*given, *mean, spread]
        axes.legend(handles=shown, loc="lower left", bbox_to_anchor=(0, 1))
        return axes
