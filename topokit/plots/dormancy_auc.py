"""How well a low degree tells a dormant neuron, over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, overload

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from topokit.plots.axis import times
from topokit.plots.canvas import own_axes, shared_legend
from topokit.plots.curves import ordered_union, plot_lines
from topokit.plots.panels import check_panels, figure_of, legend, outer_labels, say, spread
from topokit.plots.style import style

if TYPE_CHECKING:
    from topokit.analyzers import DormancyJoin

# The bands alone say enough where there are more.
MOST_WHISKERS = 20

_LABEL = "AUC of low degree for dormancy"


class _Area(NamedTuple):
    """Areas of one layer of one run over time, with their intervals, (T,) each."""

    x: NDArray[np.float64]
    x_label: str
    auc: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


_Areas = dict[str, _Area]


@overload
def dormancy_auc(result: DormancyJoin, *, ax: Axes | None = None) -> Axes | Figure: ...
@overload
def dormancy_auc(result: Mapping[str, DormancyJoin], *, ax: None = None) -> Figure: ...
def dormancy_auc(result: DormancyJoin | Mapping[str, DormancyJoin], *, ax: Axes | None = None) -> Axes | Figure:
    """Area under the ROC curve of a low degree for dormancy at each moment, with intervals of 95 %; 0.5 is chance.

    Parameters
    ----------
    result : DormancyJoin, or mapping of str to DormancyJoin
        A lone run for a line per layer; several runs for a panel per layer.
    ax : Axes, optional
        Where to draw a lone run.

    Returns
    -------
    Axes or Figure
        A figure for several runs.
    """
    named = result if isinstance(result, Mapping) else {"": result}
    runs = {f"{label} {run}".strip(): areas for label, one in named.items() for run, areas in _areas(one).items()}
    with style():
        if isinstance(result, Mapping) or len(runs) > 1:
            check_panels(runs, ax)
            return _panels(runs)
        axes = own_axes(ax)
        _draw(axes, next(iter(runs.values())))
        legend(figure_of(axes), [axes])
        return axes


def _areas(result: DormancyJoin) -> dict[str, _Areas]:
    table, runs = result.summary, {}
    for run, pair in result.pairs.items():
        when = times(pair.moments)
        runs[run] = {
            str(layer): _Area(*when, *(rows[name].to_numpy(float) for name in ("auc", "auc_low", "auc_high")))
            for layer, rows in table[table["run"] == run].groupby("layer", sort=False)
        }
    return runs


def _panels(runs: dict[str, _Areas]) -> Figure:
    layers = ordered_union(list(runs.values()))
    figure, panels = spread(len(layers))
    for panel, layer in zip(panels, layers, strict=True):
        _draw(panel, {run: areas[layer] for run, areas in runs.items() if layer in areas})
        panel.set_title(layer)
    outer_labels(panels)
    shared_legend(figure, panels)
    return figure


def _draw(ax: Axes, areas: _Areas) -> None:
    plot_lines(ax, {name: (area.x, area.auc) for name, area in areas.items()}, next(iter(areas.values())).x_label)
    for line, area in zip(list(ax.lines), areas.values(), strict=True):
        colour = line.get_color()
        if len(area.x) <= MOST_WHISKERS:
            ax.vlines(area.x, area.low, area.high, color=colour, linewidth=0.5, alpha=0.7)
        ax.fill_between(area.x, area.low, area.high, color=colour, alpha=0.15, linewidth=0)
    if all(np.isnan(area.auc).all() for area in areas.values()):
        say(ax, "no AUC:\nnone or all are dormant,\nor all degrees are equal")
    ax.axhline(0.5, color="0.5", linestyle="--", linewidth=0.8, zorder=0)
    ax.set(
        ylabel=_LABEL, ylim=(-0.02, 1.02), yticks=[0, 0.25, 0.5, 0.75, 1], yticklabels=["0", "0.25", "0.5", "0.75", "1"]
    )
