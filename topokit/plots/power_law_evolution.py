"""The parameters of a power-law test over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from topokit.plots.axis import times
from topokit.plots.canvas import grid, shared_legend
from topokit.plots.curves import ordered_union, plot_lines
from topokit.plots.panels import check_panels, say
from topokit.plots.style import COLUMN_WIDTH, PAGE_WIDTH, style

if TYPE_CHECKING:
    from topokit.analyzers import PowerLawTest

Lines = dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]

_SYMBOLS = {"alpha": "Exponent α", "sigma": "Standard error σ", "distance": "KS distance D", "p_value": "p-value"}


def power_law_evolution(result: PowerLawTest | Mapping[str, PowerLawTest], *, plausible: float | None = 0.1) -> Figure:
    """Exponent, its standard error, the Kolmogorov-Smirnov distance and the p-value, over time.

    As in Fig. 7 of Matab et al. (2024). Gaps are moments whose fit or test is missing.

    Parameters
    ----------
    result : PowerLawTest, or mapping of str to PowerLawTest
        One for four panels with a line per layer, or several by label for a row of panels per layer with a line
        per label.
    plausible : float, optional
        The dashed line in the panel of p: below it Clauset et al. (2009) rule a power law out.
    """
    with style():
        if not isinstance(result, Mapping):
            figure, cells = grid(2, 2, height=0.42 * COLUMN_WIDTH, width=COLUMN_WIDTH, sharey="none")
            names = ordered_union([_layers(result)])
            _row([*cells[0], *cells[1]], [(name, result, name) for name in names], plausible)
            for upper in cells[0]:
                upper.set_xlabel("")
        else:
            check_panels(result, None)
            figure, cells = _rows(result, plausible)
        shared_legend(figure, [cells[0][0]])
        return figure


def _rows(results: Mapping[str, PowerLawTest], plausible: float | None) -> tuple[Figure, list[list[Axes]]]:
    names = ordered_union([_layers(result) for result in results.values()])
    figure, cells = grid(len(names), 4, height=0.22 * PAGE_WIDTH, width=PAGE_WIDTH, sharey="col")
    for name, row in zip(names, cells, strict=True):
        _row(row, [(label, result, name) for label, result in results.items()], plausible)
        row[0].set_ylabel(f"{name}\n{row[0].get_ylabel()}")
    for row in cells[:-1]:
        for cell in row:
            cell.set_xlabel("")
    return figure, cells


def _row(cells: list[Axes], chosen: list[tuple[str, PowerLawTest, str]], plausible: float | None) -> None:
    for cell, (column, symbol) in zip(cells, _SYMBOLS.items(), strict=True):
        lines: Lines = {label: _line(result, layer, column) for label, result, layer in chosen}
        plot_lines(cell, lines, times(chosen[0][1].moments)[1])
        cell.set_ylabel(symbol)
        if column == "p_value":
            cell.set_ylim(-0.03, 1.03)
            if plausible is not None:
                cell.axhline(plausible, color="0.5", linestyle="--", linewidth=0.6)
        if not any(np.isfinite(y).any() for _, y in lines.values()):
            say(cell, "not tested" if column == "p_value" else "no fit")
            cell.set_yticks([])


def _layers(result: PowerLawTest) -> dict[str, None]:
    return dict.fromkeys(result.frame["layer"])


def _line(result: PowerLawTest, layer: str, column: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rows = result.frame[result.frame["layer"] == layer]
    x, _ = times(result.moments)
    return (x, rows[column].to_numpy(float, na_value=np.nan)) if len(rows) else (x[:0], x[:0])
