"""How active the neurons of each layer are, relative to their layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.axes import Axes

from topokit.plots.axis import visible
from topokit.plots.canvas import own_axes
from topokit.plots.style import LINE_STYLES, palette, style

if TYPE_CHECKING:
    from topokit.analyzers import ActivationDormancy


def activation_dormancy(result: ActivationDormancy, *, ax: Axes | None = None) -> Axes:
    """Share of neurons whose activity score is at most s, a line per layer; left of τ they are dormant.

    The score is the mean absolute activation over the layer's mean (Sokar et al. 2023, Eq. 1).

    Parameters
    ----------
    result : ActivationDormancy
        Scores per layer.
    ax : Axes, optional
        Where to draw.
    """
    with style():
        axes = own_axes(ax)
        colours = palette(len(result.scores))
        for place, (layer, scores) in enumerate(result.scores.items()):
            label = f"{visible(layer)} ({result.dormant(layer).sum():,} of {scores.size:,} dormant)"
            dashes = LINE_STYLES[place % len(LINE_STYLES)]
            axes.ecdf(scores, label=label, color=colours[place], linestyle=dashes)
        axes.axvline(result.tau, color="0.5", linestyle="--", linewidth=0.8)
        axes.annotate(f"τ = {result.tau:g}", (result.tau, 1.0), xytext=(2, 1), textcoords="offset points", fontsize=6.5)
        axes.set(
            xlabel="Activity score s (1 = mean of the layer)", ylabel="Share of neurons with score ≤ s", ylim=(0, 1.02)
        )
        axes.legend()
        return axes
