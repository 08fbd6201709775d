"""The figure of an accuracy law shows its runs, its band and its contour."""

from __future__ import annotations

import numpy as np
import pytest
from legible import assert_legible
from matplotlib.figure import Figure
from numpy.testing import assert_allclose, assert_array_equal

import topokit as tk
from topokit import plots
from topokit.analyzers import AccuracyLaw
from topokit.analyzers.accuracy_laws.curve import Curve
from topokit.errors import ParameterError

SHARES = np.array([0, 0.3, 0.6, 0.9, 0.95, 0.98, 0.985, 0.99, 0.995, 1])
PAPER = Curve(0.204, 183.0, 0.868)


def law(seed: int = 0, curve: Curve = PAPER) -> AccuracyLaw:
    scatter = np.random.default_rng(seed).normal(0, 0.005, len(SHARES))
    return tk.accuracy_law(SHARES, curve.at(SHARES) + scatter, replicates=100)


def test_shows_what_the_law_says() -> None:
    found = law()
    axes = plots.accuracy_law(found, beside={"paper": PAPER})
    assert_legible(axes)
    lines = {line.get_label(): line for line in axes.lines}
    assert_array_equal(lines["runs"].get_ydata(), found.accuracies)
    drawn = lines["law fitted to them"]
    assert_allclose(drawn.get_ydata(), found.curve.at(drawn.get_xdata()))
    assert_allclose(lines["paper"].get_ydata(), PAPER.at(lines["paper"].get_xdata()))
    assert lines[f"contour, ζ = {found.contour:.4f}"].get_xdata()[0] == found.contour
    band = axes.collections[0].get_paths()[0].vertices
    told = found.predict(np.linspace(0, 1, 400))
    assert band[:, 1].min() == pytest.approx(told["low"].min())
    assert band[:, 1].max() == pytest.approx(told["high"].max())


def test_no_contour_without_a_drop() -> None:
    flat = law(3, curve=Curve(0, np.nan, 0.868))
    assert flat.reason
    axes = plots.accuracy_law(flat)
    assert_legible(axes)
    assert not [line for line in axes.lines if str(line.get_label()).startswith("contour")]


def test_panels() -> None:
    regions = [(0, 1), (0.9, 1), (0.98, 1)]
    figure = plots.accuracy_law(law(), regions=regions, beside={"paper": PAPER})
    assert isinstance(figure, Figure)
    assert_legible(figure)
    for axes, (low, high) in zip(figure.axes, regions, strict=True):
        runs = next(line for line in axes.lines if line.get_label() == "runs")
        assert len(runs.get_xdata()) == ((low <= SHARES) & (high >= SHARES)).sum()
    several = plots.accuracy_law({"a": law(), "b": law(1)})
    assert_legible(several)
    assert [axes.get_title() for axes in several.axes] == ["a", "b"]


def test_panels_that_cannot_be() -> None:
    with pytest.raises(ParameterError, match="holds no run"):
        plots.accuracy_law(law(), regions=[(0.91, 0.94)])
    with pytest.raises(ParameterError, match="leave out ax"):
        plots.accuracy_law(law(), ax=Figure().subplots(), regions=[(0, 1)])
    with pytest.raises(ParameterError, match="panels of one result"):
        plots.accuracy_law({"a": law(), "b": law()}, regions=[(0, 1)])
