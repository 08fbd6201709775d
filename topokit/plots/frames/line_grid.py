"""Lines over a number that was varied, or over time, with the spread of their runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from topokit.errors import ParameterError, UnknownNameError
from topokit.plots.axis import count_axis, log_scale, time_axis, visible
from topokit.plots.bands import Spread, averaged, error_bars, plot_bands
from topokit.plots.curves import Limits, fix_limits
from topokit.plots.frames.labels import label_panels, name_places, room
from topokit.plots.frames.legends import Looks, draw_levels, looks_of, name_lines
from topokit.plots.frames.tidy import Values, check_columns, holds_numbers, names, numbers, said, titles
from topokit.plots.panels import say
from topokit.plots.panels import spread as spread_out
from topokit.plots.style import style


def line_grid(
    frame: pd.DataFrame,
    *,
    x: str,
    y: str,
    by: str = "",
    panel: str = "",
    x_label: str,
    y_label: str,
    log_x: bool = False,
    log_y: bool = False,
    levels: Mapping[str, float] | None = None,
    points: bool | Collection[str] = False,
    spread: Spread = "deviation",
    y_limits: Limits = (None, None),
    share_y: bool = True,
) -> Axes | Figure:
    """A line for each name in `by`, and a panel for each in `panel`, in the order of the frame.

    Several rows of one panel, name and x are averaged: the line is their mean, with a band around it, or with error
    bars where only some places have several rows. Rows without a value are left out of the mean; a place without any
    leaves a gap. More than ten lines that are told apart by a number have a colour bar for a legend.

    Parameters
    ----------
    frame : DataFrame
        A row a measurement.
    x, y : str
        Its columns along the axes; an `x` of words has its places in the order of the frame, and error bars.
    by, panel : str
        Its columns with the names of the lines and of the panels; empty for a single one.
    x_label, y_label : str
        What the axes show, with units.
    log_x, log_y : bool
        Logarithmic axes; where values of 0 or less are drawn, the axis is linear around 0 up to the least positive
        value, so that they have a place.
    levels : mapping of str to float, optional
        Names of dashed horizontal lines of reference and where they lie.
    points : bool or collection of str
        Also a dot for each row, or the names in `by` that are drawn as points instead of a line.
    spread : {'deviation', 'range'}
        How far bands reach: one sample standard deviation, or from the least to the largest.
    y_limits : pair of float or None
        Fixed ends of the y axis.
    share_y : bool
        Whether all panels have the same y axis.

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
    data = _read(frame, x, y, by, panel)
    numeric = bool(by) and holds_numbers(frame[by])
    drawn, scale = looks_of(list(dict.fromkeys(data["line"])), numeric=numeric)
    dotted = _dotted(points, drawn)
    with style():
        figure, panels = spread_out(data["panel"].nunique(), share_y=share_y)
        for axes, (_, rows) in zip(panels, data.groupby("panel", sort=False), strict=True):
            _paint(axes, rows, drawn, dotted, spread, over_words=not holds_numbers(frame[x]))
            if points is True:
                _dots(axes, rows, drawn)
        draw_levels(panels, levels or {})
        label_panels(panels, list(dict.fromkeys(data["panel"])), x_label, y_label)
        _scale_x(panels, frame, x, data["x"].to_numpy(), log=log_x)
        _scale_y(panels, data["y"].to_numpy(), log=log_y)
        fix_limits(panels, y_limits)
        name_lines(figure, panels, title=said(by) if numeric else "", scale=scale, least=1 if levels else 2)
        return figure if len(panels) > 1 else panels[0]


def _read(frame: pd.DataFrame, x: str, y: str, by: str, panel: str) -> pd.DataFrame:
    """Columns panel (its title), line, x and y (numbers)."""
    lines = names(frame, by)
    if holds_numbers(frame[x]):
        places = numbers(frame, x)
    else:
        # Lines over words lie side by side, for their error bars are at the same few places.
        which, count = pd.factorize(lines)[0], lines.nunique()
        places = pd.factorize(names(frame, x))[0] + (which - (count - 1) / 2) * min(0.08, 0.5 / count)
    if np.isnan(places).all():
        raise ParameterError(f"column {x!r} holds no number: there is nothing to draw")
    panels = names(frame, panel).map(titles(frame, panel))
    return pd.DataFrame({"panel": panels, "line": lines, "x": places, "y": numbers(frame, y)})


def _dotted(points: bool | Collection[str], drawn: Looks) -> set[str]:
    """The names that are drawn as points."""
    chosen = set() if isinstance(points, bool) else {points} if isinstance(points, str) else set(points)
    for unknown in chosen - set(drawn):
        raise UnknownNameError("line to draw as points", unknown, drawn)
    return chosen


def _paint(
    axes: Axes, rows: pd.DataFrame, drawn: Looks, dotted: Collection[str], spread: Spread, *, over_words: bool
) -> None:
    bands = [
        averaged(str(line), part["x"].to_numpy(), part["y"].to_numpy(), spread=spread)
        for line, part in rows.groupby("line", sort=False)
    ]
    if not any(np.isfinite(band.y).any() for band in bands):
        say(axes, "no values")
    # A mark on a line says that something was measured there, unless points say it; a line of one value is its mark.
    marked = {band.name for band in bands if not dotted or np.isfinite(band.y).sum() == 1}
    lines = {name: look if name in marked else {**look, "marker": ""} for name, look in drawn.items()}
    apart = [band for band in bands if over_words or band.name in dotted]
    plot_bands(axes, [band for band in bands if band not in apart], drawn=lines)
    for band in apart:
        look = {**drawn[band.name], "linestyle": ""} if band.name in dotted else lines[band.name]
        error_bars(axes, band, look["color"])
        axes.plot(band.x, band.y, label=visible(band.name), **look)


def _dots(axes: Axes, rows: pd.DataFrame, drawn: Looks) -> None:
    for line, part in rows.groupby("line", sort=False):
        axes.plot(part["x"], part["y"], ".", color=drawn[str(line)]["color"], alpha=0.5)


def _scale_x(panels: Sequence[Axes], frame: pd.DataFrame, x: str, places: Values, *, log: bool) -> None:
    if not holds_numbers(frame[x]):
        name_places(panels, [list(dict.fromkeys(names(frame, x)))] * len(panels))
        return
    there = places[np.isfinite(places)]
    for axes in panels:
        time_axis(axes, there, axes.get_xlabel(), ticks=6 if room(axes)[0] > 2.5 else 4)
        if log:
            log_scale(axes.xaxis, there)


def _scale_y(panels: Sequence[Axes], values: Values, *, log: bool) -> None:
    there = values[np.isfinite(values)]
    for axes in panels:
        if log:
            log_scale(axes.yaxis, there)
        elif np.equal(np.mod(there, 1), 0).all():
            count_axis(axes.yaxis)
