"""Edges that lie on a path from input to output, over time."""

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
    from topokit.analyzers import EffectiveSparsity

Value = Literal["effective_density", "density", "dead"]

_LABELS: dict[Value, str] = {
    "effective_density": "Effective density",
    "density": "Density",
    "dead": "Edges on no path",
}


@overload
def effective_sparsity(
    result: EffectiveSparsity, *, ax: Axes | None = None, value: Value = "effective_density"
) -> Axes: ...
@overload
def effective_sparsity(
    result: Mapping[str, EffectiveSparsity], *, ax: None = None, value: Value = "effective_density"
) -> Figure: ...
def effective_sparsity(
    result: EffectiveSparsity | Mapping[str, EffectiveSparsity],
    *,
    ax: Axes | None = None,
    value: Value = "effective_density",
) -> Axes | Figure:
    """Density of the edges on paths from input to output, or their lack, of each block and of all (total).

    Parameters
    ----------
    result : EffectiveSparsity, or mapping of str to EffectiveSparsity
        One for a line per block, or several by label for a panel per block.
    ax : Axes, optional
        Where to draw a lone result.
    value : {'effective_density', 'density', 'dead'}
        Edges on paths from input to output over possible ones, all edges over possible ones, or how many edges lie
        on no such path.

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


def _curves(result: EffectiveSparsity, value: Value) -> Curves:
    x, x_label = times(result.moments)
    columns = {"total": -1, **{name: k for k, name in enumerate(result.blocks)}}
    values = np.asarray(getattr(result, value), float)
    return Curves({name: (x, values[:, k]) for name, k in columns.items()}, x_label)
