"""A value over two numbers that were varied, as a map with contour lines."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.ticker import LogLocator

from topokit.errors import ParameterError
from topokit.plots.axis import plain_log, visible
from topokit.plots.canvas import own_axes
from topokit.plots.frames.tidy import Values, check_columns, numbers, words
from topokit.plots.panels import figure_of
from topokit.plots.style import COUNT_COLOURS, MARKERS, style


def surface(
    frame: pd.DataFrame,
    *,
    x: str,
    y: str,
    value: str,
    label: str,
    log_value: bool = True,
    mark: Mapping[str, tuple[float, float]] | None = None,
) -> Axes:
    """Colours and contour lines for `value` over `x` and `y`; places without a value stay blank.

    Parameters
    ----------
    frame : DataFrame
        A row for each pair of x and y; several of one pair are averaged.
    x, y, value : str
        Its columns along the axes, which they name, and of the colours.
    label : str
        What the colours show, with the unit.
    log_value : bool
        Logarithmic colours, which leave values of 0 or less blank.
    mark : mapping of str to pair of float, optional
        Names of points and where they lie, such as the least value.

    Raises
    ------
    ParameterError
        A column that is missing or holds no numbers, a frame without rows, or no value that can be drawn.
    """
    check_columns(frame, x, y, value)
    across, up, values = _table(frame, x, y, value)
    if log_value:
        values = np.where(values > 0, values, np.nan)
    there = values[np.isfinite(values)]
    if not there.size:
        raise ParameterError(
            f"column {value!r} holds no {'positive ' if log_value else ''}number: nothing can be drawn"
        )
    low, high = float(there.min()), float(there.max())
    high = high if high > low else 1.001 * abs(low) + (0 if low else 1)
    with style():
        axes = own_axes(None, ratio=0.78)
        norm = LogNorm(low, high) if log_value else Normalize(low, high)
        # Thousands of vector cells would be slow to show, and their seams would be seen.
        shown = axes.pcolormesh(across, up, values, cmap=COUNT_COLOURS, norm=norm, shading="nearest", rasterized=True)
        if min(values.shape) > 1 and np.unique(there).size > 1:
            locator = LogLocator(subs=(1.0, 3.0)) if log_value else None
            axes.contour(across, up, values, locator=locator, colors="white", linewidths=0.5, alpha=0.8)
        for place, (name, point) in enumerate((mark or {}).items()):
            axes.plot(*point, MARKERS[place], label=visible(name), color="white", markeredgecolor="black", markersize=5)
        if mark:
            axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
        axes.set(xlabel=words(x), ylabel=words(y))
        bar = figure_of(axes).colorbar(shown, ax=axes, label=label, fraction=0.05, pad=0.02)
        bar.outline.set_visible(False)
        if log_value:
            plain_log(bar.ax.yaxis)
        return axes


def _table(frame: pd.DataFrame, x: str, y: str, value: str) -> tuple[Values, Values, Values]:
    """The places along both axes, (m,) and (n,), and the values, (n, m)."""
    data = pd.DataFrame({"x": numbers(frame, x), "y": numbers(frame, y), "value": numbers(frame, value)})
    table = data.pivot_table(index="y", columns="x", values="value", dropna=False)
    return table.columns.to_numpy(float), table.index.to_numpy(float), table.to_numpy(float)
