"""The onion spectrum: how many neurons go at each step of the peeling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, overload

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from topokit.plots.axis import count_axis, plain_log
from topokit.plots.panels import draw, legend
from topokit.plots.style import palette

if TYPE_CHECKING:
    from topokit.analyzers import OnionLayers


@overload
def onion_spectrum(result: OnionLayers, *, ax: Axes | None = None, moment: int = -1) -> Axes: ...
@overload
def onion_spectrum(result: Mapping[str, OnionLayers], *, ax: None = None, moment: int = -1) -> Figure: ...
def onion_spectrum(
    result: OnionLayers | Mapping[str, OnionLayers], *, ax: Axes | None = None, moment: int = -1
) -> Axes | Figure:
    """Neurons of each onion layer, on a logarithmic axis; lines join those of one shell, the core has its own colour.

    As Fig. 2 of Hébert-Dufresne et al. (2016), which shows shares instead of numbers.

    Parameters
    ----------
    result : OnionLayers, or mapping of str to OnionLayers
        One, or several by label for a panel each.
    ax : Axes, optional
        Where to draw a lone result.
    moment : int
        Position of the moment to draw.

    Returns
    -------
    Axes or Figure
        A figure for a mapping.
    """

    def paint(axes: Axes, one: OnionLayers) -> None:
        layers, first, counts = np.unique(one.onion[moment], return_index=True, return_counts=True)
        shells = one.coreness[moment, first]
        shades = palette(2)
        for shell in np.unique(shells):
            mine = shells == shell
            in_core = shell == shells.max()
            label = "core" if in_core else "other shells" if shell == shells.min() else None
            axes.plot(
                layers[mine],
                counts[mine],
                color=shades[1] if in_core else shades[0],
                marker="s" if in_core else "o",
                markersize=3.2 if in_core else 2.2,
                linewidth=0.8,
                label=label,
            )
        axes.set_yscale("log")
        plain_log(axes.yaxis)
        count_axis(axes.xaxis)
        axes.set(xlabel="Onion layer", ylabel="Neurons")

    return draw(result, paint, ax=ax, key=legend)
