from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from growing import grown
from legible import assert_legible
from matplotlib.colors import to_rgb

from topokit import plots
from topokit.analyzers import degree_persistence
from topokit.errors import ParameterError, UnknownNameError


def test_lines_are_degrees_and_the_highest_at_the_reference_is_yellow() -> None:
    result = degree_persistence(grown(6), layers="hidden", replicates=2)
    ax = plots.degree_persistence(result, layer="hidden2", neurons=9)
    assert_legible(ax)
    assert len(ax.lines) == 9
    neurons = result.degrees[:, 96:]
    for line in (ax.lines[0], ax.lines[-1]):
        assert any(np.array_equal(line.get_ydata(), column) for column in neurons.T)
    assert ax.lines[-1].get_ydata()[1] == neurons[1].max()
    red, green, blue = to_rgb(ax.lines[-1].get_color())
    assert red > 0.9
    assert green > 0.8
    assert blue < 0.3
    assert to_rgb(ax.lines[0].get_color())[2] > to_rgb(ax.lines[0].get_color())[1]
    with pytest.raises(UnknownNameError):
        plots.degree_persistence(result, layer="hiden")
    with pytest.raises(ParameterError, match="one line or more"):
        plots.degree_persistence(result, neurons=0)


def test_panels_of_several_results_share_the_colours() -> None:
    results = {name: degree_persistence(grown(3, seed=k), replicates=2) for k, name in enumerate(("DNW", "RigL"))}
    figure = plots.degree_persistence(results)
    assert_legible(figure)
    assert len(figure.axes) == 3


def test_tables_draw_lines_with_colours_of_their_panel() -> None:
    table = degree_persistence(grown(4), replicates=2).neurons.query("neuron % 12 == 0")
    options = {"x": "epoch", "y": "degree", "line": "neuron", "colour": "reference"}
    figure = plots.coloured_lines(table, **options, panel="layer", x_label="Epoch", y_label="In-degree", label="Then")
    assert_legible(figure)
    assert [ax.get_title() for ax in figure.axes[:2]] == ["hidden1", "hidden2"]
    with pytest.raises(ParameterError, match="no column 'shade'"):
        plots.coloured_lines(table, **options | {"colour": "shade"}, x_label="", y_label="", label="")
    alone = pd.DataFrame({"epoch": [0, 1], "degree": [1.5, 2], "neuron": [0, 0], "reference": [2, 2]})
    assert_legible(plots.coloured_lines(alone, **options, x_label="Epoch", y_label="Degree", label="Then"))
