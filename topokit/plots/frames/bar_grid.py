"""Bars for what was measured under some names, with the spread of their runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from topokit.plots.axis import visible
from topokit.plots.bands import averaged, error_bars
from topokit.plots.canvas import shared_legend
from topokit.plots.frames.labels import label_panels, name_places, room
from topokit.plots.frames.legends import draw_levels
from topokit.plots.frames.tidy import check_columns, holds_numbers, names, numbers, said, titles
from topokit.plots.panels import say, spread
from topokit.plots.style import PAGE_WIDTH, looks, style

_GROUP = 0.8
"""Width of the bars of one name, of the room that each name has."""

_WIDEST = 0.5
"""Width of a bar, in inches."""

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
    data = pd.DataFrame(
        {
            "panel": names(frame, panel).map(titles(frame, panel)),
            "line": names(frame, by),
            "name": names(frame, x),
            "y": numbers(frame, y),
        }
    )
    drawn, groups = list(dict.fromkeys(data["line"])), dict(list(data.groupby("panel", sort=False)))
    own = [list(dict.fromkeys(rows["name"])) for rows in groups.values()]
    # Panels without a name in common would be half empty on one axis.
    alike = bool(set.intersection(*map(set, own)))
    labels = [list(dict.fromkeys(data["name"]))] * len(own) if alike else own
    with style():
        figure, panels = spread(len(groups), share_x=alike)
        if len(panels) == 1 and len(labels[0]) * len(drawn) > _MOST_IN_A_COLUMN:
            figure.set_figwidth(PAGE_WIDTH)
        for axes, rows, below in zip(panels, groups.values(), labels, strict=True):
            _paint(axes, rows, drawn, below)
        label_panels(panels, list(map(str, groups)), said(x) if holds_numbers(frame[x]) else "", y_label)
        name_places(panels, labels)
        draw_levels(panels, levels or {})
        title = said(by) if by and holds_numbers(frame[by]) else ""
        shared_legend(figure, panels, title=title, least=1 if levels else 2)
        return figure if len(panels) > 1 else panels[0]


def _paint(axes: Axes, rows: pd.DataFrame, drawn: Sequence[str], labels: Sequence[str]) -> None:
    colours = {name: look["color"] for name, look in looks(drawn).items()}
    width = min(_GROUP / len(drawn), _WIDEST * len(labels) / room(axes)[0])
    if rows["y"].isna().all():
        say(axes, "no values")
    axes.axhline(0, color="black", linewidth=0.6, zorder=2)
    for k, name in enumerate(drawn):
        part = rows[rows["line"] == name]
        places = part["name"].map(labels.index).to_numpy(float) + (k - (len(drawn) - 1) / 2) * width
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
