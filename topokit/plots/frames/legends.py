"""Dashed lines of reference, and legends of lines that tell their numbers by colour when there are many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from topokit.plots.axis import visible
from topokit.plots.canvas import shared_legend
from topokit.plots.curves import hides
from topokit.plots.panels import legend
from topokit.plots.style import COUNT_COLOURS, looks

_MOST_NAMED = 10
_DASHES = ((0, (5, 2)), (0, (1, 1.5)), (0, (5, 1, 1, 1)), (0, (8, 2)))

Looks = Mapping[str, Mapping[str, Any]]


def looks_of(names: Sequence[str], *, numeric: bool) -> tuple[Looks, ScalarMappable | None]:
    """How each name is drawn; many numbers take their places on a colour scale, which is the second value."""
    drawn = looks(names)
    if not numeric or len(names) <= _MOST_NAMED or "" in names:
        return drawn, None
    values = np.array([float(name) for name in names])
    scale = ScalarMappable(Normalize(values.min(), values.max()), colormaps[COUNT_COLOURS])
    colours = scale.to_rgba(values)
    return {
        name: {"color": tuple(colour), "linestyle": "-", "marker": ""}
        for name, colour in zip(names, colours, strict=True)
    }, scale


def draw_levels(panels: Sequence[Axes], levels: Mapping[str, float]) -> None:
    """A dashed grey line across each panel for each named level."""
    for panel in panels:
        for place, (name, level) in enumerate(levels.items()):
            dashes = _DASHES[place % len(_DASHES)]
            panel.axhline(level, label=visible(name), color="0.35", linestyle=dashes, linewidth=0.8, zorder=1.5)


def name_lines(
    figure: Figure, panels: Sequence[Axes], *, title: str, scale: ScalarMappable | None = None, least: int = 2
) -> None:
    """A colour bar for lines that have a `scale`, else a legend that hides no line; `title` says what they are."""
    if scale is not None:
        bar = figure.colorbar(scale, ax=list(panels), label=title, fraction=0.05, pad=0.02)
        bar.outline.set_visible(False)
        return
    legend(figure, panels, title=title, least=least)
    inside = panels[0].get_legend()
    if inside is not None and hides(panels[0], inside):
        inside.remove()
        shared_legend(figure, panels, title=title, least=least)
