"""Curves with bands of uncertainty, told apart by colour, dashes and a mark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from topokit.plots.axis import visible
from topokit.plots.style import looks

Values = NDArray[np.float64]
Spread = Literal["deviation", "range"]


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """A named curve and its limits, (n,) each; NaN leaves a gap."""

    name: str
    x: Values
    y: Values
    low: Values
    high: Values


def averaged(name: str, x: Values, y: Values, *, spread: Spread = "deviation") -> Band:
    """The mean of the `y` at each `x`, (n,) each, and how far they reach; NaN is left out.

    The limits lie one sample standard deviation from the mean, or at the least and the largest value; where there is
    one value only, they are NaN.
    """
    groups = pd.Series(y).groupby(x)
    mean, several = groups.mean(), groups.count() > 1
    if spread == "deviation":
        low, high = mean - groups.std(), mean + groups.std()
    else:
        low, high = groups.min().where(several), groups.max().where(several)
    return Band(name, mean.index.to_numpy(float), *(np.asarray(part, np.float64) for part in (mean, low, high)))


def plot_bands(
    ax: Axes,
    bands: Sequence[Band],
    *,
    steps: bool = False,
    drawn: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """The curves over their bands; 'total' is black; `steps` keep each value until the next one.

    Where only some points have limits, these are error bars: a band would reach over points that have none. `drawn`
    are the looks of each name, where the bands are some of many.
    """
    known = looks([band.name for band in bands]) if drawn is None else drawn
    for band in bands:
        options = known[band.name]
        step: Literal["post"] | None = "post" if steps else None
        if _whole(band):
            ax.fill_between(band.x, band.low, band.high, color=options["color"], alpha=0.15, linewidth=0, step=step)
        else:
            error_bars(ax, band, options["color"])
        ax.plot(
            band.x,
            band.y,
            label=visible(band.name),
            markevery=max(1, len(band.x) // 10),
            drawstyle="steps-post" if steps else "default",
            **options,
        )


def error_bars(ax: Axes, band: Band, colour: Any) -> None:
    """Bars from the lower to the upper limits, where there are any."""
    reach = np.stack([band.y - band.low, band.high - band.y])
    there = np.isfinite(reach).all(axis=0)
    if there.any():
        ax.errorbar(
            band.x[there], band.y[there], reach[:, there], fmt="none", ecolor=colour, elinewidth=0.8, capsize=1.5
        )


def _whole(band: Band) -> bool:
    return len(band.x) > 1 and not np.any(np.isfinite(band.y) & ~np.isfinite(band.low))
