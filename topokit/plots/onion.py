"""The onion picture of a network: its core in the middle, its shells around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, overload

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patches import Circle
from numpy.typing import NDArray

from topokit.plots.axis import short, visible
from topokit.plots.panels import draw, figure_of
from topokit.plots.style import palette

if TYPE_CHECKING:
    from topokit.analyzers import ShellLayout

RING = "0.85"
EDGE = "0.45"
MOST_RINGS = 7

# In points: what the number of a ring takes with some air, and the radius of the picture in figures of our own.
NUMBER_HEIGHT, OWN_RADIUS = 8, 65

# Square points that all neurons of a picture may take together, so that many do not hide each other.
INK = 9000


@overload
def onion(result: ShellLayout, *, ax: Axes | None = None) -> Axes: ...
@overload
def onion(result: Mapping[str, ShellLayout], *, ax: None = None) -> Figure: ...
def onion(result: ShellLayout | Mapping[str, ShellLayout], *, ax: Axes | None = None) -> Axes | Figure:
    """Neurons by shell, the highest inside: coloured by layer, sized by degree, on rings that name the shells.

    The rule is LaNet-vi's (see `topokit.shell_layout`). Of many edges a random sample is drawn; how many, stands below.

    Parameters
    ----------
    result : ShellLayout, or mapping of str to ShellLayout
        One, or several by label for a panel each.
    ax : Axes, optional
        Where to draw a lone result.

    Returns
    -------
    Axes or Figure
        A figure for a mapping.

    References
    ----------
    Alvarez-Hamelin, Dall'Asta, Barrat and Vespignani (2005).
    """
    several = list(result.values()) if isinstance(result, Mapping) else [result]
    sizes = _Sizes(several)

    def paint(axes: Axes, one: ShellLayout) -> None:
        _edges(axes, one)
        _neurons(axes, one, sizes)
        _rings(axes, one, OWN_RADIUS if ax is None else _radius_within(axes))
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        axes.set_aspect("equal")

    def key(figure: Figure, axes: Sequence[Axes]) -> None:
        # Here, because the panels of the upper rows have lost their labels before.
        for panel, one in zip(axes, several, strict=True):
            panel.set_xlabel(_words(one))
        handles = [*_layer_keys(several), *sizes.keys()]
        columns = _legend_columns(figure, handles)
        if ax is None:
            _make_room(figure, axes, lines=-(-len(handles) // columns))
        if not isinstance(result, Mapping):
            axes[0].legend(handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=columns, columnspacing=1)
        else:
            figure.legend(handles=handles, loc="outside upper center", ncols=columns, columnspacing=1)

    return draw(result, paint, ax=ax, key=key, images=True)


def _words(one: ShellLayout) -> str:
    drawn, there = len(one.sources), one.n_edges
    share = f"{there:,} edges" if drawn == there else f"{drawn:,} of {there:,} edges drawn"
    lowest = int(one.coreness.min())
    shells = f"Shell {lowest:,}" if lowest == one.k_max else f"Shells {lowest:,} to {one.k_max:,} (rings)"
    return f"{shells}\n{share}"


def _edges(axes: Axes, one: ShellLayout) -> None:
    points = np.column_stack([one.x, one.y])
    lines = np.stack([points[one.sources], points[one.targets]], axis=1)
    opacity = float(np.clip(200 / max(1, len(lines)), 0.1, 0.5))
    axes.add_collection(LineCollection(list(lines), colors=EDGE, linewidths=0.3, alpha=opacity, zorder=1))


def _neurons(axes: Axes, one: ShellLayout, sizes: _Sizes) -> None:
    shades = np.array(palette(len(one.layers)))[one.layer_of]
    areas = sizes.areas(one.degrees)
    # Large ones first, so that none is hidden; markers of one size share their outline in vector files.
    for area in np.unique(areas)[::-1]:
        mine = areas == area
        axes.scatter(one.x[mine], one.y[mine], s=area, c=shades[mine], linewidths=0, alpha=0.85, zorder=2)


def _rings(axes: Axes, one: ShellLayout, points: float) -> None:
    """A ring and its number for the core, the outermost shell, and some between them, on a radius of `points`."""
    outer = one.core_radius + one.k_max - int(one.coreness.min())
    box = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.85}
    for shell in _numbered(one, outer * NUMBER_HEIGHT / points):
        radius = one.core_radius + one.k_max - shell
        axes.add_patch(Circle((0, 0), radius, fill=False, edgecolor=RING, linewidth=0.5, zorder=0))
        axes.annotate(f"{shell:,}", (0, radius), ha="center", va="center", fontsize=5.5, zorder=3, bbox=box)
    axes.set_xlim(-1.06 * outer, 1.06 * outer)
    axes.set_ylim(-1.06 * outer, 1.06 * outer)


def _radius_within(axes: Axes) -> float:
    """How many points the outermost ring has to the axes' middle."""
    box = axes.get_window_extent()
    return min(box.width, box.height) / 2.12 * 72 / figure_of(axes).dpi


