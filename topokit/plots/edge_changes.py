"""Edges that come and go over time, without any matching of neurons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, overload

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from topokit.errors import ParameterError
from topokit.plots.axis import times
from topokit.plots.curves import Curves, draw_curves

if TYPE_CHECKING:
    from topokit.analyzers import EdgeChanges

Value = Literal["distance", "jaccard", "dropped_share", "turned_share", "weight_change", "born", "dropped", "explored"]

_LABELS: dict[Value, str] = {
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
    if value not in _LABELS:
        raise ParameterError(f"value={value!r}: use {', '.join(map(repr, _LABELS))}")
    return draw_curves(result, lambda one: _curves(one, value), ax=ax, label=_LABELS[value], limits=(0, None))


def _curves(result: EdgeChanges, value: Value) -> Curves:
    x, x_label = times(result.moments)
    values = getattr(result, value)
    if values is None:
        raise ParameterError("the result holds no explored edges: make it with explored=True")
    columns = {"total": -1, **{name: k for k, name in enumerate(result.blocks)}}
    return Curves({name: (x, np.asarray(values[:, k], float)) for name, k in columns.items()}, x_label)
