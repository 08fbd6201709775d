"""A fitted power law on its data."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from textwrap import fill
from typing import TYPE_CHECKING, overload

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from topokit.plots.axis import log_log
from topokit.plots.panels import draw, legend, say
from topokit.plots.style import palette

if TYPE_CHECKING:
    from topokit.analyzers import PowerLawFit


@overload
def power_law_fit(result: PowerLawFit, *, ax: Axes | None = None) -> Axes: ...
@overload
def power_law_fit(result: Mapping[str, PowerLawFit], *, ax: None = None) -> Figure: ...
def power_law_fit(result: PowerLawFit | Mapping[str, PowerLawFit], *, ax: Axes | None = None) -> Axes | Figure:
    """Share of values of at least k, the fitted power law from x_min on, and a dashed line at x_min.

    As in Fig. 6 of Matab et al. (2024). The exponent and the p-value stand in the corner.

    Parameters
    ----------
    result : PowerLawFit, or mapping of str to PowerLawFit
        One, or several by label for a panel each.
    ax : Axes, optional
        Where to draw a lone result.

    Returns
    -------
    Axes or Figure
        A figure for a mapping.
    """
    painter = partial(_paint, several=isinstance(result, Mapping))
    return draw(result, painter, ax=ax, key=legend)


def _paint(ax: Axes, fit: PowerLawFit, *, several: bool) -> None:
    data, model = palette(2)
    curve, words = fit.curve, _words(fit)
    ax.plot(curve["value"], curve["ccdf"], "o", color=data, label="data")
    ax.plot(curve["value"], curve["model"], color=model, label="power law" if several else f"power law\n{words}")
    log_log(ax)
    ax.set(xlabel="Degree k (connections)", ylabel="Share of neurons ≥ k")
    if fit.xmin is None:
        say(ax, fill(fit.problem, 34))
        return
    ax.axvline(fit.xmin, color="0.5", linestyle="--", linewidth=0.8, label="x_min")
    if several:
        ax.legend(handles=[], title=words, title_fontsize=6.5, alignment="right")


def _words(fit: PowerLawFit) -> str:
    exponent = f"α = {fit.alpha:.3g} ± {fit.sigma:.2g}"
    if not fit.replicates:
        return exponent
    return f"{exponent}\np = {fit.p_value:.2g}" if fit.p_value else f"{exponent}\np < {1 / fit.replicates:.2g}"
