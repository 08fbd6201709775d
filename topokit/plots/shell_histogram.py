"""How many neurons lie in each k-shell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Protocol, overload

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from topokit.plots.axis import count_axis, visible, whole_bins
from topokit.plots.panels import draw, legend
from topokit.plots.style import palette

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from topokit.dag import Layer


class Shells(Protocol):
    """What is drawn: `topokit.analyzers.KShells` or `topokit.analyzers.WeightedKShells`."""

    shell_name: ClassVar[str]

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers of the network."""

    def values(self, layer: str | None = None, moment: int = -1) -> NDArray[np.int64]:
        """The shells of a layer's neurons at one moment, 1-D."""


@overload
def shell_histogram(result: Shells, *, ax: Axes | None = None, moment: int = -1) -> Axes: ...
@overload
def shell_histogram(result: Mapping[str, Shells], *, ax: None = None, moment: int = -1) -> Figure: ...
def shell_histogram(
    result: Shells | Mapping[str, Shells], *, ax: Axes | None = None, moment: int = -1
) -> Axes | Figure:
    """Neurons in each shell, stacked by layer; shell 0 holds the isolated ones, the last shell is the core.

    As in Figs 11 and 12 of Matab et al. (2024).

    Parameters
    ----------
    result : KShells or WeightedKShells, or mapping of str to such
        One, or several by label for a panel each.
    ax : Axes, optional
        Where to draw a lone result.
    moment : int
        Position of the moment to draw.

    Returns
    -------
    Axes or Figure
        A figure for a mapping.
    """

    def paint(axes: Axes, one: Shells) -> None:
        shells = [one.values(layer.name, moment) for layer in one.layers]
        names = [visible(layer.name) for layer in one.layers]
        bins = whole_bins(np.concatenate(shells))
        axes.hist(shells, bins=bins, stacked=True, color=palette(len(names)), label=names, linewidth=0)
        count_axis(axes.xaxis)
        count_axis(axes.yaxis)
        axes.set(xlabel=one.shell_name, ylabel="Neurons")

    return draw(result, paint, ax=ax, key=legend)
