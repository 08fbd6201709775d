"""Small multiples: the same figure for several methods side by side, or a panel per layer with a line per method."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from topokit.errors import ParameterError
from topokit.plots.axis import count_axis, label_axis
from topokit.plots.canvas import Share, StyledFigure, grid, own_axes, shared_legend
from topokit.plots.style import COLUMN_WIDTH, PAGE_WIDTH, style

R = TypeVar("R")

Draw = Callable[[Axes, R], object]
Key = Callable[[Figure, Sequence[Axes]], object]

# Entries of a legend: more hide the curves, or reach beyond the panel.
_MOST_INSIDE, _MOST_BELOW_EACH_OTHER = 6, 16


def draw(
    result: R | Mapping[str, R],
    painter: Draw[R],
    *,
    ax: Axes | None,
    key: Key | None = None,
    images: bool = False,
) -> Axes | Figure:
    """One result on `ax` (or on new axes), or a mapping as a figure with one titled panel per label.

    Parameters
    ----------
    result : result or mapping of str to result
        What `painter` draws.
    painter : callable
        ``painter(ax, result)`` draws one result.
    ax : Axes or None
        Where to draw a lone result.
    key : callable, optional
        ``key(figure, axes)`` adds the legend or colour bar that the panels share.
    images : bool
        Panels are square images with axes of their own; otherwise they share their axes.

    Returns
    -------
    Axes or Figure
        Axes for one result, a figure for a mapping.
    """
    with style():
        if isinstance(result, Mapping):
            check_panels(result, ax)
            return _many(result, painter, key, images)
        axes = own_axes(ax, ratio=0.85 if images else 0.72, images=images)
        painter(axes, result)
        if key is not None:
            key(figure_of(axes), [axes])
        return axes


def _many(results: Mapping[str, R], painter: Draw[R], key: Key | None, images: bool) -> Figure:
    figure, panels = spread(len(results), images=images)
    for panel, (label, result) in zip(panels, results.items(), strict=True):
        painter(panel, result)
        panel.set_title(label)
    outer_labels(panels)
    if key is not None:
        key(figure, panels)
    return figure


def spread(
    count: int, *, images: bool = False, share_x: bool = True, share_y: bool = True
) -> tuple[Figure, list[Axes]]:
    """A figure with `count` panels in rows of equal length; all but images share their axes."""
    columns = _in_a_row(count)
    width = PAGE_WIDTH / columns if columns > 2 else COLUMN_WIDTH
    height = width * (0.85 if images else 0.72) + 0.2
    share: Share = "none" if images else "all"
    figure, cells = grid(
        -(-count // columns),
        columns,
        width=width * columns,
        height=height,
        sharex=share if share_x else "none",
        sharey=share if share_y else "none",
        images=images,
    )
    panels = [cell for row in cells for cell in row]
    for surplus in panels[count:]:
        surplus.remove()
    for below in panels[max(0, count - columns) : count]:
        below.tick_params(labelbottom=True)
    return figure, panels[:count]


def _in_a_row(count: int) -> int:
    """Up to three panels in a row, four in a square, of many so many that they fit on a page."""
    if count == 4:
        return 2
    return min(count, 3 if count <= 12 else 4 if count <= 20 else 5)


def check_panels(results: Mapping[str, object], ax: Axes | None) -> None:
    """Raise `ParameterError` for a mapping without entries or one that is to go on a single `ax`."""
    if not results:
        raise ParameterError("no result was given: map at least one label to a result")
    if ax is not None:
        raise ParameterError(f"{len(results)} results make a figure of panels: leave out ax, or draw them one by one")


def legend(figure: Figure, axes: Sequence[Axes], *, title: str = "", least: int = 2) -> None:
    """A legend inside a lone panel, beside it where there is much to tell, above several; of `least` labels or more."""
    if len(axes) == 1:
        labels = len(axes[0].get_legend_handles_labels()[1])
        if labels > _MOST_INSIDE and isinstance(figure, StyledFigure):
            # The panel keeps its width.
            columns = -(-labels // _MOST_BELOW_EACH_OTHER)
            figure.set_figwidth(figure.get_figwidth() + columns)
            axes[0].legend(loc="upper left", bbox_to_anchor=(1, 1), ncols=columns, title=title or None)
        elif labels >= least:
            axes[0].legend(title=title or None)
    else:
        shared_legend(figure, axes, title=title, least=least)


def colour_bar(label: str, *, extend: Literal["neither", "min"] = "neither", whole: bool = False) -> Key:
    """A key: one colour bar beside the panels, for the first image on them, with `whole` numbers on it."""

    def add(figure: Figure, axes: Sequence[Axes]) -> None:
        bar = figure.colorbar(axes[0].images[0], ax=list(axes), label=label, extend=extend, fraction=0.05, pad=0.02)
        bar.outline.set_visible(False)
        if whole:
            count_axis(bar.ax.yaxis)

    return add


def heat(
    ax: Axes,
    matrix: NDArray[np.float64],
    labels: Sequence[str],
    colours: str,
    *,
    rows: Sequence[str] | None = None,
    scale: Normalize | None = None,
) -> None:
    """A matrix of values between checkpoints or networks, from 0 to 1 unless `scale` says more; NaN stays blank.

    `labels` are those of the columns, and of the rows too unless `rows` are; then the matrix fills the axes, for few
    rows beside many columns would be too flat to be named.
    """
    ax.imshow(matrix, cmap=colours, norm=scale or Normalize(0, 1), aspect="equal" if rows is None else "auto")
    ax.spines[:].set_visible(False)
    label_axis(ax.xaxis, labels)
    label_axis(ax.yaxis, labels if rows is None else rows)


def say(ax: Axes, words: str) -> None:
    """Why a panel shows nothing, in its middle."""
    ax.annotate(words, (0.5, 0.5), xycoords="axes fraction", ha="center", va="center", color="0.35")


def figure_of(axes: Axes) -> Figure:
    """The figure that holds the axes."""
    figure = axes.get_figure(root=True)
    assert figure is not None, "axes without a figure cannot be drawn on"
    return figure


def outer_labels(panels: Sequence[Axes], *, ticks: bool = False) -> None:
    """Axis labels only at the left and below, also above the gap that a row of fewer panels leaves; so too `ticks`."""
    columns = _columns(panels)
    for place, panel in enumerate(panels):
        left, below = place % columns == 0, place + columns >= len(panels)
        if not left:
            panel.set_ylabel("")
        if not below:
            panel.set_xlabel("")
        if ticks:
            panel.tick_params(labelleft=left, labelbottom=below)


def _columns(panels: Sequence[Axes]) -> int:
    spec = panels[0].get_subplotspec()
    assert spec is not None, "panels come from one grid"
    return int(spec.get_gridspec().ncols)
