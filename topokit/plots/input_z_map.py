"""How far the connections of each input are from chance, laid out as the image they come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, overload

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from topokit.plots.axis import count_axis
from topokit.plots.panels import colour_bar, draw, say
from topokit.plots.style import SIGNED_COLOURS

if TYPE_CHECKING:
    from topokit.analyzers.pixels.pixel_result import ZMap

# Colours reach at least this far, so that a map of mere chance looks pale.
LEAST = 4.0


@overload
def input_z_map(result: ZMap, *, ax: Axes | None = None, moment: int = -1, channel: int | None = None) -> Axes: ...
@overload
def input_z_map(
    result: Mapping[str, ZMap], *, ax: None = None, moment: int = -1, channel: int | None = None
) -> Figure: ...
def input_z_map(
    result: ZMap | Mapping[str, ZMap], *, ax: Axes | None = None, moment: int = -1, channel: int | None = None
) -> Axes | Figure:
    """z of each input as an image: blue below chance, red above, white at it; grey where chance leaves no room.

    The colours are the same for all panels and reach to 4 at least: nearly all of a map of mere chance is pale.

    Parameters
    ----------
    result : InputSignificance or InputChange, or mapping of str to one of them
        One, or several by label for a panel each.
    ax : Axes, optional
        Where to draw a lone result.
    moment : int
        Position of the moment to draw.
    channel : int, optional
        One colour channel, needed where there are several.

    Returns
    -------
    Axes or Figure
        A figure for a mapping.
    """
    results = list(result.values()) if isinstance(result, Mapping) else [result]
    images = [one.image(moment=moment, channel=channel) for one in results]
    top = max([LEAST, *(float(np.nanmax(np.abs(image))) for image in images if np.isfinite(image).any())])

    def paint(axes: Axes, one: ZMap) -> None:
        image = one.image(moment=moment, channel=channel)
        axes.imshow(image, cmap=SIGNED_COLOURS, norm=Normalize(-top, top))
        axes.set_facecolor("0.6")
        axes.spines[:].set_visible(False)
        count_axis(axes.xaxis, ticks=4)
        count_axis(axes.yaxis, ticks=4)
        axes.set(xlabel="Column (pixels)", ylabel="Row (pixels)")
        if not np.isfinite(image).any():
            say(axes, "chance leaves\nno room here")

    key = colour_bar("z (standard deviations from chance)")
    return draw(result, paint, ax=ax, key=key, images=True)
