"""What stands on the figures of shells, checked against the results they are drawn from."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from growing import grown
from legible import assert_legible
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from numpy.testing import assert_allclose, assert_array_equal

from topokit import erdos_renyi, plots
from topokit.analyzers import bipartite_core, kshell, onion_layers, shell_layout
from topokit.dag import EdgeBlock, Layer, LayeredDAG


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


def unequal(depth: int) -> LayeredDAG:
    """Neurons of very different degrees, in some thirty shells."""
    rng = np.random.default_rng(0)
    appeal = [0.3 + rng.pareto(1.5, 200) for _ in range(depth)]
    return LayeredDAG.from_adjacencies(
        [rng.random((200, 200)) < 0.12 * np.outer(a, b) / a.mean() / b.mean() for a, b in pairwise(appeal)]
    )


@pytest.mark.parametrize("panels", [1, 3, 4])
def test_rings_are_numbered_by_shell_and_no_number_hides_another(panels: int) -> None:
    picture = shell_layout(unequal(4))
    drawn = plots.onion(picture) if panels == 1 else plots.onion({f"run {k}": picture for k in range(panels)})
    assert_legible(drawn)
    for ax in [drawn] if isinstance(drawn, Axes) else drawn.axes:
        shells = [int(text.get_text()) for text in ax.texts]
        assert (shells[0], shells[-1]) == (picture.k_max, picture.coreness.min())
        assert set(shells) <= set(picture.coreness.tolist())
        assert len(shells) >= 5
        assert_allclose([text.xy[1] for text in ax.texts], [picture.core_radius + picture.k_max - k for k in shells])
        boxes = [text.get_bbox_patch().get_window_extent() for text in ax.texts]
        assert all(inner.y1 <= outer.y0 + 0.5 for inner, outer in pairwise(boxes))


def test_many_layers_leave_room_for_the_picture() -> None:
    networks = [np.eye(3)] * 39
    for drawn in (plots.onion(shell_layout(networks)), plots.shell_histogram(kshell(networks))):
        assert_legible(drawn)
        box = drawn.get_window_extent()
        assert min(box.width, box.height) > 150
        legend = drawn.get_legend().get_window_extent()
        assert not legend.overlaps(box.shrunk(0.9, 0.9))
    names = [f"features.{k}.block.convolution" for k in range(8)]
    blocks = [EdgeBlock.from_matrix(a, b, np.eye(3)) for a, b in pairwise(names)]
    named = LayeredDAG(tuple(Layer(name, 3) for name in names), tuple(blocks))
    for drawn in (plots.onion(shell_layout(named)), plots.shell_drawing(shell_layout(named))):
        assert_legible(drawn)


def test_few_neurons_have_plain_numbers() -> None:
    mask = np.zeros((4, 4))
    mask[:2, :3] = mask[2, 0] = 1
    ax = plots.onion_spectrum(onion_layers([mask]))
    assert_legible(ax)
    words = [text.get_text() for text in ax.get_yticklabels(which="both")]
    assert any(words)
    assert not any("$" in word for word in words)


def test_stairs_of_very_different_heights_have_logarithmic_axes() -> None:
    low, high = (plots.bipartite_cores(bipartite_core([np.ones((size, 3))])) for size in (30, 300))
    assert [ax.get_yscale() for ax in (low, high)] == ["linear", "log"]
    assert_legible(high)


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
