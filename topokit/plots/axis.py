"""Axes of time, of checkpoints and of counts, readable with one tick as well as with a thousand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import LogFormatter, MaxNLocator
from numpy.typing import NDArray

from topokit.dag import Moment


def times(moments: Sequence[Moment]) -> tuple[NDArray[np.float64], str]:
    """When the moments were, (T,), and what the axis is called: epochs if all are known, else steps, else positions."""
    for attribute, label in (("epoch", "Epoch"), ("step", "Step")):
        values = [getattr(moment, attribute) for moment in moments]
        if all(value is not None for value in values):
            return np.array(values, float), label
    return np.arange(len(moments), dtype=float), "Checkpoint"


def time_axis(ax: Axes, values: NDArray[np.float64], label: str, *, ticks: int = 6) -> None:
    """Name the x axis and put few ticks on it, whole ones for whole moments; a single moment gets a single tick."""
    ax.set_xlabel(label)
    # Lines of gaps only would leave the axis without its times.
    ax.update_datalim(np.column_stack([values, values]), updatey=False)
    ax.autoscale_view(scaley=False)
    if np.unique(values).size == 1:
        ax.set_xticks([values[0]], [short(values[0])])
        return
    whole = np.ptp(values) >= 3 or not np.mod(values, 1).any()
    ax.xaxis.set_major_locator(MaxNLocator(nbins=ticks, integer=bool(whole), steps=[1, 2, 5, 10]))


def log_log(ax: Axes) -> None:
    """Logarithmic axes for shares of neurons over degrees; degree 0 lies left of the picture."""
    ax.set_xscale("log")
    ax.set_yscale("log", nonpositive="clip")
    ax.use_sticky_edges = False
    for axis in (ax.xaxis, ax.yaxis):
        plain_log(axis)


def log_scale(axis: Axis, values: NDArray[np.float64]) -> None:
    """A logarithmic axis; with zeros or less among the values, linear between them and the least positive value."""
    positive = values[values > 0]
    if not positive.size:
        return
    set_scale = axis.axes.set_xscale if axis is axis.axes.xaxis else axis.axes.set_yscale
    if (values <= 0).any():
        set_scale("symlog", linthresh=float(positive.min()), linscale=0.5)
    else:
        set_scale("log", nonpositive="clip")
    plain_log(axis)


def plain_log(axis: Axis) -> None:
    """Plain numbers on a logarithmic axis, between the powers of ten only where there is room."""
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(_PlainMinor(minor_thresholds=(1, 0.4)))


def count_axis(axis: Axis, *, ticks: int = 5) -> None:
    """Whole-number ticks, for numbers of neurons and connections."""
    axis.set_major_locator(MaxNLocator(nbins=ticks, integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))


def whole_bins(values: NDArray[np.int64], *, most: int = 60) -> list[float]:
    """Edges of at most `most` bins around whole numbers, all of the same whole width, that hold every value."""
    low, high = int(values.min()), int(values.max())
    width = -(-(high - low + 1) // most)
    return [edge - 0.5 for edge in range(low, high + width + 1, width)]


def label_axis(axis: Axis, labels: Sequence[str]) -> None:
    """Name the positions 0, 1, ... of a matrix, of many only some; a common first word once."""
    word, names = _common_word(labels)
    ticks = MaxNLocator(nbins=6 if word else 12, integer=True, steps=[1, 2, 5, 10]).tick_values(0, len(names) - 1)
    positions = sorted({int(tick) for tick in ticks if 0 <= tick < len(names)})
    shown = [names[k] for k in positions]
    axis.set_ticks(positions, shown)
    if axis is axis.axes.xaxis and _touch(axis.axes, shown, room=0.7):
        axis.set_tick_params(labelrotation=90)
    if word:
        axis.set_label_text(word.capitalize())


def name_ticks(ax: Axes, names: Sequence[str]) -> bool:
    """Name the positions 0, 1, ... of the x axis, all of them; upright, which is told, where they would touch."""
    upright = _touch(ax, names, room=0.9)
    ax.set_xticks(range(len(names)), names, rotation=90 if upright else 0)
    ax.minorticks_off()
    return upright


def _touch(ax: Axes, names: Sequence[str], *, room: float) -> bool:
    """Whether names side by side would touch below a panel, of whose width the axis has a share `room`."""
    figure, spec = ax.get_figure(root=True), ax.get_subplotspec()
    assert figure is not None, "axes without a figure cannot be drawn on"
    width = figure.get_figwidth() / (spec.get_gridspec().ncols if spec else 1)
    # About 17 letters of a tick label lie on an inch.
    return (max(map(len, names)) + 1) * len(names) > 17 * room * width


def evenly(count: int, most: int) -> NDArray[np.int64]:
    """At most `most` positions of ``range(count)``, evenly spread, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))


def moment_name(moment: Moment) -> str:
    """How a panel calls a moment, such as 'epoch 12'."""
    if moment.epoch is not None:
        return f"epoch {short(moment.epoch)}"
    return moment.label or (f"step {moment.step:,}" if moment.step is not None else "")


def visible(name: str) -> str:
    """The name with a space before a leading underscore, for which matplotlib would leave it out of legends."""
    return f" {name}" if name.startswith("_") else name


def short(number: float) -> str:
    """Whole numbers with separators, others with two decimals, small ones with three digits."""
    if float(number).is_integer():
        return f"{number:,.0f}"
    return f"{number:.3g}" if abs(number) < 1 else f"{number:.2f}".rstrip("0")


class _PlainMinor(LogFormatter):
    """Chooses the numbers as its parent does, and writes them like those at the powers of ten."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        return f"{x:g}" if super().__call__(x, pos) else ""


def _common_word(labels: Sequence[str]) -> tuple[str, list[str]]:
    pieces = [label.split(" ", 1) for label in labels]
    words = {piece[0] for piece in pieces}
    if len(words) == 1 and all(len(piece) == 2 and _is_number(piece[1]) for piece in pieces):
        return words.pop(), [short(float(piece[1])) for piece in pieces]
    return "", list(labels)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
