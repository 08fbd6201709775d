"""Topological distance between all pairs of networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, overload

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from topokit.errors import UnknownNameError
from topokit.plots.panels import colour_bar, draw, heat
from topokit.plots.style import DISTANCE_COLOURS

if TYPE_CHECKING:
    from topokit.analyzers import DistanceMatrix


@overload
def distance_matrix(result: DistanceMatrix, *, ax: Axes | None = None, layer: str = "total") -> Axes: ...
@overload
def distance_matrix(result: Mapping[str, DistanceMatrix], *, ax: None = None, layer: str = "total") -> Figure: ...
def distance_matrix(
    result: DistanceMatrix | Mapping[str, DistanceMatrix], *, ax: Axes | None = None, layer: str = "total"
) -> Axes | Figure:
    """NNSTD between all pairs of networks, from 0 (same wiring, light) to 1 (nothing shared, dark).

    As in Figs 3-6 of Liu et al. (2020), which show the first layer.

    Parameters
    ----------
    result : DistanceMatrix, or mapping of str to DistanceMatrix
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

    def paint(axes: Axes, one: DistanceMatrix) -> None:
        heat(
            axes,
            one.matrix if layer == "total" else one.layer_matrices[_place(one, layer)],
            one.labels,
            DISTANCE_COLOURS,
        )

    label = "NNSTD" if layer == "total" else f"NNSTD, {layer}"
    return draw(result, paint, ax=ax, key=colour_bar(label), images=True)


def _place(result: DistanceMatrix, layer: str) -> int:
    if layer not in result.layer_names:
        raise UnknownNameError("layer", layer, (*result.layer_names, "total"))
    return result.layer_names.index(layer)
