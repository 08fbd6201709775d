"""Distributions of degrees or shells as steps, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from topokit.errors import ParameterError
from topokit.plots.axis import count_axis, plain_log, visible, whole_bins
from topokit.plots.canvas import grid, shared_legend
from topokit.plots.frames.facets import Cell, Facets, name_row
from topokit.plots.frames.labels import folded
from topokit.plots.frames.tidy import Values, check_columns, holds_numbers, names, numbers, parts, said
from topokit.plots.style import COLUMN_WIDTH, PAGE_WIDTH, looks, style

_MOST_BINS = 120
_MOST_IN_A_ROW = 3


def histogram_grid(
    frame: pd.DataFrame,
    *,
    rows: str = "",
    columns: str = "",
    value: str,
    share: str,
    by: str = "",
    x_label: str,
    y_label: str,
    log_y: bool = False,
    ends: bool = False,
) -> Axes | Figure:
    """Steps around each whole number, a panel for each name in `rows` and `columns`, steps for each in `by`.

    Several rows of one panel, name and value are averaged; where the frame has a column "seed", a seed without a row
    counts as 0 there. Numbers far apart are summed in bins of equal width, which the x axis then tells. On a
    logarithmic axis empty bins lie below the picture.

    Parameters
    ----------
    frame : DataFrame
        A row for each value that occurs.
    rows, columns : str
        Its columns with the names of the panel's row and column; empty for a single one.
    value, share : str
        Its columns with the whole number, such as a degree, and with its probability or count.
    by : str
        Its column with the names of the steps in one panel; empty for a single one.
    x_label, y_label : str
        What the axes show, with units.
    log_y : bool
        Logarithmic shares.
    ends : bool
        Whether a dashed line marks the largest value that occurs.

    Returns
    -------
    Axes or Figure
        A figure for several panels.

    Raises
    ------
    ParameterError
        A column that is missing or holds no numbers, values that are not whole, or a frame without rows.
    """
    check_columns(frame, rows, columns, value, share, by)
    edges = _edges(numbers(frame, value), value)
    facets = Facets.of(frame, rows, columns, most=_MOST_IN_A_ROW)
    lines = list(dict.fromkeys(names(frame, by)))
    drawn = looks(lines)
    with style():
        figure, panels = _panels(facets)
        for place, axes in panels.items():
            for name, part in parts(facets.cells[place][1], by).items():
                heights, largest = _heights(part, value, share, edges)
                _steps(axes, heights, edges, name, drawn[name], filled=len(lines) == 1)
                if ends:
                    axes.axvline(largest, color=drawn[name]["color"], linestyle="--", linewidth=0.8)
        if log_y:
            _log(list(panels.values()))
        width = round(edges[1] - edges[0])
        _label(figure, list(panels.values()), f"{x_label}, in bins of {width}" if width > 1 else x_label, y_label)
        title = said(by) if by and holds_numbers(frame[by]) else ""
        shared_legend(figure, list(panels.values()), title=title)
        return figure if len(panels) > 1 else next(iter(panels.values()))


def _edges(values: Values, column: str) -> list[float]:
    there = values[np.isfinite(values)]
    if not there.size or (there % 1).any():
        raise ParameterError(f"column {column!r} does not hold whole numbers: a histogram of a frame needs these")
    return whole_bins(there.astype(np.int64), most=_MOST_BINS)


def _heights(part: pd.DataFrame, value: str, share: str, edges: Sequence[float]) -> tuple[Values, float]:
    """Mean share in each bin, and the largest value with a share."""
    data = pd.DataFrame({"value": numbers(part, value), "share": numbers(part, share), "run": _runs(part)}).dropna()
    means = data.groupby(["run", "value"])["share"].mean().groupby("value").sum() / max(1, data["run"].nunique())
    heights, _ = np.histogram(means.index.to_numpy(float), bins=edges, weights=means.to_numpy(float))
    return heights, float(means.index[means > 0].max())


def _runs(part: pd.DataFrame) -> pd.Series:
    """Which run each row belongs to; without seeds, all to one."""
    return part["seed"] if "seed" in part else pd.Series(0, part.index)


def _panels(facets: Facets) -> tuple[Figure, dict[Cell, Axes]]:
    down, across = len(facets.rows), len(facets.columns)
    width = PAGE_WIDTH if across > 1 else COLUMN_WIDTH
    height = 0.62 * COLUMN_WIDTH if down == 1 else 0.9 + 0.5 / down
    figure, cells = grid(down, across, width=width, height=height)
    panels = {}
    for place, axes in (((i, k), axes) for i, row in enumerate(cells) for k, axes in enumerate(row)):
        if place not in facets.cells:
            axes.remove()
            continue
        panels[place] = axes
        axes.set_title(folded(facets.cells[place][0], width / across))
        axes.tick_params(labelbottom=facets.lowest(place))
        count_axis(axes.xaxis)
        if place[1] + 1 == across:
            name_row(axes, folded(facets.rows[place[0]], height))
    return figure, panels


def _steps(
    axes: Axes, heights: Values, edges: Sequence[float], name: str, look: Mapping[str, Any], *, filled: bool
) -> None:
    if filled:
        axes.stairs(heights, edges, fill=True, color=look["color"], alpha=0.35, linewidth=0)
    axes.stairs(heights, edges, label=visible(name), color=look["color"], linestyle=look["linestyle"], linewidth=0.9)


def _log(panels: Sequence[Axes]) -> None:
    for axes in panels:
        axes.set_yscale("log", nonpositive="clip")
        plain_log(axes.yaxis)


def _label(figure: Figure, panels: Sequence[Axes], x_label: str, y_label: str) -> None:
    if len(panels) == 1:
        panels[0].set(xlabel=x_label, ylabel=y_label)
        return
    figure.supxlabel(x_label)
    figure.supylabel(y_label)
