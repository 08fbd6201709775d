"""Titles and names of axes that fit beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

from matplotlib.axes import Axes

from topokit.plots.axis import name_ticks
from topokit.plots.panels import figure_of, outer_labels


def folded(title: str, inches: float) -> str:
    """The title on as many lines as it takes in that room; a long word stays whole."""
    return fill(title, max(6, int(16 * inches)), break_long_words=False)


def label_panels(panels: Sequence[Axes], titles: Sequence[str], x_label: str, y_label: str) -> None:
    """A title for each panel, and names for the outer axes, all no longer than their panels."""
    width, height = room(panels[0])
    for axes, title in zip(panels, titles, strict=True):
        axes.set_title(folded(title, width))
        axes.set(xlabel=folded(x_label, width), ylabel=folded(y_label, height))
    outer_labels(panels)


def name_places(panels: Sequence[Axes], names: Sequence[Sequence[str]]) -> None:
    """Name the positions 0, 1, ... along each x axis; the figure grows by the length of upright names."""
    upright = [max(map(len, own)) for axes, own in zip(panels, names, strict=True) if name_ticks(axes, own)]
    figure = figure_of(panels[0])
    figure.set_figheight(figure.get_figheight() + 0.05 * max(upright, default=0))
    for axes, own in zip(panels, names, strict=True):
        axes.set_xlim(-0.5, len(own) - 0.5)


def room(panel: Axes) -> tuple[float, float]:
    """Width and height, in inches, of a panel with what is written beside it."""
    spec = panel.get_subplotspec()
    assert spec is not None, "panels come from one grid"
    rows, columns = spec.get_gridspec().get_geometry()
    figure = figure_of(panel)
    return figure.get_figwidth() / columns, figure.get_figheight() / rows
