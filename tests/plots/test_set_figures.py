"""Figures of sets of networks, checked against the results they are drawn from."""

from __future__ import annotations

import numpy as np
import pytest
from growing import grown
from legible import assert_legible
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from numpy.testing import assert_allclose, assert_array_equal
from wiring import random_chain, rewired

from topokit import plots
from topokit.analyzers import (
    DistanceMatrix,
    hierarchy,
    mantel,
    network_map,
    nnstd_between,
    nnstd_matrix,
)
from topokit.errors import ParameterError, UnknownNameError
from topokit.plots.dendrogram import BETWEEN

RUNS = ["run A", "run B", "run C"]


@pytest.fixture(scope="module")
def runs() -> DistanceMatrix:
    """Three runs of five epochs each, rewired from epoch to epoch."""
    found = {}
    for seed, run in enumerate(RUNS):
        rng = np.random.default_rng(seed)
        masks = random_chain(rng, (30, 24, 6), 0.2)
        for epoch in range(5):
            found[f"{run}, epoch {epoch}"] = masks
            masks = [rewired(mask, 0.15, rng) for mask in masks]
    return nnstd_matrix(found)


def random_matrix(count: int) -> np.ndarray:
    points = np.random.default_rng(0).random((count, 3))
    return np.linalg.norm(points[:, None] - points, axis=-1)


@pytest.mark.parametrize("count", [2, 5, 50, 200])
def test_trees_and_maps_of_any_number_are_legible(count: int) -> None:
    labels = [f"network {k}" for k in range(count)]
    assert_legible(plots.dendrogram(hierarchy(random_matrix(count), labels=labels), count=2))
    assert_legible(plots.network_map(network_map(random_matrix(count), dimensions=1, labels=labels)))
    if count > 2:
        shown = network_map(random_matrix(count), labels=labels)
        assert_legible(plots.network_map(shown, values=range(count), values_label="Epoch", runs=RUNS[:1] * count))


@pytest.mark.parametrize("count", [4, 30])
def test_a_mantel_test_is_legible(count: int) -> None:
    assert_legible(plots.mantel(mantel(random_matrix(count), np.arange(count), permutations=99)))


def test_figures_of_runs_are_legible(runs: DistanceMatrix) -> None:
    tree, shown = hierarchy(runs), network_map(runs)
    assert_legible(tree.plot(count=3))
    assert_legible(runs.plot(order=tree.order))
    assert_legible(shown.plot(runs=[label.split(",")[0] for label in runs.labels], values=np.arange(15) % 5))
    assert_legible(mantel(runs, np.arange(15) % 5, permutations=99).plot())


def test_all_draw_on_given_axes(runs: DistanceMatrix) -> None:
    for result in (hierarchy(runs), network_map(runs), mantel(runs, np.arange(15), permutations=9)):
        ax = Figure(figsize=(3, 2), layout="constrained").subplots()
        assert result.plot(ax=ax) is ax
        assert_legible(ax)


def test_brackets_join_at_the_heights_of_the_tree(runs: DistanceMatrix) -> None:
    tree = hierarchy(runs)
    ax = tree.plot()
    assert_allclose([line.get_xdata()[1] for line in ax.lines], tree.linkage[:, 2])
    assert [tick.get_text() for tick in ax.get_yticklabels()] == [runs.labels[k] for k in tree.order]
    ends = [
        (x, y)
        for line in ax.lines
        for x, y in zip(np.array(line.get_xdata())[[0, 3]], np.array(line.get_ydata())[[0, 3]], strict=True)
    ]
    assert sorted(y for x, y in ends if x == 0) == list(range(15))


def test_each_cluster_has_a_colour_and_what_joins_them_is_grey(runs: DistanceMatrix) -> None:
    colours = [to_rgba(line.get_color()) for line in hierarchy(runs).plot(count=3).lines]
    assert colours.count(to_rgba(BETWEEN)) == 2
    assert len(set(colours)) == 4
    with pytest.raises(ParameterError, match="count=16"):
        hierarchy(runs).plot(count=16)


def test_a_map_has_the_coordinates_the_values_and_the_shares(runs: DistanceMatrix) -> None:
    shown = network_map(runs)
    epochs = np.arange(15) % 5.0
    ax = shown.plot(values=epochs, values_label="Epoch")
    assert_array_equal(ax.collections[0].get_offsets(), shown.coordinates)
    assert len({tuple(colour) for colour in ax.collections[0].get_facecolors()}) == 5
    assert [each.get_ylabel() for each in ax.figure.axes] == [f"Axis 2 ({shown.explained[1]:.0%})", "Epoch"]
    assert ax.get_aspect() == 1


def test_a_line_joins_the_networks_of_a_run(runs: DistanceMatrix) -> None:
    shown = network_map(runs)
    ax = shown.plot(runs=[label.split(",")[0] for label in runs.labels])
    assert [line.get_label() for line in ax.lines] == RUNS
    assert_array_equal(ax.lines[1].get_xdata(), shown.coordinates[5:10, 0])


def test_unknown_values_are_grey_and_none_at_all_are_refused(runs: DistanceMatrix) -> None:
    shown = network_map(runs)
    values = np.arange(15.0)
    values[3] = np.nan
    assert_allclose(shown.plot(values=values).collections[0].get_facecolors()[3], to_rgba("0.6"))
    with pytest.raises(ParameterError, match="no number"):
        shown.plot(values=np.full(15, np.nan))
    with pytest.raises(ParameterError, match="4 runs were given for 15 networks"):
        shown.plot(runs=RUNS[:1] * 4)


def test_names_can_be_left_out(runs: DistanceMatrix) -> None:
    assert not network_map(runs).plot(names=False).texts


def test_the_null_distribution_holds_every_order(runs: DistanceMatrix) -> None:
    test = mantel(runs, np.arange(15), permutations=99)
    ax = test.plot()
    assert sum(bar.get_height() for bar in ax.patches) == 99
    assert ax.lines[0].get_xdata()[0] == test.correlation
    assert f"p = {test.p_value:.2g}" in ax.lines[0].get_label()


def test_a_matrix_takes_the_order_of_a_tree(runs: DistanceMatrix) -> None:
    order = hierarchy(runs).order
    image = runs.plot(order=order).images[0]
    assert_array_equal(np.asarray(image.get_array()), runs.matrix[np.ix_(order, order)])
    with pytest.raises(ParameterError, match="the position of each once"):
        runs.plot(order=[0, 0, *range(2, 15)])


def test_two_groups_have_their_own_labels() -> None:
    result = nnstd_between(grown(3), grown(7, seed=1))
    ax = result.plot()
    assert_legible(ax)
    assert_array_equal(np.asarray(ax.images[0].get_array()), result.matrix)
    assert_array_equal(np.asarray(result.plot(layer="hidden2").images[0].get_array()), result.layer_matrices[1])
    with pytest.raises(UnknownNameError, match="unknown layer"):
        result.plot(layer="hiden1")
    assert_legible(plots.group_distances({"first": result, "second": result}))
