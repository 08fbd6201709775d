"""Accuracy, or any other recorded number, over training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import overload

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from topokit.dag import Series
from topokit.errors import InsufficientDataError
from topokit.plots.curves import Curves, draw_curves
from topokit.recording import Recording

Run = Recording | pd.DataFrame


@overload
def accuracy(run: Run, *, ax: Axes | None = None, columns: Sequence[str] | None = None) -> Axes: ...
@overload
def accuracy(run: Mapping[str, Run], *, ax: None = None, columns: Sequence[str] | None = None) -> Figure: ...
def accuracy(
    run: Run | Mapping[str, Run], *, ax: Axes | None = None, columns: Sequence[str] | None = None
) -> Axes | Figure:
    """Accuracies, or any other recorded numbers, over training.

    Parameters
    ----------
    run : Recording or DataFrame, or mapping of str to these
        One for a line per column, or several by label for a panel per column. A table has the columns
        ``epoch`` or ``step`` and one per metric.
    ax : Axes, optional
        Where to draw a lone run.
    columns : sequence of str, optional
        Which metrics; those with ``accuracy`` in their name unless given.

    Returns
    -------
    Axes or Figure
        A figure for a mapping.

    Raises
    ------
    InsufficientDataError
        A run without any of the columns; those there are, are listed.
    """
    label = "Accuracy" if columns is None else _words(columns[0]) if len(columns) == 1 else "Value"
    limits = (None, 1.01) if columns is None else (None, None)
    return draw_curves(run, partial(_curves, columns=columns), ax=ax, label=label, limits=limits)


def _curves(run: Run, columns: Sequence[str] | None) -> Curves:
    table = run.metrics if isinstance(run, Series) else run
    numbers = [str(name) for name in table.columns if name not in ("step", "epoch")]
    chosen = [name for name in numbers if (name in columns if columns is not None else "accuracy" in name)]
    if not chosen:
        wanted = ", ".join(columns) if columns is not None else "a column with 'accuracy' in its name"
        raise InsufficientDataError(f"no metric to draw: wanted {wanted}, recorded are {', '.join(numbers) or 'none'}")
    time = next((name for name in ("epoch", "step") if name in table and table[name].notna().all()), None)
    x = table[time].to_numpy(float) if time else np.arange(len(table), dtype=float)
    lines = {_words(name): _known(x, table[name].to_numpy(float)) for name in chosen}
    return Curves(lines, time.capitalize() if time else "Row")


def _known(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    known = np.isfinite(y)
    return x[known], y[known]


def _words(column: str) -> str:
    return column.replace("_", " ").capitalize()
