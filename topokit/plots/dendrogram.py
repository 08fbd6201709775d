"""Networks as a tree, those that are wired alike on one branch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from topokit.plots.canvas import own_axes
from topokit.plots.panels import figure_of
from topokit.plots.style import COLUMN_WIDTH, palette, style

if TYPE_CHECKING:
    from topokit.analyzers import Hierarchy

INCHES_PER_LABEL, TALLEST = 0.115, 9.0
BETWEEN = "0.6"

Branch = tuple[list[float], list[float], int]


def dendrogram(result: Hierarchy, *, ax: Axes | None = None, count: int = 1) -> Axes:
    """The tree of a hierarchy, networks on the left, clusters joined at their distance.

    Parameters
    ----------
    result : Hierarchy
        The tree.
    ax : Axes, optional
        Where to draw; of more networks than it has room for, only some are named.
    count : int
        Give so many clusters a colour each; the branches that join them are grey.

    Raises
    ------
    ParameterError
        More clusters than networks, or fewer than one.
    """
    colours = [BETWEEN, *palette(max(result.clusters(count=count)))]
    with style():
        height = min(TALLEST, 0.6 + INCHES_PER_LABEL * len(result.labels))
        axes = own_axes(ax, ratio=max(0.4, height / COLUMN_WIDTH))
        for x, y, cluster in _branches(result, count):
            axes.plot(x, y, color=colours[cluster], solid_joinstyle="miter")
        top = float(result.linkage[-1, 2])
        axes.set(xlim=(0, 1.05 * top or 1), ylim=(len(result.labels) - 0.5, -0.5))
        axes.set_xlabel(f"Distance ({result.meta.parameters['method']} linkage)")
        _name_leaves(axes, [result.labels[k] for k in result.order])
        return axes


def _branches(result: Hierarchy, count: int) -> Iterator[Branch]:
    """For each join, the four corners of its bracket, and the cluster it lies in; 0 for one that joins clusters."""
    places = np.argsort(result.order).astype(float).tolist()
    heights = [0.0] * len(places)
    clusters = result.clusters(count=count).tolist()
    for first, second, height, _ in result.linkage:
        a, b = int(first), int(second)
        cluster = clusters[a] if clusters[a] == clusters[b] else 0
        yield [heights[a], height, height, heights[b]], [places[a], places[a], places[b], places[b]], cluster
        places.append((places[a] + places[b]) / 2)
        heights.append(height)
        clusters.append(cluster)


def _name_leaves(axes: Axes, names: Sequence[str]) -> None:
    room = axes.get_window_extent().height / figure_of(axes).dpi
    step = max(1, ceil(INCHES_PER_LABEL * len(names) / max(room, INCHES_PER_LABEL)))
    shown = range(0, len(names), step)
    axes.set_yticks(list(shown), [names[k] for k in shown])
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
