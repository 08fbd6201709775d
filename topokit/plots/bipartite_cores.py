"""How dense the densest parts of each block are, seen from both of its layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, overload

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from topokit.plots.axis import count_axis, visible
from topokit.plots.panels import draw, legend, say
from topokit.plots.style import LINE_STYLES, palette

if TYPE_CHECKING:
    from topokit.analyzers import BipartiteCores


@overload
def bipartite_cores(result: BipartiteCores, *, ax: Axes | None = None, moment: int = -1) -> Axes: ...
@overload
def bipartite_cores(result: Mapping[str, BipartiteCores], *, ax: None = None, moment: int = -1) -> Figure: ...
def bipartite_cores(
    result: BipartiteCores | Mapping[str, BipartiteCores], *, ax: Axes | None = None, moment: int = -1
) -> Axes | Figure:
    """For each block a staircase: the largest beta for which there is an (alpha, beta)-core, over alpha.

    Parameters
    ----------
    result : BipartiteCores, or mapping of str to BipartiteCores
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

    def paint(axes: Axes, one: BipartiteCores) -> None:
        shades = palette(len(one.blocks))
        for place, (name, cores) in enumerate(zip(one.blocks, one.sizes[moment], strict=True)):
            there = cores.edges > 0
            # Steps end at the last alpha instead of before it.
            alpha, beta = [*cores.alpha[there], *cores.alpha[there][-1:] + 1], cores.beta[there]
            style = LINE_STYLES[place % len(LINE_STYLES)]
            axes.step(
                alpha, [*beta, *beta[-1:]], where="post", color=shades[place], linestyle=style, label=visible(name)
            )
        axes.set(xlabel="Targets of each source (alpha)", ylabel="Sources of each target (beta)")
        if not any((cores.edges > 0).any() for cores in one.sizes[moment]):
            say(axes, "no core")
            return
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        count_axis(axes.xaxis)
        count_axis(axes.yaxis)

    return draw(result, paint, ax=ax, key=legend)
