"""Curves over time: a line per layer for one result, a panel per layer with a line per method for several."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from topokit.plots.axis import count_axis, time_axis, visible
from topokit.plots.canvas import own_axes, shared_legend
from topokit.plots.panels import check_panels, figure_of, legend, outer_labels, spread
from topokit.plots.style import LINE_STYLES, MARKERS, palette, style

R = TypeVar("R")

Values = NDArray[np.float64]
Lines = Mapping[str, tuple[Values, Values]]
Limits = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class Curves:
    """Named lines over time.

    Attributes
    ----------
    lines : mapping of str to pair of ndarray, shapes (T,) and (T,)
        Times and values by name, such as the layer's; NaN leaves a gap.
    x_label : str
        What the times are: Epoch, Step or Checkpoint.
    """

    lines: Lines
    x_label: str


def draw_curves(
    result: R | Mapping[str, R], read: Callable[[R], Curves], *, ax: Axes | None, label: str, limits: Limits
) -> Axes | Figure:
    """Axes with a line per name for one result; a figure with a panel per name for a mapping of results.

    Parameters
    ----------
    result : result or mapping of str to result
        What `read` turns into curves.
    read : callable
        ``read(result)`` returns its `Curves`.
    ax : Axes or None
        Where to draw a lone result.
    label : str
        What the y axis shows, with its unit.
    limits : pair of float or None
        Fixed ends of the y axis.
    """
    with style():
        if isinstance(result, Mapping):
            check_panels(result, ax)
            return _panels({name: read(one) for name, one in result.items()}, label, limits)
        axes, curves = own_axes(ax), read(result)
        plot_lines(axes, curves.lines, curves.x_label)
        axes.set_ylabel(label)
        _fix_limits([axes], limits)
        legend(figure_of(axes), [axes])
        return axes


def plot_lines(ax: Axes, lines: Lines, x_label: str) -> None:
    """The lines with colours, dashes and markers of their own, and a time axis; 'total' is black."""
    colours = palette(len(lines))
    for place, (name, (x, y)) in enumerate(lines.items()):
        ax.plot(
            x,
            y,
            label=visible(name),
            color="black" if name == "total" else colours[place],
            linestyle=LINE_STYLES[place % len(LINE_STYLES)],
            marker=MARKERS[place % len(MARKERS)],
            markevery=max(1, len(x) // 10),
        )
    time_axis(ax, np.concatenate([x for x, _ in lines.values()]), x_label)
    if all(np.equal(np.mod(y[np.isfinite(y)], 1), 0).all() for _, y in lines.values()):
        count_axis(ax.yaxis)


def ordered_union(groups: Sequence[Mapping[str, object]]) -> list[str]:
    """The names of all groups, each once, in the order they first appear."""
    return list(dict.fromkeys(name for group in groups for name in group))


def _panels(curves: Mapping[str, Curves], label: str, limits: Limits) -> Figure:
    names = ordered_union([one.lines for one in curves.values()])
    absent: tuple[Values, Values] = (np.empty(0), np.empty(0))
    figure, panels = spread(len(names))
    for panel, name in zip(panels, names, strict=True):
        lines = {run: one.lines.get(name, absent) for run, one in curves.items()}
        plot_lines(panel, lines, next(iter(curves.values())).x_label)
        panel.set(title=name, ylabel=label)
    _fix_limits(panels, limits)
    outer_labels(panels)
    shared_legend(figure, panels)
    return figure


def _fix_limits(panels: Sequence[Axes], limits: Limits) -> None:
    # Fixing one end stops autoscaling, so every panel that shares the axis has to be drawn before.
    panels[0].autoscale_view()
    for panel in panels:
        panel.set_ylim(*limits)
