"""Figures outside pyplot: nothing is left open, the style holds while drawing, notebooks still show them."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure

from topokit.plots.style import COLUMN_WIDTH, style

Share = Literal["all", "row", "col", "none"]


class StyledFigure(Figure):
    """A figure that draws in topokit's style, for matplotlib makes ticks only when it draws."""

    def draw(self, renderer: RendererBase) -> None:
        """Draw everything with `renderer`."""
        with style():
            super().draw(renderer)

    def _repr_png_(self) -> bytes:
        stream = BytesIO()
        self.savefig(stream, format="png", dpi=200)
        return stream.getvalue()


class StyledAxes(Axes):
    """Axes that show their figure when they are the last line of a notebook cell."""

    def _repr_png_(self) -> bytes | None:
        figure = self.get_figure(root=True)
        return figure._repr_png_() if isinstance(figure, StyledFigure) else None


def own_axes(ax: Axes | None, *, ratio: float = 0.72, images: bool = False) -> Axes:
    """`ax`, or the axes of a new figure one printed column wide and `ratio` times as tall."""
    if ax is not None:
        return ax
    return _new_figure(COLUMN_WIDTH, ratio * COLUMN_WIDTH, images).add_subplot(axes_class=StyledAxes)


def grid(
    rows: int,
    columns: int,
    *,
    width: float,
    height: float,
    sharex: Share = "all",
    sharey: Share = "all",
    images: bool = False,
) -> tuple[Figure, list[list[Axes]]]:
    """A figure of `rows` x `columns` axes, `width` inches wide, each row `height` inches tall."""
    figure = _new_figure(width, height * rows, images)
    axes = figure.subplots(
        rows, columns, sharex=sharex, sharey=sharey, squeeze=False, subplot_kw={"axes_class": StyledAxes}
    )
    return figure, np.asarray(axes).tolist()


def shared_legend(figure: Figure, axes: Sequence[Axes], *, title: str = "", least: int = 2) -> None:
    """One legend above the panels with every label once; none where there are fewer than `least`."""
    handles = {label: h for ax in axes for h, label in zip(*ax.get_legend_handles_labels(), strict=True)}
    if len(handles) < least:
        return
    wide = figure.get_figwidth() > COLUMN_WIDTH
    # A line of the legend holds about 110 letters on a page, and each name takes some room for its mark.
    columns = max(1, min(5 if wide else 3, len(handles), (110 if wide else 55) // (max(map(len, handles)) + 5)))
    lines = -(-len(handles) // columns)
    if lines > 2 and isinstance(figure, StyledFigure):
        # The panels keep their height.
        figure.set_figheight(figure.get_figheight() + 0.14 * (lines - 2))
    figure.legend(list(handles.values()), list(handles), loc="outside upper center", ncols=columns, title=title or None)


def _new_figure(width: float, height: float, images: bool) -> Figure:
    # Images keep their proportions, which leaves gaps that only the compressed layout closes.
    return StyledFigure(figsize=(width, height), layout="compressed" if images else "constrained")
