"""Bars for what was measured under some names, with the spread of their runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from topokit.plots.axis import name_ticks, visible
from topokit.plots.bands import averaged, error_bars
from topokit.plots.canvas import shared_legend
from topokit.plots.frames.legends import draw_levels
from topokit.plots.frames.tidy import check_columns, holds_numbers, names, numbers, said, titles
from topokit.plots.panels import outer_labels, say, spread
from topokit.plots.style import PAGE_WIDTH, looks, style

_GROUP = 0.8
"""Width of the bars of one name, of the room that each name has."""

_MOST_IN_A_COLUMN = 24
_HATCHES = ("", "////", "....", "\\\\\\\\", "xxxx", "----", "++++", "oooo", "||||", "****")


def bar_grid(
    frame: pd.DataFrame,
    *,
    x: str,
    y: str,
    by: str = "",
    panel: str = "",
    y_label: str,
    levels: Mapping[str, float] | None = None,
) -> Axes | Figure:
    """Bars from 0 to the mean of each name in `x`, side by side for those in `by`, a panel for each in `panel`.

    Where several rows belong to one bar, each is a dot, and an error bar reaches one sample standard deviation from
    their mean. Names keep the order of the frame; a bar without a value is left out.

    Parameters
    ----------
    frame : DataFrame
        A row a measurement.
    x, y : str
        Its columns with the names below the bars and with the heights.
    by, panel : str
        Its columns with the names of the colours and of the panels; empty for a single one.
    y_label : str
        What the heights show, with the unit.
    levels : mapping of str to float, optional
        Names of dashed horizontal lines of reference and where they lie.

    Returns
    -------
    Axes or Figure
        A figure for several panels.

    Raises
    ------
    ParameterError
        A column that is missing or holds no numbers, or a frame without rows.
    """
    check_columns(frame, x, y, by, panel)
    labels = list(dict.fromkeys(names(frame, x)))
    data = pd.DataFrame(
        {
            "panel": names(frame, panel).map(titles(frame, panel)),
            "name": names(frame, by),
            "place": names(frame, x).map(labels.index),
            "y": numbers(frame, y),
        }
    )
    drawn = list(dict.fromkeys(data["name"]))
    with style():
        figure, panels = spread(data["panel"].nunique())
        if len(panels) == 1 and len(labels) * len(drawn) > _MOST_IN_A_COLUMN:
            figure.set_figwidth(PAGE_WIDTH)
        for axes, (title, rows) in zip(panels, data.groupby("panel", sort=False), strict=True):
            _paint(axes, rows, drawn)
            axes.set(title=title, ylabel=y_label, xlim=(-0.5, len(labels) - 0.5))
            if x and holds_numbers(frame[x]):
                axes.set_xlabel(said(x))
            name_ticks(axes, labels)
        draw_levels(panels, levels or {})
        outer_labels(panels)
        title = said(by) if by and holds_numbers(frame[by]) else ""
        shared_legend(figure, panels, title=title, least=1 if levels else 2)
        return figure if len(panels) > 1 else panels[0]


def _paint(axes: Axes, rows: pd.DataFrame, drawn: Sequence[str]) -> None:
    colours, width = {name: look["color"] for name, look in looks(drawn).items()}, _GROUP / len(drawn)
    if rows["y"].isna().all():
        say(axes, "no values")
    axes.axhline(0, color="black", linewidth=0.6, zorder=2)
    for k, name in enumerate(drawn):
        part = rows[rows["name"] == name]
        places = part["place"].to_numpy(float) + (k - (len(drawn) - 1) / 2) * width
        values = part["y"].to_numpy()
        bars = averaged(name, places, values)
        drawn_bars = axes.bar(
            bars.x,
            np.nan_to_num(bars.y),
            width=0.92 * width,
            color=colours[name],
            alpha=0.6,
            hatch=_HATCHES[k % len(_HATCHES)],
            edgecolor="white",
            linewidth=0,
        )
        if len(drawn_bars):
            # Legends name what is a part of something, as all bars are, after all else.
            drawn_bars[0].set_label(visible(name))
        error_bars(axes, bars, "0.15")
        several = np.isin(places, bars.x[np.isfinite(bars.low)])
        beside = places[several] + 0.22 * width
        axes.plot(beside, values[several], "o", color="0.15", markersize=1.4, markeredgewidth=0, alpha=0.8)
