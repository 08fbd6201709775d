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

    The numbers at the right are the distances as shares of the chance level.

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
        axes.errorbar(
            result.chance,
            places,
            xerr=[result.chance - low, high - result.chance],
            fmt="|",
            color=colours[1],
            markersize=9,
            elinewidth=4,
            alpha=0.8,
            label=f"{len(result.replicates)} random pairs, same {result.null} (mean, range)",
        )
        axes.plot(result.distances, places, "o", color=colours[0], markersize=4, label="these networks")
        for place, share in enumerate(result.relative.tolist()):
            axes.text(
                1.02, place, "" if np.isnan(share) else f"{share:.0%}".replace("%", " %"), va="center", fontsize=6.5
            )
        axes.set_yticks(places, names)
        axes.set(xlim=(0, 1), ylim=(len(names) - 0.5, -0.5), xlabel="NNSTD (0 same wiring, 1 nothing shared)")
        axes.set_ylabel("Layer")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1))
        return axes
