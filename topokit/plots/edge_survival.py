"""How long edges live."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, overload

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from topokit.plots.bands import Band, plot_bands
from topokit.plots.canvas import own_axes, shared_legend
from topokit.plots.curves import clear_legend, ordered_union
from topokit.plots.panels import check_panels, figure_of, legend, outer_labels, spread
from topokit.plots.style import style

if TYPE_CHECKING:
    from topokit.analyzers import EdgeSurvival

_UNITS = {"epoch": "epochs", "step": "steps", "frame": "frames"}


@overload
def edge_survival(result: EdgeSurvival, *, ax: Axes | None = None) -> Axes: ...
@overload
def edge_survival(result: Mapping[str, EdgeSurvival], *, ax: None = None) -> Figure: ...
def edge_survival(result: EdgeSurvival | Mapping[str, EdgeSurvival], *, ax: Axes | None = None) -> Axes | Figure:
    """Share of the edges that outlive each age (Kaplan-Meier), with the limits of the result; half at the dotted line.

    Parameters
    ----------
    result : EdgeSurvival, or mapping of str to EdgeSurvival
        One for a curve per block, or several by label for a panel per block.
    ax : Axes, optional
        Where to draw a lone result.

    Returns
    -------
    Axes or Figure
        A figure for a mapping.
    """
    with style():
        if isinstance(result, Mapping):
            check_panels(result, ax)
            return _panels(result)
        axes = own_axes(ax)
        _draw(axes, [_band(result, block, block) for block in result.curves], result.unit)
        legend(figure_of(axes), [axes])
        clear_legend(axes)
        return axes


def _panels(results: Mapping[str, EdgeSurvival]) -> Figure:
    names = ordered_union([one.curves for one in results.values()])
    figure, panels = spread(len(names))
    unit = next(iter(results.values())).unit
    for panel, name in zip(panels, names, strict=True):
        _draw(panel, [_band(one, name, label) for label, one in results.items() if name in one.curves], unit)
        panel.set_title(name)
    outer_labels(panels)
    shared_legend(figure, panels)
    return figure


def _band(result: EdgeSurvival, block: str, name: str) -> Band:
    curve = result.curves[block]
    values = (curve.survival, curve.low, curve.high)
    return Band(name, np.append(0.0, curve.ages), *(np.append(1.0, side) for side in values))


def _draw(ax: Axes, bands: list[Band], unit: str) -> None:
    plot_bands(ax, bands, steps=True)
    ax.axhline(0.5, color="0.6", linestyle=":", linewidth=0.6)
    ax.set(xlabel=f"Age of edges ({_UNITS[unit]})", ylabel="Share surviving", ylim=(0, 1.02))
    ax.set_xlim(0, None)
