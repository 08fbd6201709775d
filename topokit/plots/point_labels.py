"""Names beside points, those that would cover another name left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

# Right, left, above, below: where the name lies from its point, in points, and which of its sides faces it.
_SIDES: tuple[tuple[tuple[float, float], str, str], ...] = (
    ((3, 0), "left", "center"),
    ((-3, 0), "right", "center"),
    ((0, 3), "center", "bottom"),
    ((0, -3), "center", "top"),
)


def name_points(ax: Axes, points: NDArray[np.float64], names: Sequence[str]) -> None:
    """Write the name of each point, (n, 2), beside it; which fit, is seen anew at each drawing, earlier ones first."""
    labels = [
        ax.annotate(name, point, xytext=(0, 0), textcoords="offset points", fontsize=5.5, annotation_clip=False)
        for point, name in zip(points.tolist(), names, strict=True)
    ]
    for label in labels:
        label.set_in_layout(False)
    ax.add_artist(_Placement(points, labels))


class _Placement(Artist):
    """Draws nothing: moves the names to where there is room, and hides those for which there is none."""

    def __init__(self, points: NDArray[np.float64], labels: Sequence[Annotation]) -> None:
        super().__init__()
        self._points, self._labels = points, labels
        self.set_zorder(-1)
        self.set_in_layout(False)

    def draw(self, renderer: RendererBase, *_: Any, **__: Any) -> None:
        assert self.axes is not None, "the names belong to axes"
        inside = self.axes.get_window_extent(renderer)
        reach = renderer.points_to_pixels(1.5)
        dots = [
            Bbox.from_extents(x - reach, y - reach, x + reach, y + reach)
            for x, y in self.axes.transData.transform(self._points)
        ]
        taken: list[Bbox] = []
        for label in self._labels:
            box = _place(label, renderer, inside, [*taken, *dots])
            label.set_visible(box is not None)
            if box is not None:
                taken.append(box)


def _place(label: Annotation, renderer: RendererBase, inside: Bbox, taken: Sequence[Bbox]) -> Bbox | None:
    label.set_visible(True)
    for offset, horizontal, vertical in _SIDES:
        label.set(position=offset, horizontalalignment=horizontal, verticalalignment=vertical)
        box = label.get_window_extent(renderer)
        within = inside.x0 <= box.x0 and box.x1 <= inside.x1 and inside.y0 <= box.y0 and box.y1 <= inside.y1
        if within and not any(box.overlaps(other) for other in taken):
            return box
    return None
