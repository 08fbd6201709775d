"""How dense the densest parts of each block are, seen from both of its layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, overload

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from topokit.plots.axis import count_axis, plain_log, visible
from topokit.plots.panels import draw, legend, say
from topokit.plots.style import LINE_STYLES, palette

if TYPE_CHECKING:
    from topokit.analyzers import BipartiteCores

MOST_ON_LINEAR_AXES = 100


@overload
def bipartite_cores(result: BipartiteCores, *, ax: Axes | None = None, moment: int = -1) -> Axes: ...
@overload
def bipartite_cores(result: Mapping[str, BipartiteCores], *, ax: None = None, moment: int = -1) -> Figure: ...
def bipartite_cores(
    result: BipartiteCores | Mapping[str, BipartiteCores], *, ax: Axes | None = None, moment: int = -1
) -> Axes | Figure:
    """For each block a staircase: the largest beta for which there is an (alpha, beta)-core, over alpha.

    The axes are logarithmic where an alpha or beta is above 100.

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
        _scale(axes, max(int(np.concatenate(cores[:2]).max(initial=0)) for cores in one.sizes[moment]))

    return draw(result, paint, ax=ax, key=legend)


def _scale(axes: Axes, highest: int) -> None:
    """Logarithmic axes where the one end of the stairs would hide the other."""
    if highest > MOST_ON_LINEAR_AXES:
        axes.set_xscale("log")
        axes.set_yscale("log")
        plain_log(axes.xaxis)
        plain_log(axes.yaxis)
    elif axes.get_xscale() == "linear":  # a panel that shares its axes may have made them logarithmic
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        count_axis(axes.xaxis)
        count_axis(axes.yaxis)
