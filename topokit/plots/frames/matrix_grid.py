"""Tables of values between pairs of names, such as distances between networks, as heatmaps side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from topokit.plots.frames.labels import folded, room
from topokit.plots.frames.tidy import Values, check_columns, holds_numbers, names, numbers, parts, said, titles
from topokit.plots.panels import colour_bar, heat, outer_labels, spread
from topokit.plots.style import DISTANCE_COLOURS, PAGE_WIDTH, style

_LONG, _LONGEST = 8, 24
_MOST_WRITTEN = 6


def matrix_grid(
    frame: pd.DataFrame,
    *,
    row: str,
    column: str,
    value: str,
    panel: str = "",
    label: str = "NNSTD",
    colours: str = DISTANCE_COLOURS,
) -> Axes | Figure:
    """A heatmap for each name in `panel`, in the order of the frame; several rows of one cell are averaged.

    All panels have one scale of colours: from 0 to 1, unless values lie outside.

    Parameters
    ----------
    frame : DataFrame
        A row for each cell; cells without one stay blank, but a diagonal that has none is 0.
    row, column, value : str
        Its columns with the names of the cell's row and column and with its value. Where rows and columns have names
        in common, the matrix is a square of all of them.
    panel : str
        Its column with the names of the panels; empty for a single one.
    label : str
        What the colours show.
    colours : str
        A colour map.

    Returns
    -------
    Axes or Figure
        A figure for several panels.

    Raises
    ------
    ParameterError
        A column that is missing or holds no numbers, or a frame without rows.
    """
    check_columns(frame, row, column, value, panel)
    headed = titles(frame, panel)
    tables = {headed[name]: _table(part, row, column, value) for name, part in parts(frame, panel).items()}
    scale = _scale(numbers(frame, value))
    with style():
        figure, panels = spread(len(tables), images=True)
        _make_room(figure, tables)
        for axes, (title, table) in zip(panels, tables.items(), strict=True):
            across, down = _short(list(table.columns)), _short(list(table.index))
            heat(axes, table.to_numpy(float), across, colours, rows=None if across == down else down, scale=scale)
            if len(across) * len(tables) <= _MOST_WRITTEN:
                _write(axes, table.to_numpy(float))
            axes.set(title=folded(title, room(axes)[0]), **_axis_names(frame, row, column))
        outer_labels(panels, ticks=len({(*table.index, "", *table.columns) for table in tables.values()}) == 1)
        colour_bar(label)(figure, panels)
        return figure if len(panels) > 1 else panels[0]


def _table(part: pd.DataFrame, row: str, column: str, value: str) -> pd.DataFrame:
    data = pd.DataFrame({"row": names(part, row), "column": names(part, column), "value": numbers(part, value)})
    down, across = (list(dict.fromkeys(data[side])) for side in ("row", "column"))
    if set(down) & set(across):
        down = across = list(dict.fromkeys([*down, *across]))
    table = data.pivot_table(index="row", columns="column", values="value").reindex(index=down, columns=across)
    if down == across and np.isnan(np.diag(table)).all():
        return table.where(~np.eye(len(down), dtype=bool), 0.0)
    return table


def _scale(values: Values) -> Normalize:
    there = values[np.isfinite(values)]
    return Normalize(min(0.0, there.min(initial=0.0)), max(1.0, there.max(initial=1.0)))


def _write(axes: Axes, values: Values) -> None:
    """The value of each cell in its middle, white where the cell is dark."""
    shades = axes.images[0].to_rgba(values)[..., :3] @ np.array([0.3, 0.6, 0.1])
    for row, column in np.argwhere(np.isfinite(values)):
        ink = "white" if shades[row, column] < 0.5 else "black"
        axes.text(column, row, f"{values[row, column]:.3g}", ha="center", va="center", color=ink)


def _short(labels: Sequence[str]) -> list[str]:
    return [label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1]}…" for label in labels]


def _make_room(figure: Figure, tables: Mapping[str, pd.DataFrame]) -> None:
    """A lone matrix with long names gets a wider figure, of which the names leave enough."""
    table = next(iter(tables.values()))
    if len(tables) == 1 and max(map(len, [*table.index, *table.columns])) > _LONG:
        figure.set_size_inches(0.75 * PAGE_WIDTH, 0.7 * PAGE_WIDTH)


def _axis_names(frame: pd.DataFrame, row: str, column: str) -> dict[str, str]:
    """What bare numbers along the axes are."""
    sides = {"ylabel": row, "xlabel": column}
    return {axis: said(name) for axis, name in sides.items() if len(name) > 1 and holds_numbers(frame[name])}
