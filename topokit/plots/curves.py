"""Curves over time: a line per layer for one result, a panel per layer with a line per method for several."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from numpy.typing import NDArray

from topokit.dag import Moment
from topokit.errors import ParameterError
from topokit.plots.axis import count_axis, time_axis, times, visible
from topokit.plots.canvas import own_axes, shared_legend
from topokit.plots.panels import check_panels, figure_of, legend, outer_labels, spread
from topokit.plots.style import looks, style

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
        fix_limits([axes], limits)
        legend(figure_of(axes), [axes])
        clear_legend(axes)
        return axes


class OfBlocks(Protocol):
    """A result whose arrays have a column per block and a last one for all of them together."""

    @property
    def moments(self) -> tuple[Moment, ...]:
        """When the T networks were."""

    @property
    def blocks(self) -> tuple[str, ...]:
        """Names of the B blocks."""


B = TypeVar("B", bound=OfBlocks)


def draw_blocks(
    result: B | Mapping[str, B], value: str, labels: Mapping[str, str], *, ax: Axes | None
) -> Axes | Figure:
    """The values of that name, (T, B + 1), of all blocks (total) and of each block over time.

    Parameters
    ----------
    result : result or mapping of str to result
        With `moments`, `blocks` and `value`.
    value : str
        An attribute.
    labels : mapping of str to str
        What the y axis shows, by the values there are.
    ax : Axes or None
        Where to draw a lone result.

    Raises
    ------
    ParameterError
        Another value, or one that the result does not hold.
    """
    if value not in labels:
        raise ParameterError(f"value={value!r}: use {', '.join(map(repr, labels))}")
    return draw_curves(result, lambda one: _of_blocks(one, value), ax=ax, label=labels[value], limits=(0, None))


def _of_blocks(result: OfBlocks, value: str) -> Curves:
    x, x_label = times(result.moments)
    values = getattr(result, value)
    if values is None:
        raise ParameterError(f"the result holds no {value} edges: make it with {value}=True")
    columns = {"total": -1, **{name: k for k, name in enumerate(result.blocks)}}
    return Curves({name: (x, np.asarray(values[:, k], float)) for name, k in columns.items()}, x_label)


def clear_legend(ax: Axes) -> None:
    """Put a legend that hides some of the lines or bands above the axes."""
    legend = ax.get_legend()
    if legend is not None and hides(ax, legend):
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)


def hides(ax: Axes, legend: Legend) -> bool:
    """Whether the legend lies over lines or bands of the axes."""
    figure_of(ax).draw_without_rendering()
    box = legend.get_window_extent()
    lines = [line.get_path().cleaned(line.get_transform(), remove_nans=True) for line in ax.lines]
    bands = [band.get_transform().transform_path(path) for band in ax.collections for path in band.get_paths()]
    hidden = [path.intersects_bbox(box, filled=False) for path in lines if np.size(path.vertices)]
    return any([*hidden, *(path.intersects_bbox(box, filled=True) for path in bands)])


def plot_lines(ax: Axes, lines: Lines, x_label: str) -> None:
    """The lines with colours, dashes and markers of their own, and a time axis; 'total' is black."""
    drawn = looks(list(lines))
    for name, (x, y) in lines.items():
        ax.plot(x, y, label=visible(name), markevery=max(1, len(x) // 10), **drawn[name])
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
    fix_limits(panels, limits)
    outer_labels(panels)
    shared_legend(figure, panels)
    return figure


def fix_limits(panels: Sequence[Axes], limits: Limits) -> None:
    """Fix the ends of the y axes that are given, once everything is drawn."""
    # Fixing one end stops autoscaling, so every panel that shares the axis has to be drawn before.
    for panel in panels:
        panel.autoscale_view()
    for panel in panels:
        panel.set_ylim(*limits)
