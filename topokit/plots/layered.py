"""A network as it is usually drawn: layers from left to right, their neurons from top to bottom."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from numpy.typing import NDArray

from topokit.dag import Layer

Points = NDArray[np.float64]


def places(layers: Sequence[Layer]) -> Points:
    """Where each neuron lies, (N, 2): layers at x = 0, 1, ..., their neurons evenly spread from 1 down to 0."""
    return np.concatenate(
        [
            np.column_stack([np.full(layer.size, float(k)), 1 - (np.arange(layer.size) + 0.5) / layer.size])
            for k, layer in enumerate(layers)
        ]
    )


def neuron_area(layers: Sequence[Layer]) -> float:
    """Area of the mark of a neuron, in square points, so that those of the largest layer do not touch."""
    return float(np.clip(1500 / max(layer.size for layer in layers), 3, 60))


def draw_edges(
    ax: Axes, points: Points, sources: NDArray[np.int64], targets: NDArray[np.int64], colour: str, width: float
) -> None:
    """Straight lines between neurons, given by their global numbers, below their marks."""
    lines = np.stack([points[sources], points[targets]], axis=1)
    ax.add_collection(LineCollection(list(lines), colors=colour, linewidths=width, zorder=1))


def name_layers(ax: Axes, layers: Sequence[Layer], *, drawn: int, there: int) -> None:
    """Names of the layers for axes, and how many edges are drawn if not all are."""
    names = [layer.name for layer in layers]
    # About 40 letters fit below a panel of one column.
    upright = max(map(len, names)) * len(names) > 36
    ax.set_xticks(np.arange(len(names)), names, rotation=90 if upright else 0)
    ax.set(yticks=[], xlabel="" if drawn == there else f"{drawn:,} of {there:,} edges drawn")
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
