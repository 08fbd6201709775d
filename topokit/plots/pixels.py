"""Matrices as tiny pictures of one pixel per entry, for pages that scale them up."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import matplotlib.image
import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_hex
from numpy.typing import NDArray


def pixels(values: NDArray[Any], colours: str, low: float, high: float) -> bytes:
    """A PNG with a pixel per entry of a matrix, from `low` to `high` in that colour map; NaN is transparent."""
    stream = BytesIO()
    matplotlib.image.imsave(stream, np.ma.masked_invalid(values), cmap=colours, vmin=low, vmax=high, format="png")
    return stream.getvalue()


def colour_steps(colours: str, count: int = 64) -> list[str]:
    """`count` colours ``#rrggbb`` evenly spread over a colour map."""
    chosen = colormaps[colours]
    return [to_hex(chosen(step)) for step in np.linspace(0, 1, count)]
