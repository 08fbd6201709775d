"""Connections of the inputs, laid out as the image they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from topokit.plots.axis import count_axis
from topokit.plots.panels import colour_bar, draw
from topokit.plots.style import COUNT_COLOURS, SIGNED_COLOURS

if TYPE_CHECKING:
    from topokit.analyzers import InputMap

Value = Literal["count", "weight", "absolute"]

VALUE_LABELS = {"count": "Connections", "weight": "Sum of weights", "absolute": "Sum of |weights|"}


@overload
def input_map(
    result: InputMap,
    *,
    ax: Axes | None = None,
    value: Value = "count",
    moment: int = -1,
    channel: int | None = None,
) -> Axes: ...
@overload
def input_map(
    result: Mapping[str, InputMap],
    *,
    ax: None = None,
    value: Value = "count",
    moment: int = -1,
    channel: int | None = None,
) -> Figure: ...
def input_map(
    result: InputMap | Mapping[str, InputMap],
    *,
    ax: Axes | None = None,
    value: Value = "count",
    moment: int = -1,
    channel: int | None = None,
) -> Axes | Figure:
    """Connections of each input as a heat map over the image.

    As in Fig. 8 of Matab et al. (2024); `input_map_grid` adds the time axis.

    Parameters
    ----------
    result : InputMap, or mapping of str to InputMap
        One, or several by label for a panel each with one colour scale.
    ax : Axes, optional
        Where to draw a lone result.
    value : {'count', 'weight', 'absolute'}
        Number of connections, or sum of their weights or absolute weights.
    moment : int
        Position of the moment to draw.
    channel : int, optional
        One colour channel; their sum unless given.

    Returns
    -------
    Axes or Figure
        A figure for a mapping.
    """
    results = list(result.values()) if isinstance(result, Mapping) else [result]
    scale = colour_scale([one.image(value, moment=moment, channel=channel) for one in results], value)

    def paint(axes: Axes, one: InputMap) -> None:
        paint_pixels(axes, one.image(value, moment=moment, channel=channel), scale, value)
        axes.set(xlabel="Column (pixels)", ylabel="Row (pixels)")

    return draw(result, paint, ax=ax, key=colour_bar(VALUE_LABELS[value], whole=value == "count"), images=True)


def colour_scale(images: Sequence[NDArray[Any]], value: Value) -> Normalize:
    """From 0 to the largest value; symmetric about 0 for signed sums."""
    top = max((float(np.abs(image).max()) for image in images), default=0.0) or 1.0
    return Normalize(-top if value == "weight" else 0.0, top)


def paint_pixels(ax: Axes, image: NDArray[Any], scale: Normalize, value: Value) -> AxesImage:
    """The image with a few whole ticks and no frame."""
    colours = SIGNED_COLOURS if value == "weight" else COUNT_COLOURS
    shown = ax.imshow(image, cmap=colours, norm=scale)
    ax.spines[:].set_visible(False)
    count_axis(ax.xaxis, ticks=4)
    count_axis(ax.yaxis, ticks=4)
    return shown
