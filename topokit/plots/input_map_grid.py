"""Input maps of several methods over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from topokit.plots.axis import evenly, moment_name
from topokit.plots.canvas import grid
from topokit.plots.input_map import VALUE_LABELS, Value, colour_scale, paint_pixels
from topokit.plots.panels import check_panels, colour_bar, figure_of
from topokit.plots.style import COLUMN_WIDTH, PAGE_WIDTH, style

if TYPE_CHECKING:
    from topokit.analyzers import InputMap


def input_map_grid(
    results: InputMap | Mapping[str, InputMap],
    *,
    value: Value = "count",
    channel: int | None = None,
    moments: Sequence[int] | None = None,
) -> Figure:
    """Input maps with a row per method and a column per moment; each row has its own colour scale.

    As in Figs 8 and 19 of Matab et al. (2024).

    Parameters
    ----------
    results : InputMap, or mapping of str to InputMap
        One row, or several by label.
    value : {'count', 'weight', 'absolute'}
        Number of connections, or sum of their weights or absolute weights.
    channel : int, optional
        One colour channel; their sum unless given.
    moments : sequence of int, optional
        Positions of the moments to show; up to five spread over each result unless given.
    """
    rows = results if isinstance(results, Mapping) else {"": results}
    check_panels(rows, None)
    chosen = {label: list(moments or evenly(len(one.moments), 5)) for label, one in rows.items()}
    columns = max(map(len, chosen.values()))
    width = PAGE_WIDTH if columns > 2 else COLUMN_WIDTH
    with style():
        figure, cells = grid(
            len(rows),
            columns,
            width=width,
            height=width / (columns + 0.6) + 0.1,
            sharex="none",
            sharey="none",
            images=True,
        )
        for (label, one), row in zip(rows.items(), cells, strict=True):
            _row(row, label, one, chosen[label], value, channel)
            for cell in row:
                cell.tick_params(labelbottom=row is cells[-1])
        return figure


def _row(
    cells: list[Axes], label: str, result: InputMap, places: Sequence[int], value: Value, channel: int | None
) -> None:
    images = [result.image(value, moment=place, channel=channel) for place in places]
    scale = colour_scale(images, value)
    used = cells[: len(places)]
    for surplus in cells[len(places) :]:
        surplus.remove()
    for cell, place, image in zip(used, places, images, strict=True):
        paint_pixels(cell, image, scale, value)
        cell.set_title(moment_name(result.moments[place]))
        cell.tick_params(labelleft=cell is cells[0])
    cells[0].set_ylabel(label)
    colour_bar(VALUE_LABELS[value], whole=value == "count")(figure_of(cells[0]), used)
