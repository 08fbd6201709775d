"""Edges explored over time, and edges that come back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, overload

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from topokit.errors import ParameterError
from topokit.plots.axis import times
from topokit.plots.curves import Curves, draw_curves

if TYPE_CHECKING:
    from topokit.analyzers import Exploration

Value = Literal["rate", "lasting_rate", "dropped_share", "returned_share", "return_rate"]

_LABELS: dict[Value, str] = {
    "rate": "Possible edges explored so far",
    "lasting_rate": "Possible edges explored reliably",
    "dropped_share": "Share of edges dropped",
    "returned_share": "Share of new edges that were there before",
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
    if value not in _LABELS:
        raise ParameterError(f"value={value!r}: use {', '.join(map(repr, _LABELS))}")
    return draw_curves(result, lambda one: _curves(one, value), ax=ax, label=_LABELS[value], limits=(0, None))


def _curves(result: Exploration, value: Value) -> Curves:
    x, x_label = times(result.moments)
    values = getattr(result, value)
    columns = {"total": -1, **{name: k for k, name in enumerate(result.blocks)}}
    return Curves({name: (x, np.asarray(values[:, k], float)) for name, k in columns.items()}, x_label)
