"""Degree against activity, a point per neuron."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple, overload

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from topokit.plots.axis import count_axis, moment_name, visible
from topokit.plots.panels import draw, legend
from topokit.plots.style import MARKERS, palette

if TYPE_CHECKING:
    from topokit.analyzers import DormancyJoin
    from topokit.analyzers.dormancy.dormancy_pairs import Pair

_KINDS = {"total": "Degree", "in": "In-degree", "out": "Out-degree"}


@overload
def dormancy_scatter(result: DormancyJoin, *, ax: Axes | None = None, moment: int = -1) -> Axes | Figure: ...
@overload
def dormancy_scatter(result: Mapping[str, DormancyJoin], *, ax: None = None, moment: int = -1) -> Figure: ...
def dormancy_scatter(
    result: DormancyJoin | Mapping[str, DormancyJoin], *, ax: Axes | None = None, moment: int = -1
) -> Axes | Figure:
    """Degree and activity score of every neuron, with both thresholds: dormant neurons lie below τ, low degrees left.

    The title tells how well a low degree tells the dormant of all layers, with an interval of 95 %.

    Parameters
    ----------
    result : DormancyJoin, or mapping of str to DormancyJoin
        One, or several by label; each of their runs gets a panel.
    ax : Axes, optional
        Where to draw a lone run.
    moment : int
        Position among the result's moments.

    Returns
    -------
    Axes or Figure
        A figure for several runs.
    """
    named = result if isinstance(result, Mapping) else {"": result}
    clouds = {f"{label} {run}".strip(): cloud for label, one in named.items() for run, cloud in _clouds(one, moment)}
    panels = {f"{label}\n{_areas(cloud)}".strip(): cloud for label, cloud in clouds.items()}
    if isinstance(result, Mapping) or len(panels) > 1:
        return draw(panels, _paint, ax=ax, key=legend)
    return draw(next(iter(panels.items())), _paint_titled, ax=ax, key=legend)


class _Cloud(NamedTuple):
    """One run at one moment, and its summary over all layers."""

    pair: Pair
    row: pd.Series
    moment: int


def _clouds(result: DormancyJoin, moment: int) -> Iterator[tuple[str, _Cloud]]:
    table = result.summary
    for run, pair in result.pairs.items():
        place, rows = range(len(pair.moments))[moment], table[table["run"] == run]
        per_moment = len(rows) // len(pair.moments)
        yield run, _Cloud(pair, rows.iloc[(place + 1) * per_moment - 1], place)


def _paint_titled(ax: Axes, titled: tuple[str, _Cloud]) -> None:
    title, cloud = titled
    _paint(ax, cloud)
    ax.set_title(title)


def _paint(ax: Axes, cloud: _Cloud) -> None:
    pair, at = cloud.pair, cloud.moment
    colours, stop = palette(len(pair.layers)), np.cumsum([layer.size for layer in pair.layers])
    for place, layer in enumerate(pair.layers):
        columns = slice(int(stop[place]) - layer.size, int(stop[place]))
        ax.plot(
            pair.degrees[at, columns],
            pair.scores[at, columns],
            linestyle="none",
            marker=MARKERS[place % len(MARKERS)],
            markersize=2.2,
            markeredgewidth=0,
            alpha=0.55,
            color=colours[place],
            label=visible(layer.name),
        )
    _mark_thresholds(ax, pair)
    ax.set_yscale("symlog", linthresh=0.1, linscale=0.5)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.set_ylim(bottom=-0.012)
    count_axis(ax.xaxis)
    ax.set(xlabel=_KINDS[pair.kind], ylabel="Activity score")


def _mark_thresholds(ax: Axes, pair: Pair) -> None:
    colours = palette(len(pair.layers))
    same = len(set(pair.thresholds.tolist())) == 1
    for place, threshold in enumerate(pair.thresholds[:1] if same else pair.thresholds):
        ax.axvline(threshold, color="0.4" if same else colours[place], linestyle=":", linewidth=0.8)
    ax.axhline(pair.tau, color="0.4", linestyle="--", linewidth=0.8)
    ax.annotate(
        f"τ = {pair.tau:g}",
        (1, pair.tau),
        xycoords=("axes fraction", "data"),
        xytext=(-1, 1.5),
        textcoords="offset points",
        ha="right",
        fontsize=6,
    )


def _areas(cloud: _Cloud) -> str:
    row, moments = cloud.row, cloud.pair.moments
    when = f"{moment_name(moments[cloud.moment])}, " if len(moments) > 1 else ""
    if row["reason"]:
        return f"{when}no AUC"
    return f"{when}AUC {row['auc']:.2f} ({row['auc_low']:.2f} to {row['auc_high']:.2f})"
