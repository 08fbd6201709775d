"""Write a figure as PDF, SVG or PNG."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from topokit.errors import ParameterError
from topokit.outputs import whole_file
from topokit.plots.panels import figure_of
from topokit.plots.style import style

# Without dates the same figure is the same file.
_METADATA: dict[str, dict[str, Any]] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {}}


def save(figure: Figure | Axes, path: str | os.PathLike[str], *, dpi: float = 300) -> Path:
    """Write a figure whole or not at all; the suffix of `path` says how.

    Parameters
    ----------
    figure : Figure or Axes
        What a function of `topokit.plots` returned.
    path : str or Path
        Ends in ``.pdf`` (fonts embedded as TrueType), ``.svg`` (text as outlines) or ``.png``.
    dpi : float
        Dots per inch of a PNG.

    Raises
    ------
    ParameterError
        Another suffix.
    WriteFailedError
        The disk is full or the folder cannot be written.
    """
    kind = Path(path).suffix.removeprefix(".").lower()
    if kind not in _METADATA:
        raise ParameterError(f"{path}: no figure has the suffix {kind!r}, name it .pdf, .svg or .png")
    with whole_file(path) as temporary:
        temporary.write_bytes(drawn(figure, kind, dpi=dpi))
    return Path(path)


def drawn(figure: Figure | Axes, kind: str, *, dpi: float = 300) -> bytes:
    """The bytes of the figure as 'pdf', 'svg' or 'png'; `ParameterError` for another kind."""
    if kind not in _METADATA:
        raise ParameterError(f"kind={kind!r} is no figure: use 'pdf', 'svg' or 'png'")
    stream = BytesIO()
    with style():
        _whole(figure).savefig(stream, format=kind, dpi=dpi, metadata=_METADATA[kind])
    return stream.getvalue()


def width(figure: Figure | Axes) -> float:
    """Printed width in inches."""
    return float(_whole(figure).get_figwidth())


def _whole(figure: Figure | Axes) -> Figure:
    return figure_of(figure) if isinstance(figure, Axes) else figure
