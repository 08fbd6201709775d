"""Many lines, each with a colour that stands for a number."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from topokit.plots.axis import count_axis, time_axis
from topokit.plots.frames.tidy import check_columns, names, numbers, titles
from topokit.plots.panels import outer_labels, spread
from topokit.plots.style import COUNT_COLOURS, style

Values = NDArray[np.float64]


def coloured_lines(
    frame: pd.DataFrame,
    *,
    x: str,
    y: str,
    line: str,
    colour: str,
    panel: str = "",
    x_label: str,
    y_label: str,
    label: str,
) -> Axes | Figure:
    """A line for each name in `line`, coloured by its first number in `colour`, and a panel for each in `panel`.

    Parameters
    ----------
    frame : DataFrame
        A row for each point.
    x, y : str
        Its columns along the axes.
    line, colour : str
        Its columns with the names of the lines, which are not shown, and with the numbers behind their colours.
    panel : str
        Its column with the titles of the panels, which have colours of their own; empty for a single one.
    x_label, y_label, label : str
        What the axes and the colours show, with units.

    Returns
    -------
    Axes or Figure
        A figure for several panels.

    Raises
    ------
    ParameterError
        A column that is missing or holds no numbers, or a frame without rows.
    """
    check_columns(frame, x, y, line, colour, panel)
    keys = names(frame, panel)
    headed = titles(frame, panel)
    data = frame.assign(**{x: numbers(frame, x), y: numbers(frame, y), colour: numbers(frame, colour)})
    with style():
        figure, panels = spread(keys.nunique(), share_y=False)
        for axes, (name, rows) in zip(panels, data.groupby(keys.to_numpy(), sort=False), strict=True):
            parts = [part for _, part in rows.groupby(line, sort=False)]
            shades = np.array([part[colour].iloc[0] for part in parts])
            scale = colour_scale(shades)
            paint_lines(axes, [(part[x].to_numpy(), part[y].to_numpy()) for part in parts], shades, scale, x_label)
            axes.set(title=headed[str(name)], ylabel=y_label)
            if np.equal(np.mod(rows[y], 1), 0).all():
                count_axis(axes.yaxis)
            name_scale(figure, [axes], scale, label)
        outer_labels(panels)
        return figure if len(panels) > 1 else panels[0]


def colour_scale(values: NDArray[np.number]) -> ScalarMappable:
    """From the least value, dark blue, to the largest, yellow."""
    return ScalarMappable(Normalize(float(np.min(values)), float(np.max(values))), colormaps[COUNT_COLOURS])


def paint_lines(
    ax: Axes, lines: Sequence[tuple[Values, Values]], shades: NDArray[np.number], scale: ScalarMappable, x_label: str
) -> None:
    """Each line in the colour of its number, those of the largest on top, over a time axis."""
    colours = scale.to_rgba(np.asarray(shades, float))
    for place in np.argsort(shades, kind="stable"):
        ax.plot(*lines[place], color=colours[place], linewidth=0.7)
    time_axis(ax, np.concatenate([x for x, _ in lines]), x_label)


def name_scale(figure: Figure, panels: Sequence[Axes], scale: ScalarMappable, label: str) -> None:
    """A colour bar beside the panels, with whole numbers on it."""
    bar = figure.colorbar(scale, ax=list(panels), label=label, fraction=0.05, pad=0.02)
    bar.outline.set_visible(False)
    count_axis(bar.ax.yaxis)
