"""Degree distributions as complementary cumulative curves on logarithmic axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, overload

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from topokit.plots.axis import log_log, visible
from topokit.plots.panels import draw, legend, say
from topokit.plots.style import LINE_STYLES, palette

if TYPE_CHECKING:
    from topokit.analyzers import DegreeDistribution

Kind = Literal["total", "in", "out"]


@overload
def degree_ccdf(
    result: DegreeDistribution, *, ax: Axes | None = None, kind: Kind = "total", moment: int = -1
) -> Axes: ...
@overload
def degree_ccdf(
    result: Mapping[str, DegreeDistribution], *, ax: None = None, kind: Kind = "total", moment: int = -1
) -> Figure: ...
def degree_ccdf(
    result: DegreeDistribution | Mapping[str, DegreeDistribution],
    *,
    ax: Axes | None = None,
    kind: Kind = "total",
    moment: int = -1,
) -> Axes | Figure:
    """Share of neurons with at least k connections, a line per layer, both axes logarithmic.

    Parameters
    ----------
    result : DegreeDistribution, or mapping of str to DegreeDistribution
        One, or several by label for a panel each.
    ax : Axes, optional
        Where to draw a lone result.
    kind : {'total', 'in', 'out'}
        Which connections count.
    moment : int
        Position of the moment to draw.

    Returns
    -------
    Axes or Figure
        A figure for a mapping.
    """
    name = "Degree" if kind == "total" else f"{kind.capitalize()}-degree"

    def paint(axes: Axes, one: DegreeDistribution) -> None:
        axes.set(xlabel=f"{name} k (connections)", ylabel="Share of neurons ≥ k")
        values = {layer.name: one.values(kind, layer=layer.name, moment=moment) for layer in one.layers}
        if not any(degrees.any() for degrees in values.values()):
            say(axes, "no connections")
            return
        colours = palette(len(values))
        for place, (layer, degrees) in enumerate(values.items()):
            dashes = LINE_STYLES[place % len(LINE_STYLES)]
            axes.ecdf(degrees, complementary=True, label=visible(layer), color=colours[place], linestyle=dashes)
        log_log(axes)

    return draw(result, paint, ax=ax, key=legend)
