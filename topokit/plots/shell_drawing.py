"""A small network layer by layer, its neurons coloured by shell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, overload

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from topokit.plots.layered import draw_edges, name_layers, neuron_area, places
from topokit.plots.panels import draw
from topokit.plots.style import COUNT_COLOURS

if TYPE_CHECKING:
    from topokit.analyzers import ShellLayout


@overload
def shell_drawing(result: ShellLayout, *, ax: Axes | None = None) -> Axes: ...
@overload
def shell_drawing(result: Mapping[str, ShellLayout], *, ax: None = None) -> Figure: ...
def shell_drawing(result: ShellLayout | Mapping[str, ShellLayout], *, ax: Axes | None = None) -> Axes | Figure:
    """The network as it is usually drawn, input left and output right, with a colour for each shell.

    As Fig. 10a of Matab et al. (2024); `shell_histogram` is its other half. Legible up to some dozens of neurons a
    layer; larger networks are for `onion`.

    Parameters
    ----------
    result : ShellLayout, or mapping of str to ShellLayout
        One, or several by label for a panel each.
    ax : Axes, optional
        Where to draw a lone result.

    Returns
    -------
    Axes or Figure
        A figure for a mapping.
    """
    several = list(result.values()) if isinstance(result, Mapping) else [result]
    highest = max((one.k_max for one in several), default=0)
    scale = BoundaryNorm(np.arange(-0.5, highest + 1), 256) if highest else BoundaryNorm([-0.5, 0.5], 256)
    colours = colormaps[COUNT_COLOURS]

    def paint(axes: Axes, one: ShellLayout) -> None:
        points = places(one.layers)
        # Edges of the core lie above the others and are dark.
        inside = np.minimum(one.coreness[one.sources], one.coreness[one.targets]) == one.k_max
        for chosen, shade, width in ((~inside, "0.75", 0.4), (inside, "0.25", 0.7)):
            draw_edges(axes, points, one.sources[chosen], one.targets[chosen], shade, width)
        size = neuron_area(one.layers)
        x, y = points.T
        axes.scatter(x, y, s=size, c=one.coreness, cmap=colours, norm=scale, edgecolors="0.2", linewidths=0.4, zorder=2)
        name_layers(axes, one.layers, drawn=len(one.sources), there=one.n_edges)

    def key(figure: Figure, axes: Sequence[Axes]) -> None:
        bar = figure.colorbar(
            next(each for each in axes[0].collections if each.get_array() is not None),
            ax=list(axes),
            label="Shell",
            fraction=0.05,
            pad=0.02,
        )
        ticks = MaxNLocator(nbins=8, integer=True, min_n_ticks=1).tick_values(0, highest)
        bar.set_ticks([tick for tick in ticks if 0 <= tick <= highest and float(tick).is_integer()])
        bar.minorticks_off()
        bar.outline.set_visible(False)

    return draw(result, paint, ax=ax, key=key)