def _numbered(one: ShellLayout, apart: float) -> list[int]:
    """Shells from the core to the outermost, both among them, with no two rings closer than `apart`."""
    core, *others = np.unique(one.coreness)[::-1].tolist()
    if not others:
        return [core]
    outermost = others.pop()
    apart = max(apart, (core - outermost) / (MOST_RINGS - 1))
    shown = [core]
    for shell in others:
        if min(shown[-1] - shell, shell - outermost) >= apart:
            shown.append(shell)
    return [*shown, outermost]


def _legend_columns(figure: Figure, handles: Sequence[Line2D]) -> int:
    """As many as fit beside each other, at about 0.055 inches a letter."""
    longest = max(len(str(each.get_label())) for each in handles)
    return int(np.clip(figure.get_figwidth() / (0.055 * longest + 0.3), 1, 7))


def _make_room(figure: Figure, axes: Sequence[Axes], lines: int) -> None:
    """Make the figure tall enough for square panels, the words below them and so many lines of the legend."""
    spec = axes[0].get_subplotspec()
    assert spec is not None, "panels come from one grid"
    rows, columns = spec.get_gridspec().get_geometry()
    width = figure.get_figwidth()
    panel = 0.62 * width if len(axes) == 1 else width / columns
    figure.set_figheight(rows * (panel + 0.5) + 0.14 * lines)
    engine = figure.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.set(hspace=0.06)


def _layer_keys(several: Sequence[ShellLayout]) -> list[Line2D]:
    longest = max(several, key=lambda one: len(one.layers))
    shades = palette(len(longest.layers))
    return [
        Line2D([], [], color=shade, marker="o", linestyle="", markersize=4, label=visible(layer.name))
        for layer, shade in zip(longest.layers, shades, strict=True)
    ]


class _Sizes:
    """Areas of neurons in square points, by the logarithm of the degree as in LaNet-vi, in a dozen steps."""

    def __init__(self, several: Sequence[ShellLayout]) -> None:
        self._most = max((int(one.degrees.max()) for one in several), default=0)
        self._shrink = 1.0
        together = max((float(self.areas(one.degrees).sum()) for one in several), default=0.0)
        self._shrink = min(1.0, INK / max(together, 1.0))

    def areas(self, degrees: NDArray[np.int64]) -> NDArray[np.float64]:
        """The area of each neuron."""
        steps = np.round(12 * np.log1p(degrees) / np.log1p(max(self._most, 1)))
        return np.asarray(self._shrink * (2 + 2 * steps))

    def keys(self) -> list[Line2D]:
        """Legend entries of the lowest, a middle and the highest degree."""
        degrees = sorted({1, max(1, round(self._most**0.5)), max(1, self._most)})
        return [
            Line2D([], [], color="0.5", marker="o", linestyle="", markersize=area**0.5, label=f"degree {short(degree)}")
            for degree, area in zip(degrees, self.areas(np.array(degrees)).tolist(), strict=True)
        ]
