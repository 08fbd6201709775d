"""Edges that come and go over time, without any matching of neurons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, overload

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from topokit.plots.curves import draw_blocks

if TYPE_CHECKING:
    from topokit.analyzers import EdgeChanges

Value = Literal["distance", "jaccard", "dropped_share", "turned_share", "weight_change", "born", "dropped", "explored"]

_LABELS: Mapping[str, str] = {
    "distance": "Edges not shared (1 - Jaccard index)",
    "jaccard": "Shared edges (Jaccard index)",
    "dropped_share": "Share of edges dropped",
    "turned_share": "Share of kept edges that changed sign",
    "weight_change": "Mean change of kept weights",
    "born": "Edges born",
    "dropped": "Edges dropped",
    "explored": "Edges explored so far",
}


@overload
def edge_changes(result: EdgeChanges, *, ax: Axes | None = None, value: Value = "distance") -> Axes: ...
@overload
def edge_changes(result: Mapping[str, EdgeChanges], *, ax: None = None, value: Value = "distance") -> Figure: ...
def edge_changes(
    result: EdgeChanges | Mapping[str, EdgeChanges], *, ax: Axes | None = None, value: Value = "distance"
) -> Axes | Figure:
    """How the edges of each block changed since the reference, at each moment, and those of all blocks (total).

    Parameters
    ----------
    result : EdgeChanges, or mapping of str to EdgeChanges
        One for a line per block, or several by label for a panel per block.
    ax : Axes, optional
        Where to draw a lone result.
    value : str
        'distance', 'jaccard', 'dropped_share', 'turned_share', 'weight_change', 'born', 'dropped' or 'explored'.

    Returns
    -------
    Axes or Figure
        A figure for a mapping.

    Raises
    ------
    ParameterError
        Another value, or explored edges that the result does not hold.
    """
    return draw_blocks(result, value, _LABELS, ax=ax)
