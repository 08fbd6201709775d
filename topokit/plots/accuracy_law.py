"""Accuracies of runs, the law fitted to them, and the contour where its plateau ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from topokit.errors import ParameterError
from topokit.plots.bands import Band, plot_bands
from topokit.plots.canvas import grid, shared_legend
from topokit.plots.panels import draw, legend
from topokit.plots.style import PAGE_WIDTH, looks, style

if TYPE_CHECKING:
    from topokit.analyzers import AccuracyLaw
    from topokit.analyzers.accuracy_laws.curve import Curve

Region = tuple[float, float]

_PLACES = 400
_SIDE = 0.03
_OWN = "law fitted to them"


def accuracy_law(
    result: AccuracyLaw | Mapping[str, AccuracyLaw],
    *,
    ax: Axes | None = None,
    regions: Sequence[Region] = (),
    beside: Mapping[str, Curve] | None = None,
    x_label: str = "Rewired share ζ",
    y_label: str = "Accuracy",
) -> Axes | Figure:
    """Runs as dots, the law with its 95 % confidence band, and the contour as a line with its interval shaded.

    As in Fig. 3 of van Engers (2021).

    Parameters
    ----------
    result : AccuracyLaw, or mapping of str to AccuracyLaw
        One, or several by label for a panel each.
    ax : Axes, optional
        Where to draw a lone result.
    regions : sequence of (low, high)
        Limits of the shares of a lone result, a panel for each with axes of its own; all measured shares unless given.
    beside : mapping of str to Curve
        Other laws by name, drawn as lines without a band.
    x_label : str
        What was varied.
    y_label : str
        What was measured.

    Returns
    -------
    Axes or Figure
        A figure for a mapping, or for regions.

    Raises
    ------
    ParameterError
        A region without a run, or several panels on one `ax`.
    """
    paint = partial(_paint, beside=beside or {}, x_label=x_label, y_label=y_label)
    if not regions:
        return draw(result, lambda axes, one: paint(axes, one, _all(one)), ax=ax, key=legend)
    if isinstance(result, Mapping) or ax is not None:
        raise ParameterError(f"{len(regions)} regions make a figure of panels of one result: leave out ax, or draw one")
    with style():
        figure, rows = grid(
            1,
            len(regions),
            width=PAGE_WIDTH,
            height=PAGE_WIDTH / len(regions) * 0.8 + 0.3,
            sharex="none",
            sharey="none",
        )
        for axes, region in zip(rows[0], regions, strict=True):
            paint(axes, result, _checked(result, region))
            axes.set(title=f"ζ from {region[0]:g} to {region[1]:g}", ylabel=y_label if axes is rows[0][0] else "")
        shared_legend(figure, rows[0])
        return figure


def _all(result: AccuracyLaw) -> Region:
    return float(result.shares[0]), float(result.shares[-1])


def _checked(result: AccuracyLaw, region: Region) -> Region:
    low, high = region
    if not low < high or not ((result.shares >= low) & (result.shares <= high)).any():
        known = _all(result)
        raise ParameterError(f"region {region} holds no run: their shares lie from {known[0]:g} to {known[1]:g}")
    return region


def _paint(
    ax: Axes, result: AccuracyLaw, region: Region, *, beside: Mapping[str, Curve], x_label: str, y_label: str
) -> None:
    places = np.linspace(*region, _PLACES)
    band = result.predict(places)
    columns = (band[name].to_numpy(float) for name in ("share", "accuracy", "low", "high"))
    others = [Band(name, places, *(curve.at(places),) * 3) for name, curve in beside.items()]
    lines = {name: {**look, "marker": ""} for name, look in looks([_OWN, *beside]).items()}
    plot_bands(ax, [Band(_OWN, *columns), *others], drawn=lines)
    inside = (result.shares >= region[0]) & (result.shares <= region[1])
    ax.plot(result.shares[inside], result.accuracies[inside], "o", color="black", markersize=2, label="runs", zorder=3)
    _mark_contour(ax, result)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=5))
    side = _SIDE * (region[1] - region[0])
    ax.set(xlim=(region[0] - side, region[1] + side), xlabel=x_label, ylabel=y_label)


def _mark_contour(ax: Axes, result: AccuracyLaw) -> None:
    if result.reason:
        return
    ax.axvline(result.contour, color="0.35", linewidth=0.8, linestyle=":", label=f"contour, ζ = {result.contour:.4f}")
    low, high = (min(end, float(result.shares[-1])) for end in result.contour_interval())
    if low < high:
        ax.axvspan(low, high, color="0.35", alpha=0.12, linewidth=0)
