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

Counting = Literal["below_threshold", "no_input", "no_output", "cut_from_input", "cut_from_output", "off_path"]

_WORDS = {
    "no_input": "without input",
    "no_output": "without output",
    "cut_from_input": "cut off from the input",
    "cut_from_output": "cut off from the output",
    "off_path": "on no path",
}
_KINDS = {"total": "degree", "in": "in-degree", "out": "out-degree"}


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
    counting : {'below_threshold', 'no_input', 'no_output', 'cut_from_input', 'cut_from_output', 'off_path'}
        Which neurons are counted.

    Returns
    -------
    Axes or Figure
        A figure for a mapping.
    """
    some = next(iter(result.values()), None) if isinstance(result, Mapping) else result
    words = _WORDS.get(counting) or (_of_low_degree(some) if some else "")
    return draw_curves(result, lambda one: _curves(one, counting), ax=ax, label=f"Neurons {words}", limits=(0, None))


def _of_low_degree(result: DormantNeurons) -> str:
    limit = result.threshold if result.relative is None else f"{result.relative:g} × initial mean"
    return f"of {_KINDS[result.kind]} < {limit}"


def _curves(result: DormantNeurons, counting: Counting) -> Curves:
    x, x_label = times(result.moments)
    lines = {
        f"{name} ({rows['size'].iloc[0]:,} neurons)": (x, rows[counting].to_numpy(float))
        for name, rows in result.frame.groupby("layer", sort=False)
    }
    return Curves(lines, x_label)
