"""Values of pixels as images side by side, such as the connections of an input layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from topokit.errors import ParameterError
from topokit.plots.axis import count_axis
from topokit.plots.canvas import grid
from topokit.plots.frames.facets import Cell, Facets
from topokit.plots.frames.labels import folded
from topokit.plots.frames.tidy import check_columns, numbers
from topokit.plots.panels import colour_bar
from topokit.plots.style import COLUMN_WIDTH, COUNT_COLOURS, PAGE_WIDTH, SIGNED_COLOURS, style

Scale = Literal["all", "row", "panel"]
Image = NDArray[np.float64]

_MOST_IN_A_ROW = 10
_MOST_WITH_TICKS = 6


def image_grid(
    frame: pd.DataFrame,
    *,
    rows: str = "",
    columns: str = "",
    pixel: str,
    value: str,
    shape: Sequence[int],
    label: str = "",
    scale: Scale = "all",
    signed: bool = False,
    rgb: bool = False,
) -> Axes | Figure:
    """An image for each name in `rows` and `columns`, in the order of the frame.

    Several rows of one image and pixel, such as those of several seeds, are averaged; channels are summed; a pixel
    without a value stays blank. Where only `rows` or only `columns` are given, the images follow each other.

    Parameters
    ----------
    frame : DataFrame
        A row for each pixel of an image.
    rows, columns : str
        Its columns with the names of the image's row and column in the grid; empty for a single one.
    pixel, value : str
        Its columns with the position of the pixel, from 0 and row by row (channel by channel), and with its value.
    shape : sequence of int
        Height and width, or channels, height and width.
    label : str
        What the colours show.
    scale : {'all', 'row', 'panel'}
        Which images have one scale of colours; it starts at 0, or at the least value where that is below.
    signed : bool
        Whether the scale is symmetric about 0.
    rgb : bool
        Whether the three channels of a (3, height, width) `shape` are red, green and blue, from 0 to 1.

    Returns
    -------
    Axes or Figure
        A figure for several images.

    Raises
    ------
    ParameterError
        A column that is missing or holds no numbers, a frame without rows, or pixels that `shape` does not have.
    """
    check_columns(frame, rows, columns, pixel, value)
    _check(shape, scale, rgb)
    facets = Facets.of(frame, rows, columns, most=_MOST_IN_A_ROW)
    images = {place: _image(part, pixel, value, shape, rgb) for place, (_, part) in facets.cells.items()}
    with style():
        figure, panels, height = _panels(facets, shape[-2] / shape[-1])
        for group in _sharing(facets, scale):
            look = {} if rgb else _colours([images[place] for place in group], signed)
            for place in group:
                panels[place].imshow(images[place], **look)
            if not rgb:
                whole = _whole([images[place] for place in group])
                # Where each panel has a bar, those at the end of their rows tell what all show.
                last = scale != "panel" or (group[0][0], group[0][1] + 1) not in panels
                said = folded(label, height) if last else ""
                colour_bar(said, whole=whole)(figure, [panels[place] for place in group])
        return figure if len(panels) > 1 else next(iter(panels.values()))


def _check(shape: Sequence[int], scale: Scale, rgb: bool) -> None:
    if len(shape) not in (2, 3) or (rgb and (len(shape) != 3 or shape[0] != 3)):
        wanted = "(3, height, width)" if rgb else "(height, width) or (channels, height, width)"
        raise ParameterError(f"shape={tuple(shape)}: give {wanted}")
    if scale not in get_args(Scale):
        raise ParameterError(f"scale={scale!r}: use {', '.join(map(repr, get_args(Scale)))}")


def _image(part: pd.DataFrame, pixel: str, value: str, shape: Sequence[int], rgb: bool) -> Image:
    """Mean values, (height, width), or (height, width, 3) of colours."""
    means = pd.Series(numbers(part, value)).groupby(numbers(part, pixel)).mean()
    places, size = means.index.to_numpy(), int(np.prod(shape))
    strange = places[(places < 0) | (places >= size) | (places % 1 != 0)]
    if len(strange):
        raise ParameterError(
            f"column {pixel!r} holds {strange[0]:g}: an image of shape {tuple(shape)} has 0 to {size - 1}"
        )
    flat = np.full(size, np.nan)
    flat[places.astype(np.int64)] = means.to_numpy(float)
    image: Image = flat.reshape(shape)
    if rgb:
        return np.clip(np.moveaxis(image, 0, -1), 0.0, 1.0)
    return image if image.ndim == 2 else np.asarray(image.sum(axis=0), np.float64)


def _panels(facets: Facets, ratio: float) -> tuple[Figure, Mapping[Cell, Axes], float]:
    """The figure, its named panels by their places, and how many inches high each is."""
    across, down = len(facets.columns), len(facets.rows)
    width = PAGE_WIDTH if across > 2 else COLUMN_WIDTH
    side = width / (across + 0.6)
    figure, cells = grid(
        down, across, width=width, height=side * ratio + 0.15, sharex="none", sharey="none", images=True
    )
    panels = {}
    for place, axes in (((i, k), axes) for i, row in enumerate(cells) for k, axes in enumerate(row)):
        if place not in facets.cells:
            axes.remove()
            continue
        panels[place] = axes
        size = 7.5 if side > 1 else 6
        axes.set_title(folded(facets.cells[place][0], side * 8.5 / size), fontsize=size)
        axes.set_ylabel("" if place[1] else folded(facets.rows[place[0]], side * ratio))
        axes.spines[:].set_visible(False)
        _ticks(axes, left=place[1] == 0, below=facets.lowest(place), none=across > _MOST_WITH_TICKS)
    return figure, panels, side * ratio


def _ticks(axes: Axes, *, left: bool, below: bool, none: bool) -> None:
    if none:
        axes.set(xticks=[], yticks=[])
        return
    count_axis(axes.xaxis, ticks=4)
    count_axis(axes.yaxis, ticks=4)
    axes.tick_params(labelleft=left, labelbottom=below)


def _sharing(facets: Facets, scale: Scale) -> list[list[Cell]]:
    """The places of the panels that have one scale."""
    places = list(facets.cells)
    if scale == "all":
        return [places]
    if scale == "panel":
        return [[place] for place in places]
    return [[place for place in places if place[0] == row] for row in range(len(facets.rows))]


def _colours(images: Sequence[Image], signed: bool) -> dict[str, Any]:
    values = np.concatenate([image[np.isfinite(image)] for image in images])
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    if signed:
        top = max(-low, high) or 1.0
        return {"cmap": SIGNED_COLOURS, "norm": Normalize(-top, top)}
    low, high = min(low, 0.0), max(high, 0.0)
    return {"cmap": COUNT_COLOURS, "norm": Normalize(low, high if high > low else low + 1.0)}


def _whole(images: Sequence[Image]) -> bool:
    return all(np.equal(np.mod(image[np.isfinite(image)], 1), 0).all() for image in images)
