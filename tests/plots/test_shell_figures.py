"""What stands on the figures of shells, checked against the results they are drawn from."""

from __future__ import annotations

import numpy as np
import pytest
from growing import grown
from legible import assert_legible
from matplotlib.collections import LineCollection, PathCollection
from numpy.testing import assert_allclose, assert_array_equal

from topokit import erdos_renyi, plots
from topokit.analyzers import bipartite_core, onion_layers, shell_layout


def test_onion_has_every_neuron_at_its_place_in_the_colour_of_its_layer() -> None:
    picture = shell_layout(grown(3))
    ax = plots.onion(picture)
    drawn = [each for each in ax.collections if isinstance(each, PathCollection)]
    points = np.concatenate([np.asarray(each.get_offsets()) for each in drawn])
    shades = np.concatenate([np.asarray(each.get_facecolors())[:, :3] for each in drawn])
    order, expected = np.lexsort(points.T), np.lexsort([picture.x, picture.y])
    assert_allclose(points[order], np.column_stack([picture.x, picture.y])[expected])
    assert_allclose(shades[order], np.array(plots.palette(4))[picture.layer_of][expected])
    sizes = [float(each.get_sizes()[0]) for each in drawn]
    assert sizes == sorted(sizes, reverse=True)


def test_onion_says_how_many_edges_it_leaves_out() -> None:
    picture = shell_layout(grown(1), edges=100)
    ax = plots.onion(picture)
    assert f"100 of {picture.n_edges:,} edges drawn" in ax.get_xlabel()
    assert [len(each.get_segments()) for each in ax.collections if isinstance(each, LineCollection)] == [100]
    panels = plots.onion({f"run {k}": picture for k in range(5)}).axes
    assert [f"100 of {picture.n_edges:,} edges drawn" in panel.get_xlabel() for panel in panels] == [True] * 5
    assert f"100 of {picture.n_edges:,} edges drawn" in plots.shell_drawing(picture).get_xlabel()


def test_rings_are_numbered_by_shell() -> None:
    picture = shell_layout(grown(3))
    ax = plots.onion(picture)
    shells = [int(text.get_text()) for text in ax.texts]
    assert shells[0] == picture.k_max
    assert set(shells) <= set(picture.coreness.tolist())
    assert_allclose([text.xy[1] for text in ax.texts], [picture.core_radius + picture.k_max - k for k in shells])


@pytest.mark.parametrize("mask", [np.zeros((3, 2)), np.ones((3, 2)), np.eye(4), np.ones((1, 1))])
def test_networks_of_one_shell(mask: np.ndarray) -> None:
    picture = shell_layout([mask])
    assert_legible(plots.onion(picture))
    assert_legible(plots.shell_drawing(picture))
    assert_legible(plots.onion_spectrum(onion_layers([mask])))
    assert_legible(plots.bipartite_cores(bipartite_core([mask])))


def test_ten_thousand_neurons_make_a_small_file() -> None:
    picture = shell_layout(erdos_renyi((4000, 3000, 2000, 1000), epsilon=8, rng=0))
    ax = plots.onion(picture)
    assert_legible(ax)
    assert len(plots.drawn(ax, "pdf")) < 500_000


def test_the_same_picture_is_the_same_file() -> None:
    first, second = (plots.drawn(plots.onion(shell_layout(grown(2))), "svg") for _ in range(2))
    assert first == second


def test_drawing_shows_shells_and_the_edges_of_the_core() -> None:
    mask = np.zeros((4, 4))
    mask[:2, :2] = mask[2, 0] = 1
    picture = shell_layout([mask])
    ax = plots.shell_drawing(picture)
    others, core = (each for each in ax.collections if isinstance(each, LineCollection))
    assert (len(others.get_segments()), len(core.get_segments())) == (1, 4)
    neurons = next(each for each in ax.collections if isinstance(each, PathCollection))
    assert_array_equal(np.asarray(neurons.get_array()), picture.coreness)


def test_spectrum_has_a_line_per_shell() -> None:
    result = onion_layers(grown(3))
    ax = plots.onion_spectrum(result)
    table = result.spectrum[result.spectrum["epoch"] == 2]
    assert len(ax.lines) == table["shell"].nunique()
    assert_array_equal(np.concatenate([line.get_ydata() for line in ax.lines]), table["count"])


def test_staircases_of_bipartite_cores() -> None:
    result = bipartite_core(grown(3))
    ax = plots.bipartite_cores(result)
    for line, block in zip(ax.lines, result.blocks, strict=True):
        cores = result.limits(block)
        assert_array_equal(line.get_xdata()[:-1], cores.alpha)
        assert_array_equal(line.get_ydata()[:-1], cores.beta)
