"""Neurons with few or no connections, over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, overload

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from topokit.plots.axis import times
from topokit.plots.curves import Curves, draw_curves

if TYPE_CHECKING:
    from topokit.analyzers import DormantNeurons

Counting = Literal["below_threshold", "no_input", "no_output"]

_WORDS = {"no_input": "without input", "no_output": "without output"}


@overload
def dormant_evolution(
    result: DormantNeurons, *, ax: Axes | None = None, counting: Counting = "below_threshold"
) -> Axes: ...
@overload
def dormant_evolution(
    result: Mapping[str, DormantNeurons], *, ax: None = None, counting: Counting = "below_threshold"
) -> Figure: ...
def dormant_evolution(
    result: DormantNeurons | Mapping[str, DormantNeurons],
    *,
    ax: Axes | None = None,
    counting: Counting = "below_threshold",
) -> Axes | Figure:
    """Number of neurons below the degree threshold, or without input or output, at each moment.

    As in Fig. 9 of Matab et al. (2024), per layer.

    Parameters
    ----------
    result : DormantNeurons, or mapping of str to DormantNeurons
        One for a line per layer, or several by label for a panel per layer.
    ax : Axes, optional
        Where to draw a lone result.
    counting : {'below_threshold', 'no_input', 'no_output'}
        Which neurons are counted.

    Returns
    -------
    Axes or Figure
        A figure for a mapping.
    """
    some = next(iter(result.values()), None) if isinstance(result, Mapping) else result
    words = _WORDS.get(counting) or f"of degree < {some.threshold if some else ''}"
    return draw_curves(result, lambda one: _curves(one, counting), ax=ax, label=f"Neurons {words}", limits=(0, None))


def _curves(result: DormantNeurons, counting: Counting) -> Curves:
    x, x_label = times(result.moments)
    lines = {
        f"{name} ({rows['size'].iloc[0]:,} neurons)": (x, rows[counting].to_numpy(float))
        for name, rows in result.frame.groupby("layer", sort=False)
    }
    return Curves(lines, x_label)
