"""Topological distance over time, to a reference or from each checkpoint to the next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, overload

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from topokit.plots.axis import times
from topokit.plots.curves import Curves, draw_curves

if TYPE_CHECKING:
    from topokit.analyzers import DistanceSeries


@overload
def distance_evolution(result: DistanceSeries, *, ax: Axes | None = None) -> Axes: ...
@overload
def distance_evolution(result: Mapping[str, DistanceSeries], *, ax: None = None) -> Figure: ...
def distance_evolution(
    result: DistanceSeries | Mapping[str, DistanceSeries], *, ax: Axes | None = None
) -> Axes | Figure:
    """NNSTD of each checkpoint to its reference, per layer and as the mean over layers (total).

    Parameters
    ----------
    result : DistanceSeries, or mapping of str to DistanceSeries
        One for a line per layer, or several by label for a panel per layer.
    ax : Axes, optional
        Where to draw a lone result.

    Returns
    -------
    Axes or Figure
        A figure for a mapping.
    """
    return draw_curves(result, _curves, ax=ax, label="NNSTD", limits=(0, None))


def _curves(result: DistanceSeries) -> Curves:
    x, x_label = times(result.moments)
    layers = {name: result.layers[:, k] for k, name in enumerate(result.layer_names)}
    return Curves({name: (x, y) for name, y in {"total": result.totals, **layers}.items()}, x_label)
