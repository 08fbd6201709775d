from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from strategies import layered_dags
from undirected_graphs import undirected

import topokit as tk
from topokit.dag import LayeredDAG
from topokit.errors import ParameterError


@given(layered_dags(max_size=20), st.floats(0, 0.99))
def test_each_shell_has_its_own_ring(network: LayeredDAG, spread: float) -> None:
    picture = tk.shell_layout(network, spread=spread)
    assert np.array_equal(picture.coreness, tk.kshell(network).coreness[0])
    radius = np.hypot(picture.x, picture.y)
    depth = picture.k_max - picture.coreness
    rings = picture.core_radius + depth
    inside = depth == 0
    assert (radius[inside] < picture.core_radius).all()
    assert (radius[~inside] <= rings[~inside] + 1e-9).all()
    assert (radius[~inside] >= rings[~inside] - spread - 1e-9).all()


@given(layered_dags(max_size=20))
def test_degrees_clusters_and_edges_equal_networkx(network: LayeredDAG) -> None:
    picture = tk.shell_layout(network)
    graph = undirected(network)
    assert picture.degrees.tolist() == [graph.degree[node] for node in range(network.n_neurons)]
    assert picture.n_edges == graph.number_of_edges()
    drawn = zip(picture.sources.tolist(), picture.targets.tolist(), strict=True)
    assert set(map(frozenset, drawn)) == set(map(frozenset, graph.edges))
    for shell in set(picture.coreness.tolist()):
        nodes = np.flatnonzero(picture.coreness == shell)
        parts = {frozenset(nodes[picture.clusters[nodes] == k].tolist()) for k in set(picture.clusters[nodes].tolist())}
        assert parts == {frozenset(part) for part in nx.connected_components(graph.subgraph(nodes.tolist()))}
        sizes = np.bincount(picture.clusters[nodes])
        assert (np.diff(sizes) <= 0).all()


def test_those_tied_to_the_inside_lie_further_in() -> None:
    """Two pendants of a 2-core, one of them with a further neighbour of its own shell."""
    core = np.zeros((4, 4))
    core[:2, :2] = 1
    core[2, 0] = core[3, 2] = core[2, 2] = 1
    picture = tk.shell_layout([core])
    assert picture.coreness.tolist() == [2, 2, 1, 1, 2, 2, 1, 0]
    radius = np.hypot(picture.x, picture.y) - picture.core_radius
    # Source 2: neighbours at depths 0 and 1; target 2: both at depth 1; source 3: at depth 1.
    assert_allclose(radius[[2, 3, 6, 7]], [1 - 0.6 * 0.5, 1, 1, 2])


def test_connected_parts_of_a_shell_have_sectors_and_normal_angles_within() -> None:
    """Four stars of 401 neurons around a core: a quarter of the circle each, Eq. 2 of the paper."""
    mask = np.zeros((7, 1603))
    mask[4:, 1600:] = 1
    mask[np.arange(1600) // 400, np.arange(1600)] = 1
    picture = tk.shell_layout([mask])
    directions = np.exp(1j * np.arctan2(picture.y, picture.x))
    for part in range(4):
        mean = directions[(picture.coreness == 1) & (picture.clusters == part)].mean()
        # The characteristic function of a normal distribution around the middle, of half the sector's width.
        expected = np.exp(1j * 2 * np.pi * (part + 0.5) / 4 - (np.pi / 4) ** 2 / 2)
        assert abs(mean - expected) < 0.08


def test_large_networks_show_a_sample_of_their_edges() -> None:
    network = LayeredDAG.from_adjacencies([np.ones((40, 50))])
    picture = tk.shell_layout(network, edges=30)
    assert (len(picture.sources), picture.n_edges) == (30, 2000)
    assert (picture.sources < 40).all()
    assert (picture.targets >= 40).all()
    assert len(set(zip(picture.sources.tolist(), picture.targets.tolist(), strict=True))) == 30


def test_the_same_seed_gives_the_same_picture() -> None:
    network = LayeredDAG.from_adjacencies([np.random.default_rng(0).random((40, 50)) < 0.1])
    first, same, other = (tk.shell_layout(network, edges=50, rng=seed) for seed in (1, 1, 2))
    assert first.frame.equals(same.frame)
    assert np.array_equal(first.sources, same.sources)
    assert not first.frame.equals(other.frame)


def test_any_moment_of_a_series() -> None:
    series = [LayeredDAG.from_adjacencies([np.full((3, 3), k)]) for k in (0, 1)]
    assert [tk.shell_layout(series, moment=t).k_max for t in (0, 1, -1)] == [0, 3, 3]
    assert list(tk.shell_layout(series).frame) == [
        "step", "epoch", "layer", "neuron", "shell", "degree", "cluster", "x", "y",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "options", [{"edges": -1}, {"spread": 1.5}, {"spread": "x"}, {"moment": 1}, {"moment": 0.5}, {"rng": -3}]
)
def test_bad_parameters(options: dict[str, float]) -> None:
    with pytest.raises(ParameterError):
        tk.shell_layout([np.ones((2, 3))], **options)
