"""Accuracy of trained networks that lose further edges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import overload

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from topokit.analyzers.result import Result
from topokit.errors import InsufficientDataError, ParameterError
from topokit.plots.bands import Band, averaged, plot_bands
from topokit.plots.canvas import grid, own_axes, shared_legend
from topokit.plots.style import COLUMN_WIDTH, PAGE_WIDTH, style

MEASURES = {"test_accuracy": "Accuracy on test data", "test_loss": "Loss on test data"}
WORDS = {"magnitude": "Smallest weights first", "random": "In random order"}


@overload
def pruning_sensitivity(result: Result, *, ax: Axes | None = None) -> Axes: ...
@overload
def pruning_sensitivity(result: Mapping[str, Result], *, ax: None = None) -> Figure: ...
def pruning_sensitivity(result: Result | Mapping[str, Result], *, ax: Axes | None = None) -> Axes | Figure:
    """Test accuracy, or loss where no classes are told, against the share of edges left.

    Bands reach from the least to the largest of the random orders.

    Parameters
    ----------
    result : PruningSensitivity, or mapping of str to these
        One for a line per order of removal, or several by label for a panel per order and a line per label.
    ax : Axes, optional
        Where to draw a lone result.

    Raises
    ------
    ParameterError
        Axes were given for several results.
    InsufficientDataError
        There is nothing to draw.
    """
    with style():
        if isinstance(result, Mapping):
            if ax is not None:
                raise ParameterError("several results have panels of their own: leave ax out, or draw one at a time")
            return _panels({label: one.frame for label, one in result.items()})
        axes = own_axes(ax)
        frame = result.frame
        measure = _measure([frame])
        plot_bands(axes, [_band(WORDS[order], frame[frame["order"] == order], measure) for order in _orders([frame])])
        _label(axes)
        axes.set_ylabel(MEASURES[measure])
        axes.legend()
        return axes


def _panels(frames: Mapping[str, pd.DataFrame]) -> Figure:
    orders, measure = _orders(list(frames.values())), _measure(list(frames.values()))
    figure, rows = grid(1, len(orders), width=PAGE_WIDTH, height=0.72 * COLUMN_WIDTH)
    for axes, order in zip(rows[0], orders, strict=True):
        chosen = {label: frame[frame["order"] == order] for label, frame in frames.items()}
        plot_bands(axes, [_band(label, frame, measure) for label, frame in chosen.items() if len(frame)])
        axes.set_title(WORDS[order])
        _label(axes)
    rows[0][0].set_ylabel(MEASURES[measure])
    shared_legend(figure, rows[0])
    return figure


def _orders(frames: list[pd.DataFrame]) -> list[str]:
    orders = list(dict.fromkeys(order for frame in frames for order in frame["order"]))
    if not orders:
        raise InsufficientDataError("no pruned network to draw: ask for orders and shares of edges to remove")
    return orders


def _measure(frames: list[pd.DataFrame]) -> str:
    return "test_accuracy" if any(frame["test_accuracy"].notna().any() for frame in frames) else "test_loss"


def _band(name: str, frame: pd.DataFrame, measure: str) -> Band:
    remaining, values = (frame[column].to_numpy(float) for column in ("remaining", measure))
    return averaged(name, remaining, values, spread="range")


def _label(axes: Axes) -> None:
    axes.set_xlabel("Edges left (share of the trained network)")
    axes.set_xlim(1.0, 0.0)
