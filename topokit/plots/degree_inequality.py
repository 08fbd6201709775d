"""Inequality of degrees and turnover of hubs over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, overload

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from topokit.errors import ParameterError
from topokit.plots.axis import times
from topokit.plots.curves import Curves, draw_curves

if TYPE_CHECKING:
    from topokit.analyzers import DegreeInequality
    from topokit.analyzers.degrees import DegreeKind

_LABELS = {
    "mean": "Mean {kind}",
    "gini": "Gini coefficient of {kind}s",
    "entropy": "Entropy of {kind}s (1 if equal)",
    "max_share": "Largest share of {kind}s",
    "hill1": "Effective neurons (order 1), {kind}",
    "participation": "Effective neurons (order 2), {kind}",
    "top_share": "Share of {kind}s held by hubs",
    "top_kept": "Share of hubs that stay hubs ({kind})",
    "top_jaccard": "Hubs shared with the network before",
    "top_jaccard_first": "Hubs shared with the first network",
}
_KINDS = {"total": "degree", "in": "in-degree", "out": "out-degree"}


@overload
def degree_inequality(
    result: DegreeInequality, *, ax: Axes | None = None, value: str = "gini", kind: DegreeKind = "total"
) -> Axes: ...
@overload
def degree_inequality(
    result: Mapping[str, DegreeInequality], *, ax: None = None, value: str = "gini", kind: DegreeKind = "total"
) -> Figure: ...
def degree_inequality(
    result: DegreeInequality | Mapping[str, DegreeInequality],
    *,
    ax: Axes | None = None,
    value: str = "gini",
    kind: DegreeKind = "total",
) -> Axes | Figure:
    """One measure of inequality, or of the turnover of hubs, of each layer at each moment.

    Parameters
    ----------
    result : DegreeInequality, or mapping of str to DegreeInequality
        One for a line per layer, or several by label for a panel per layer.
    ax : Axes, optional
        Where to draw a lone result.
    value : str
        'gini', 'entropy', 'max_share', 'hill1', 'participation', 'mean', 'top_share', 'top_kept', 'top_jaccard' or
        'top_jaccard_first'.
    kind : {'total', 'in', 'out'}
        Of which degree.

    Returns
    -------
    Axes or Figure
        A figure for a mapping.

    Raises
    ------
    ParameterError
        Another value or kind.
    """
    if value not in _LABELS or kind not in _KINDS:
        raise ParameterError(f"value={value!r} of kind={kind!r}: use {', '.join(_LABELS)} of 'total', 'in' or 'out'")
    label = _LABELS[value].format(kind=_KINDS[kind])
    return draw_curves(result, lambda one: _curves(one, value, kind), ax=ax, label=label, limits=(0, None))


def _curves(result: DegreeInequality, value: str, kind: DegreeKind) -> Curves:
    x, x_label = times(result.moments)
    values = result.curve(value, kind=kind)
    lines = {f"{layer.name} ({layer.size} neurons)": (x, values[:, k]) for k, layer in enumerate(result.layers)}
    return Curves(lines, x_label)
