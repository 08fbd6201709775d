"""Curves with bands of uncertainty, told apart by colour, dashes and a mark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from topokit.plots.axis import visible
from topokit.plots.style import LINE_STYLES, MARKERS, palette

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
    colours = palette(len(bands))
    for place, band in enumerate(bands):
        colour = "black" if band.name == "total" else colours[place]
        options: dict[str, Any] = {"color": colour, "linestyle": LINE_STYLES[place % len(LINE_STYLES)]}
        ax.fill_between(
            band.x, band.low, band.high, color=colour, alpha=0.15, linewidth=0, step="post" if steps else None
        )
        ax.plot(
            band.x,
            band.y,
            label=visible(band.name),
            marker=MARKERS[place % len(MARKERS)],
            markevery=max(1, len(band.x) // 10),
            drawstyle="steps-post" if steps else "default",
            **options,
        )
