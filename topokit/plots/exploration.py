"""Edges explored over time, and edges that come back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, overload

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from topokit.plots.curves import draw_blocks

if TYPE_CHECKING:
    from topokit.analyzers import Exploration

Value = Literal["rate", "lasting_rate", "dropped_share", "returned_share", "return_rate"]

_LABELS: Mapping[str, str] = {
    "rate": "Possible edges explored so far",
    "lasting_rate": "Possible edges explored reliably",
    "dropped_share": "Share of edges dropped",
    "returned_share": "New edges that were there before",
    "return_rate": "Share of dropped edges that came back",
}


@overload
def exploration(result: Exploration, *, ax: Axes | None = None, value: Value = "rate") -> Axes: ...
@overload
def exploration(result: Mapping[str, Exploration], *, ax: None = None, value: Value = "rate") -> Figure: ...
def exploration(
    result: Exploration | Mapping[str, Exploration], *, ax: Axes | None = None, value: Value = "rate"
) -> Axes | Figure:
    """Exploration, churn or returns of each block at each moment, and of all blocks (total).

    Parameters
    ----------
    result : Exploration, or mapping of str to Exploration
        One for a line per block, or several by label for a panel per block.
    ax : Axes, optional
        Where to draw a lone result.
    value : {'rate', 'lasting_rate', 'dropped_share', 'returned_share', 'return_rate'}
        What to draw.

    Returns
    -------
    Axes or Figure
        A figure for a mapping.

    Raises
    ------
    ParameterError
        Another value.
    """
    return draw_blocks(result, value, _LABELS, ax=ax)
