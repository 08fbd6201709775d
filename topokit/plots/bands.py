"""Curves with bands of uncertainty, told apart by colour, dashes and a mark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from topokit.plots.axis import visible
from topokit.plots.style import looks

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Band:
    """A named curve and its limits, (n,) each; NaN leaves a gap."""

    name: str
    x: Values
    y: Values
    low: Values
    high: Values


def plot_bands(ax: Axes, bands: Sequence[Band], *, steps: bool = False) -> None:
    """The curves over their bands; 'total' is black; `steps` keep each value until the next one."""
    drawn = looks([band.name for band in bands])
    for band in bands:
        options = drawn[band.name]
        step: Literal["post"] | None = "post" if steps else None
        ax.fill_between(band.x, band.low, band.high, color=options["color"], alpha=0.15, linewidth=0, step=step)
        ax.plot(
            band.x,
            band.y,
            label=visible(band.name),
            markevery=max(1, len(band.x) // 10),
            drawstyle="steps-post" if steps else "default",
            **options,
        )
