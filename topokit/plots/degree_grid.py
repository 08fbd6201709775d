"""Degree distributions of several methods over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from topokit.plots.axis import count_axis, evenly, moment_name, plain_log, whole_bins
from topokit.plots.canvas import grid
from topokit.plots.panels import check_panels
from topokit.plots.style import COLUMN_WIDTH, PAGE_WIDTH, palette, style

if TYPE_CHECKING:
    from topokit.analyzers import DegreeDistribution

Kind = Literal["total", "in", "out"]


def degree_grid(
    results: DegreeDistribution | Mapping[str, DegreeDistribution],
    *,
    kind: Kind = "total",
    layer: str | None = None,
    moments: Sequence[int] | None = None,
    log: bool = False,
) -> Figure:
    """Degree distributions with a row per moment and a column per method; dashed lines mark the largest degree.

    As in Figs 5 and 18 of Matab et al. (2024).

    Parameters
    ----------
    results : DegreeDistribution, or mapping of str to DegreeDistribution
        One column, or several by label.
    kind : {'total', 'in', 'out'}
        Which connections count.
    layer : str, optional
        One layer; the layers of the results pooled unless given.
    moments : sequence of int, optional
        Positions of the moments to show; up to five spread over each result unless given.
    log : bool
        Logarithmic share of neurons.
    """
    columns = results if isinstance(results, Mapping) else {"": results}
    check_panels(columns, None)
    chosen = {label: list(moments or evenly(len(one.moments), 5)) for label, one in columns.items()}
    values = {
        label: [one.values(kind, layer=layer, moment=place) for place in chosen[label]]
        for label, one in columns.items()
    }
    bins = whole_bins(np.concatenate([v for column in values.values() for v in column]), most=40)
    rows = max(map(len, chosen.values()))
    width = PAGE_WIDTH if len(columns) > 2 else COLUMN_WIDTH
    with style():
        figure, cells = grid(rows, len(columns), width=width, height=0.5 / rows + 0.8)
        for place, (label, one) in enumerate(columns.items()):
            names = [moment_name(one.moments[k]) for k in chosen[label]]
            _column([row[place] for row in cells], values[label], names, bins, palette(len(columns))[place])
            _name(cells[0][place], label)
        if log:
            cells[0][0].set_yscale("log")
            plain_log(cells[0][0].yaxis)
        figure.supxlabel(f"{'Degree' if kind == 'total' else kind.capitalize() + '-degree'} (connections)")
        figure.supylabel("Share of neurons")
        return figure


def _name(cell: Axes, label: str) -> None:
    where = (0.5, 1.0)
    cell.annotate(label, where, (0, 11), "axes fraction", "offset points", ha="center", fontsize=7.5)


def _column(
    cells: list[Axes],
    values: list[NDArray[np.int64]],
    names: list[str],
    bins: list[float],
    colour: tuple[float, float, float],
) -> None:
    for surplus in cells[len(values) :]:
        surplus.remove()
    for cell, degrees, name in zip(cells, values, names, strict=False):
        weights = np.full(degrees.size, 1 / degrees.size)
        cell.hist(degrees, bins=bins, weights=weights, histtype="stepfilled", color=colour, alpha=0.35, linewidth=0)
        cell.hist(degrees, bins=bins, weights=weights, histtype="step", color=colour)
        cell.axvline(degrees.max(), color=colour, linestyle="--", linewidth=0.8)
        cell.set_title(name, loc="right", fontsize=6.5, pad=2)
        count_axis(cell.xaxis, ticks=4)
