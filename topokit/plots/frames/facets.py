"""Panels in rows and columns, named above and beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes

from topokit.plots.frames.tidy import names, titles

Cell = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Facets:
    """The rows of a frame for each panel of a grid.

    Attributes
    ----------
    rows, columns : sequence of str
        Titles, in the order of the frame; of a wrapped grid none.
    cells : mapping of (row, column) to (title, DataFrame)
        Where each panel lies, its own title and its part of the frame.
    """

    rows: Sequence[str]
    columns: Sequence[str]
    cells: Mapping[Cell, tuple[str, pd.DataFrame]]

    @classmethod
    def of(cls, frame: pd.DataFrame, rows: str, columns: str, *, most: int) -> Facets:
        """Split `frame` by two of its columns; of a single one the panels follow each other, `most` in a row."""
        down = names(frame, rows).map(titles(frame, rows))
        across = names(frame, columns).map(titles(frame, columns))
        first, second = list(dict.fromkeys(down)), list(dict.fromkeys(across))
        if len(first) == 1 or len(second) == 1:
            return cls._wrapped(frame, across if len(first) == 1 else down, most)
        cells = {}
        for (row, column), part in frame.groupby([down, across], sort=False):
            place = first.index(str(row)), second.index(str(column))
            cells[place] = ("" if place[0] else str(column), part)
        return cls(first, second, cells)

    @classmethod
    def _wrapped(cls, frame: pd.DataFrame, keys: pd.Series, most: int) -> Facets:
        parts = list(frame.groupby(keys, sort=False))
        lines = -(-len(parts) // most)
        # Rows of nearly equal length leave no row with a lone panel.
        length = -(-len(parts) // lines)
        cells = {}
        for place, (title, part) in enumerate(parts):
            cells[divmod(place, length)] = (str(title), part)
        return cls([""] * lines, [""] * length, cells)

    def lowest(self, place: Cell) -> bool:
        """Whether no panel lies below."""
        return (place[0] + 1, place[1]) not in self.cells


def name_row(axes: Axes, title: str) -> None:
    """The title of a row at the right of its last panel, read downwards."""
    axes.annotate(
        title, (1.0, 0.5), (3, 0), "axes fraction", "offset points", rotation=-90, ha="left", va="center", fontsize=7.5
    )
