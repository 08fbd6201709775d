"""Degrees of single neurons over training, coloured by what they were early."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, overload

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure

from topokit.analyzers.axes import columns_of
from topokit.errors import ParameterError
from topokit.plots.axis import count_axis, evenly, moment_name, times
from topokit.plots.frames.coloured_lines import colour_scale, name_scale, paint_lines
from topokit.plots.panels import draw

if TYPE_CHECKING:
    from topokit.analyzers import DegreePersistence

KINDS = {"total": "Degree", "in": "In-degree", "out": "Out-degree"}


@overload
def degree_persistence(
    result: DegreePersistence, *, ax: Axes | None = None, layer: str | None = None, neurons: int = 40
) -> Axes: ...
@overload
def degree_persistence(
    result: Mapping[str, DegreePersistence], *, ax: None = None, layer: str | None = None, neurons: int = 40
) -> Figure: ...
def degree_persistence(
    result: DegreePersistence | Mapping[str, DegreePersistence],
    *,
    ax: Axes | None = None,
    layer: str | None = None,
    neurons: int = 40,
) -> Axes | Figure:
    """A line for the degree of each of some neurons, yellow for a high and blue for a low degree at the reference.

    As in Fig. 3 of Van Gelder et al. (2020), who draw the neurons at random; here they are evenly spread over the
    ranking at the reference.

    Parameters
    ----------
    result : DegreePersistence, or mapping of str to DegreePersistence
        One, or several by label for a panel each.
    ax : Axes, optional
        Where to draw a lone result.
    layer : str, optional
        Whose neurons; the first of the result unless given.
    neurons : int
        How many lines there are at most.

    Returns
    -------
    Axes or Figure
        A figure for a mapping.

    Raises
    ------
    ParameterError
        No neuron is asked for.
    UnknownNameError
        No such layer.
    """
    if neurons < 1:
        raise ParameterError(f"neurons={neurons}: draw one line or more")
    shown = list(result.values()) if isinstance(result, Mapping) else [result]
    scale = colour_scale(np.concatenate([_early(one, layer) for one in shown])) if shown else ScalarMappable()

    def paint(axes: Axes, one: DegreePersistence) -> None:
        x, x_label = times(one.moments)
        early = _early(one, layer)
        chosen = np.argsort(early, kind="stable")[evenly(len(early), neurons)]
        rows = one.degrees[:, columns_of(one.layers, layer or one.layers[0].name)][:, chosen].T
        paint_lines(axes, [(x, row) for row in rows], early[chosen], scale, x_label)
        axes.set_ylabel(f"{KINDS[one.kind]} in {layer or one.layers[0].name}")
        count_axis(axes.yaxis)

    def key(figure: Figure, panels: Sequence[Axes]) -> None:
        name_scale(
            figure, panels, scale, f"{KINDS[shown[0].kind]} at {moment_name(shown[0].moments[shown[0].reference])}"
        )

    return draw(result, paint, ax=ax, key=key)


def _early(result: DegreePersistence, layer: str | None) -> np.ndarray:
    name = layer or result.layers[0].name
    return result.degrees[result.reference, columns_of(result.layers, name)]
