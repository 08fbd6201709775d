"""Share of neurons dormant by their activation, over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, overload

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from topokit.plots.axis import times
from topokit.plots.curves import Curves, draw_curves

if TYPE_CHECKING:
    from topokit.analyzers import ActivationDormancy


@overload
def activation_evolution(result: ActivationDormancy, *, ax: Axes | None = None) -> Axes: ...
@overload
def activation_evolution(result: Mapping[str, ActivationDormancy], *, ax: None = None) -> Figure: ...
def activation_evolution(
    result: ActivationDormancy | Mapping[str, ActivationDormancy], *, ax: Axes | None = None
) -> Axes | Figure:
    """Share of tau-dormant neurons at each moment.

    Parameters
    ----------
    result : ActivationDormancy, or mapping of str to ActivationDormancy
        One for a line per layer, or several by label for a panel per layer.
    ax : Axes, optional
        Where to draw a lone result.

    Returns
    -------
    Axes or Figure
        A figure for a mapping.
    """
    some = next(iter(result.values()), None) if isinstance(result, Mapping) else result
    label = f"Share of neurons with score ≤ {some.tau:g}" if some else ""
    return draw_curves(result, _curves, ax=ax, label=label, limits=(0, None))


def _curves(result: ActivationDormancy) -> Curves:
    x, x_label = times(result.moments)
    lines = {
        f"{layer} ({rows['size'].iloc[0]:,} neurons)": (x, rows["fraction"].to_numpy(float))
        for layer, rows in result.summary.groupby("layer", sort=False)
    }
    return Curves(lines, x_label)
