"""What came out of many training runs, against what was varied."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from topokit.errors import InsufficientDataError, ParameterError
from topokit.plots.bands import averaged, plot_bands
from topokit.plots.canvas import own_axes
from topokit.plots.style import looks, style


class Swept(Protocol):
    """Runs in a table, such as `topokit.sweep` returns."""

    @property
    def swept(self) -> tuple[str, ...]:
        """Columns of what was varied."""
        ...

    @property
    def frame(self) -> pd.DataFrame:
        """A row a run."""
        ...

    @property
    def measure(self) -> str:
        """The column that sums a run up."""
        ...


def sweep(result: Swept, *, ax: Axes | None = None, x: str | None = None, measure: str | None = None) -> Axes:
    """One measure of all runs against one varied value, a line for each combination of the others.

    Dots are runs, lines their means over seeds, bands reach from the least to the largest.

    Parameters
    ----------
    result : SweepResult
        The runs; failed ones are left out.
    ax : Axes, optional
        Where to draw.
    x : str, optional
        The varied field along the axis; unless given the first of numbers, seeds aside, else the first that varies.
    measure : str, optional
        A column of the frame; the result's own `measure` unless given.

    Raises
    ------
    ParameterError
        No such field or column.
    InsufficientDataError
        No run has that measure.
    """
    frame, measure = result.frame, measure or result.measure
    along = x or _along(result)
    for name, known in ((along, result.swept), (measure, list(frame.columns))):
        if name not in known:
            raise ParameterError(f"{name!r} is not in the sweep: there are {', '.join(known)}")
    rows = frame[frame[measure].notna()]
    if not len(rows):
        raise InsufficientDataError(f"no run of the sweep has {measure!r}: see the column error of its table")
    others = [key for key in result.swept if key not in (along, "seed")]
    labels = rows[others].astype(str).agg(", ".join, axis=1) if others else pd.Series("", rows.index)
    places = _places(rows[along])
    names = list(dict.fromkeys(labels))
    values = rows[measure].to_numpy(float)
    with style():
        axes = own_axes(ax)
        plot_bands(
            axes, [averaged(name, places[labels == name], values[labels == name], spread="range") for name in names]
        )
        for name, look in looks(names).items():
            axes.plot(places[labels == name], values[labels == name], ".", color=look["color"], alpha=0.6)
        if not pd.api.types.is_numeric_dtype(rows[along]):
            axes.set_xticks(range(rows[along].nunique()), list(dict.fromkeys(map(str, rows[along]))))
        axes.set_xlabel(along.replace("_", " ").capitalize())
        axes.set_ylabel(measure.replace("_", " ").capitalize())
        if len(names) > 1:
            axes.legend(title=", ".join(others).replace("_", " "))
        return axes


def _along(result: Swept) -> str:
    varied = [key for key in result.swept if key != "seed" and result.frame[key].astype(str).nunique() > 1]
    numbers = [key for key in varied if pd.api.types.is_numeric_dtype(result.frame[key])]
    found = [*numbers, *varied, *result.swept]
    if not found:
        raise InsufficientDataError("nothing was varied in the sweep: give its grid two values of something")
    return found[0]


def _places(values: pd.Series) -> np.ndarray:
    if not pd.api.types.is_numeric_dtype(values):
        return pd.factorize(values.astype(str))[0].astype(float)
    return values.to_numpy(float)
