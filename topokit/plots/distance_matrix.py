"""Topological distance between all pairs of networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, overload

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from topokit.errors import ParameterError
from topokit.plots.panels import colour_bar, draw, heat
from topokit.plots.style import DISTANCE_COLOURS

if TYPE_CHECKING:
    from topokit.analyzers import DistanceMatrix

Order = Sequence[int] | NDArray[np.int64] | None


@overload
def distance_matrix(
    result: DistanceMatrix, *, ax: Axes | None = None, layer: str = "total", order: Order = None
) -> Axes: ...
@overload
def distance_matrix(
    result: Mapping[str, DistanceMatrix], *, ax: None = None, layer: str = "total", order: Order = None
) -> Figure: ...
def distance_matrix(
    result: DistanceMatrix | Mapping[str, DistanceMatrix],
    *,
    ax: Axes | None = None,
    layer: str = "total",
    order: Order = None,
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
    order : sequence of int, optional
        Positions of the networks from left to right, such as ``hierarchy(result).order``, which has those that are
        wired alike side by side; as they are in the result unless given.

    Returns
    -------
    Axes or Figure
        A figure for a mapping.

    Raises
    ------
    UnknownNameError
        No such layer.
    ParameterError
        An order that does not hold every network once.
    """

    def paint(axes: Axes, one: DistanceMatrix) -> None:
        places = _places(order, one.labels)
        values = one.layer_table(layer).to_numpy()[np.ix_(places, places)]
        heat(axes, values, [one.labels[k] for k in places], DISTANCE_COLOURS)

    some = next(iter(result.values()), None) if isinstance(result, Mapping) else result
    quantity = some.quantity if some else ""
    label = quantity if layer == "total" else f"{quantity}, {layer}"
    return draw(result, paint, ax=ax, key=colour_bar(label), images=True)


def _places(order: Order, labels: Sequence[str]) -> NDArray[np.int64]:
    places = np.arange(len(labels)) if order is None else np.asarray(order, np.int64)
    if not np.array_equal(np.sort(places), np.arange(len(labels))):
        raise ParameterError(f"order={places.tolist()} for {len(labels)} networks: give the position of each once")
    return places
