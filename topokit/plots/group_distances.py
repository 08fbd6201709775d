"""Topological distance between the networks of two groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, overload

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from topokit.plots.panels import colour_bar, draw, heat
from topokit.plots.style import DISTANCE_COLOURS

if TYPE_CHECKING:
    from topokit.analyzers import GroupDistances


@overload
def group_distances(result: GroupDistances, *, ax: Axes | None = None, layer: str = "total") -> Axes: ...
@overload
def group_distances(result: Mapping[str, GroupDistances], *, ax: None = None, layer: str = "total") -> Figure: ...
def group_distances(
    result: GroupDistances | Mapping[str, GroupDistances], *, ax: Axes | None = None, layer: str = "total"
) -> Axes | Figure:
    """NNSTD between each network of one group (rows) and each of another, from 0 (light) to 1 (dark).

    Parameters
    ----------
    result : GroupDistances, or mapping of str to GroupDistances
        One, or several by label for a panel each.
    ax : Axes, optional
        Where to draw a lone result.
    layer : str
        A layer's name, or 'total' for the mean over layers.

    Returns
    -------
    Axes or Figure
        A figure for a mapping.

    Raises
    ------
    UnknownNameError
        No such layer.
    """

    def paint(axes: Axes, one: GroupDistances) -> None:
        heat(axes, one.layer_table(layer).to_numpy(), one.labels_b, DISTANCE_COLOURS, rows=one.labels_a)

    label = "NNSTD" if layer == "total" else f"NNSTD, {layer}"
    return draw(result, paint, ax=ax, key=colour_bar(label), images=True)
