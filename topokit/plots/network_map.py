"""Networks as points, near each other when they are wired alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from numpy.typing import NDArray

from topokit.errors import ParameterError
from topokit.plots.axis import visible
from topokit.plots.canvas import own_axes
from topokit.plots.panels import figure_of
from topokit.plots.point_labels import name_points
from topokit.plots.style import COUNT_COLOURS, LINE_STYLES, MARKERS, palette, style

if TYPE_CHECKING:
    from topokit.analyzers import NetworkMap

UNKNOWN = "0.6"


def network_map(
    result: NetworkMap,
    *,
    ax: Axes | None = None,
    values: Sequence[float] | NDArray[np.float64] | None = None,
    values_label: str = "",
    runs: Sequence[str] | None = None,
    names: bool = True,
) -> Axes:
    """The first two axes of a map; names that would cover each other are left out.

    Parameters
    ----------
    result : NetworkMap
        The map.
    ax : Axes, optional
        Where to draw.
    values : sequence of float, optional
        A number per network for its colour, such as its epoch or accuracy; NaN is grey.
    values_label : str
        What the numbers are, for the colour bar.
    runs : sequence of str, optional
        The run that each network is of: those of one run share a marker, and a line joins them in their order.
    names : bool
        Whether to write the networks' labels.

    Raises
    ------
    ParameterError
        Values or runs that are not one for each network, or values without a number.
    """
    count = len(result.labels)
    for name, given in (("values", values), ("runs", runs)):
        if given is not None and len(given) != count:
            raise ParameterError(f"{len(given)} {name} were given for {count} networks: give one each")
    points = np.column_stack([result.coordinates, np.zeros((count, 1))])[:, :2]
    with style():
        axes = own_axes(ax, ratio=0.8)
        colours = _colour_scale(axes, np.asarray(values, float), values_label) if values is not None else None
        _draw_points(axes, points, colours, runs)
        axes.set_aspect("equal", adjustable="datalim")
        axes.margins(0.12)
        axes.set(xlabel=_axis_label(result, 0), ylabel=_axis_label(result, 1))
        if runs is not None:
            axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3)
        if names:
            name_points(axes, points, result.labels)
        return axes


def _colour_scale(axes: Axes, values: NDArray[np.float64], label: str) -> NDArray[np.float64]:
    """The colour of each value, (n, 4), and a bar that tells which is which."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        raise ParameterError("values holds no number: give some for the colours, or leave it out")
    colours = colormaps[COUNT_COLOURS].with_extremes(bad=UNKNOWN)
    scale = ScalarMappable(Normalize(finite.min(), finite.max()), colours)
    figure_of(axes).colorbar(scale, ax=axes, label=label, fraction=0.05, pad=0.02).outline.set_visible(False)
    return np.asarray(scale.to_rgba(np.ma.masked_invalid(values)))


def _draw_points(
    axes: Axes, points: NDArray[np.float64], colours: NDArray[np.float64] | None, runs: Sequence[str] | None
) -> None:
    """The points, with a marker and a line per run; in the colour of the run unless they have their own."""
    of_run = np.array([""] * len(points) if runs is None else runs)
    names = list(dict.fromkeys(of_run.tolist()))
    for place, (name, own) in enumerate(zip(names, palette(len(names)), strict=True)):
        mine = of_run == name
        x, y = points[mine].T
        marker, dashes = MARKERS[place % len(MARKERS)], LINE_STYLES[place % len(LINE_STYLES)]
        axes.scatter(x, y, s=14, c=[own] if colours is None else colours[mine], marker=marker, linewidths=0, zorder=2)
        if runs is not None:
            shade = own if colours is None else UNKNOWN
            axes.plot(x, y, color=shade, marker=marker, linestyle=dashes, linewidth=0.7, zorder=1, label=visible(name))


def _axis_label(result: NetworkMap, axis: int) -> str:
    if axis >= result.coordinates.shape[1]:
        return ""
    share = result.explained[axis]
    return f"Axis {axis + 1}" + (f" ({share:.0%})" if result.method == "classical" and np.isfinite(share) else "")
