"""Numbers of a network beside those of random networks like it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from topokit.errors import ParameterError
from topokit.plots.axis import moment_name, short
from topokit.plots.canvas import grid
from topokit.plots.style import COLUMN_WIDTH, PAGE_WIDTH, palette, style

if TYPE_CHECKING:
    from topokit.analyzers import NullComparison

MOST = 24
# Letters from which on a name is too long for a single column.
LONG = 16


def null_comparison(result: NullComparison, *, ax: Axes | None = None, moment: int = -1) -> Axes:
    """Each statistic on a scale of its own null's standard deviations: the random networks, and the given one.

    A violin shows the random networks, a dot the given one; at the right stand its value and what the null has on
    average, with p after Holm's correction (≤ where it lies beyond all random networks). Statistics without spread
    have no violin and no dot, and those that are 0 in all networks are left out.

    Parameters
    ----------
    result : NullComparison
        Up to 24 statistics are drawn, those with the smallest p where there are more.
    ax : Axes, optional
        Where to draw.
    moment : int
        Position of the moment to draw.

    Raises
    ------
    ParameterError
        No such moment.
    """
    if not -len(result.moments) <= moment < len(result.moments):
        raise ParameterError(f"moment={moment} of {len(result.moments)} compared moments: count from 0")
    shown = _shown(result, moment)
    z, p_values = result.z[moment], result.p_holm[moment]
    with style():
        axes = ax or _axes(len(shown), max(len(result.names[s]) for s in shown))
        colours = palette(2)
        for place, s in enumerate(shown):
            _violin(axes, result, (moment, s), place, colours[1])
            if np.isfinite(z[s]):
                axes.plot(z[s], place, "o", color=colours[0], markersize=4, clip_on=False, zorder=3)
            axes.text(
                1.05,
                place,
                _words(result, moment, s, p_values[s]),
                va="center",
                fontsize=6.5,
                transform=axes.get_yaxis_transform(),
            )
        axes.axvline(0, color="0.6", linewidth=0.6, zorder=0)
        axes.set_yticks(range(len(shown)), [result.names[s] for s in shown])
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.set_xlim(*_reach(z))
        axes.set_xlabel("z (standard deviations of the null)")
        axes.set_title(_title(result, moment))
        return axes


def _reach(z: NDArray[np.float64]) -> tuple[float, float]:
    """From where to where dots lie, and violins at least: room on a side where there is nothing would squeeze them."""
    known = z[np.isfinite(z)]
    low, high = min(-4.0, known.min(initial=0)), max(4.0, known.max(initial=0))
    return low - 0.04 * (high - low), high + 0.04 * (high - low)


def _title(result: NullComparison, moment: int) -> str:
    null = f"{result.replicates.shape[1]} random networks, null {result.model}"
    tested = int(result.tested.sum())
    lines = [moment_name(result.moments[moment]), null, f"p corrected for {tested} numbers" if tested > 1 else ""]
    return "\n".join(line for line in lines if line)


def _axes(rows: int, letters: int) -> Axes:
    """Axes of a figure one column wide, or wider for long names."""
    width = COLUMN_WIDTH if letters < LONG else PAGE_WIDTH
    return grid(1, 1, width=width, height=COLUMN_WIDTH * max(0.36, 0.085 * rows + 0.28))[1][0][0]


def _shown(result: NullComparison, moment: int) -> list[int]:
    absent = result.fixed[moment] & (result.mean[moment] == 0) & (result.values[moment] == 0)
    order = [s for s in np.argsort(result.p_two_sided[moment], kind="stable").tolist() if not absent[s]]
    return sorted(order[:MOST]) or [0]


def _violin(axes: Axes, result: NullComparison, where: tuple[int, int], place: int, colour: object) -> None:
    if result.fixed[where] or np.isnan(result.spread[where]):
        return
    numbers: NDArray[np.float64] = result.replicates[where[0], :, where[1]]
    scaled = (numbers[np.isfinite(numbers)] - result.mean[where]) / result.spread[where]
    heights, edges = np.histogram(scaled, bins=min(15, max(5, len(np.unique(scaled)))))
    half = np.repeat(0.38 * heights / heights.max(), 2)
    axes.fill_between(np.repeat(edges, 2)[1:-1], place - half, place + half, color=colour, alpha=0.5, linewidth=0)


def _words(result: NullComparison, moment: int, s: int, p_value: float) -> str:
    value, mean = short(float(result.values[moment, s])), short(float(result.mean[moment, s]))
    if np.isnan(result.values[moment, s]) or np.isnan(p_value):
        return "not defined"
    if not result.tested[moment, s]:
        return f"{value}, always {mean}"
    null = "always" if result.fixed[moment, s] else "null"
    few = result.p_two_sided[moment, s] <= 2 / (1 + result.defined[moment, s])
    return f"{value}, {null} {mean}, p {'≤' if few else '='} {p_value:.2g}"
