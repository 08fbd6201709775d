"""Edges that lie on a path from input to output, over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, overload

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from topokit.plots.curves import draw_blocks

if TYPE_CHECKING:
    from topokit.analyzers import EffectiveSparsity

Value = Literal["effective_density", "density", "dead"]

_LABELS: Mapping[str, str] = {
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
    return draw_blocks(result, value, _LABELS, ax=ax)
