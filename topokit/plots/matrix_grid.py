"""Square tables of values from 0 to 1, such as distances between networks, as heatmaps side by side."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from topokit.plots.panels import colour_bar, draw, heat
from topokit.plots.style import DISTANCE_COLOURS


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
    """A heatmap for each value of the column `panel`, in the order of the frame.

    Parameters
    ----------
    frame : DataFrame
        A row for each cell; cells without one stay blank, but for the diagonal of a square, which is 0.
    row, column, value : str
        Its columns with the names of the cell's row and column and with its value.
    panel : str
        Its column with the titles of the panels; empty for a single one.
    label : str
        What the colours show.
    colours : str
        A colour map.
    """
    tables = {name: _square(part, row, column, value) for name, part in _parts(frame, panel)}

    def paint(axes: Axes, table: pd.DataFrame) -> None:
        heat(axes, table.to_numpy(float), [str(name) for name in table.columns], colours)

    shown = tables if len(tables) > 1 else next(iter(tables.values()))
    return draw(shown, paint, ax=None, key=colour_bar(label), images=True)


def _parts(frame: pd.DataFrame, panel: str) -> list[tuple[str, pd.DataFrame]]:
    return [(str(name), part) for name, part in frame.groupby(panel, sort=False)] if panel else [("", frame)]


def _square(part: pd.DataFrame, row: str, column: str, value: str) -> pd.DataFrame:
    names = list(dict.fromkeys([*part[row], *part[column]]))
    table = part.pivot_table(index=row, columns=column, values=value, sort=False).reindex(index=names, columns=names)
    return table.where(~np.eye(len(names), dtype=bool), table.fillna(0.0))
