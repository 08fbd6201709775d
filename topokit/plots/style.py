"""How every figure looks: printed sizes, fonts and colours that survive colour blindness and grey prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib.style
import seaborn as sns

MILLIMETRE = 1 / 25.4
COLUMN_WIDTH = 85 * MILLIMETRE
PAGE_WIDTH = 170 * MILLIMETRE

DISTANCE_COLOURS = "viridis_r"
CORRELATION_COLOURS = "cividis_r"
COUNT_COLOURS = "viridis"
SIGNED_COLOURS = "vlag"

LINE_STYLES = ("-", "--", ":", "-.")
MARKERS = "osD^vPX*<>"

_RULES: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 7,
    "axes.labelsize": 7,
    "axes.titlesize": 7.5,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "figure.titlesize": 8,
    "figure.labelsize": 7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.titlepad": 4,
    "axes.labelpad": 3,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "lines.linewidth": 1.1,
    "lines.markersize": 2.5,
    "patch.linewidth": 0.6,
    "image.interpolation": "nearest",
    "savefig.dpi": 300,
    # A dollar sign in the name of a run or a layer is a dollar sign.
    "text.parse_math": False,
    # Journals refuse Type 3 fonts; text as paths looks the same where DejaVu Sans is missing.
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "topokit",
}


@contextmanager
def style() -> Iterator[None]:
    """Draw in topokit's style; the user's settings are back when the block ends."""
    # Starting from the defaults keeps figures alike whatever the user's matplotlibrc says.
    with matplotlib.style.context(["default", {**sns.axes_style("ticks"), **_RULES}]):
        yield


def palette(count: int) -> list[tuple[float, float, float]]:
    """`count` colours that colour-blind readers tell apart; beyond ten, steps of a sequential map."""
    if count <= 10:
        return list(sns.color_palette("colorblind", 10)[:count])
    return list(sns.color_palette("viridis", count))


def looks(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Colour, dashes and marker of each line; 'total' is black and takes none from the others."""
    own = [name for name in names if name != "total"]
    drawn: dict[str, dict[str, Any]] = {
        name: {
            "color": colour,
            "linestyle": LINE_STYLES[place % len(LINE_STYLES)],
            "marker": MARKERS[place % len(MARKERS)],
        }
        for place, (name, colour) in enumerate(zip(own, palette(len(own)), strict=True))
    }
    return drawn | {"total": {"color": "black", "linestyle": "-", "marker": ""}}
