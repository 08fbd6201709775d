"""Gain and loss of edges by degree, and the exponents of both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, overload

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter

from topokit.errors import ParameterError
from topokit.plots.axis import log_log
from topokit.plots.bands import Band, plot_bands
from topokit.plots.canvas import own_axes, shared_legend
from topokit.plots.panels import check_panels, outer_labels, say, spread
from topokit.plots.style import style

if TYPE_CHECKING:
    from topokit.analyzers import Attachment
    from topokit.analyzers.edge_lives.attachment_kernel import DegreeKernel

_LABELS = {"gain": "Births over degree-blind births", "retention": "Deaths over degree-blind deaths"}
_SIDES = {"in": "in-degree", "out": "out-degree"}


@overload
def attachment(result: Attachment, *, ax: Axes | None = None, kernel: str = "gain", side: str = "in") -> Axes: ...
@overload
def attachment(
    result: Mapping[str, Attachment], *, ax: None = None, kernel: str = "gain", side: str = "in"
) -> Figure: ...
def attachment(
    result: Attachment | Mapping[str, Attachment], *, ax: Axes | None = None, kernel: str = "gain", side: str = "in"
) -> Axes | Figure:
    """Births per vacant pair, or deaths per edge, of neurons by degree, as multiples of what is blind to degree.

    Bands are the exact Poisson limits of the result; at the dotted line degree does not matter. Rising births and
    falling deaths favour the rich. The exponents and their widest intervals stand in the legend of a lone result.

    Parameters
    ----------
    result : Attachment, or mapping of str to Attachment
        One for a curve per block, or several by label for a panel per block.
    ax : Axes, optional
        Where to draw a lone result.
    kernel : {'gain', 'retention'}
        Births or deaths.
    side : {'in', 'out'}
        Degrees of the targets or of the sources of each block.

    Returns
    -------
    Axes or Figure
        A figure for a mapping.

    Raises
    ------
    ParameterError
        Another kernel or side.
    """
    if kernel not in _LABELS or side not in _SIDES:
        raise ParameterError(f"kernel={kernel!r}, side={side!r}: use 'gain' or 'retention', 'in' or 'out'")
    with style():
        if isinstance(result, Mapping):
            check_panels(result, ax)
            return _panels({label: _chosen(one, kernel, side) for label, one in result.items()}, kernel, side)
        axes = own_axes(ax)
        chosen = _chosen(result, kernel, side)
        _draw(axes, [_band(one, f"{block}: {_exponent(one)}") for block, one in chosen.items()], kernel, side)
        if axes.get_legend_handles_labels()[1]:
            axes.legend(loc="lower left", bbox_to_anchor=(0, 1))
        return axes


def _panels(chosen: Mapping[str, Mapping[str, DegreeKernel]], kernel: str, side: str) -> Figure:
    blocks = list(dict.fromkeys(block for kernels in chosen.values() for block in kernels))
    figure, panels = spread(len(blocks))
    for panel, block in zip(panels, blocks, strict=True):
        _draw(panel, [_band(one[block], label) for label, one in chosen.items() if block in one], kernel, side)
        panel.set_title(block)
    outer_labels(panels)
    shared_legend(figure, panels)
    return figure


def _chosen(result: Attachment, kernel: str, side: str) -> dict[str, DegreeKernel]:
    return {one.block: one for one in result.kernels if (one.kernel, one.side) == (kernel, side)}


def _band(one: DegreeKernel, name: str) -> Band:
    shown = [part for part in one.bins if part.low_degree > 0 and part.events > 0]
    return Band(name, *(np.array([getattr(part, key) for part in shown], float) for key in _DRAWN))


_DRAWN = ("mean_degree", "ratio", "low", "high")


def _exponent(one: DegreeKernel) -> str:
    low, high = one.fit.widest
    return "no exponent" if one.fit.reason else f"{one.fit.exponent:.2f} ({low:.2f} to {high:.2f})"


class _Plain(LogFormatter):
    """The same ticks as matplotlib labels, as plain numbers."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        return f"{x:g}" if super().__call__(x, pos) else ""


def _draw(ax: Axes, bands: list[Band], kernel: str, side: str) -> None:
    plot_bands(ax, [band for band in bands if len(band.x)])
    ax.set(xlabel=f"{_SIDES[side].capitalize()} before the update", ylabel=_LABELS[kernel])
    if any(len(band.x) for band in bands):
        ax.axhline(1, color="0.6", linestyle=":", linewidth=0.6)
        log_log(ax)
        ax.yaxis.set_minor_formatter(_Plain(minor_thresholds=(1, 0.4)))
    else:
        say(ax, "no edge came or went")
