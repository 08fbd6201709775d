from __future__ import annotations

from itertools import pairwise

import networkx as nx
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from relabelling import relabelled
from strategies import layered_dags
from undirected_graphs import undirected

import topokit as tk
from topokit.dag import EdgeBlock, Layer, LayeredDAG


@given(layered_dags(max_size=20))
def test_equals_networkx(network: LayeredDAG) -> None:
    layers = nx.onion_layers(undirected(network))
    assert tk.onion_layers(network).onion[0].tolist() == [layers[node] for node in range(network.n_neurons)]


def test_equals_networkx_on_a_thousand_networks() -> None:
    rng = np.random.default_rng(0)
    for _ in range(1000):
        sizes = rng.integers(1, 30, rng.integers(2, 6))
        density = rng.choice([0.02, 0.05, 0.1, 0.3, 1])
        masks = [rng.random(shape) < density for shape in pairwise(sizes)]
        network = LayeredDAG.from_adjacencies(masks)
        layers = nx.onion_layers(undirected(network))
        result = tk.onion_layers(network)
        assert result.onion[0].tolist() == [layers[node] for node in range(network.n_neurons)]
        assert np.array_equal(result.coreness, tk.kshell(network).coreness)


def path(count: int) -> LayeredDAG:
    """A path of `count` neurons, one in each layer."""
    return LayeredDAG.from_adjacencies([np.ones((1, 1))] * (count - 1))


def test_a_path_goes_from_both_ends() -> None:
    result = tk.onion_layers(path(6))
    assert result.onion.tolist() == [[1, 2, 3, 3, 2, 1]]
    summary = result.summary.iloc[0]
    assert summary[["k_max", "onion_layers", "core", "core_layers", "innermost"]].tolist() == [1, 3, 6, 3, 2]
    assert result.scalars() == {"k_max": 1, "onion_layers": 3, "core": 6, "core_layers": 3, "innermost": 2}


def test_isolated_neurons_are_the_first_layer() -> None:
    mask = np.zeros((3, 2))
    mask[0, 0] = 1
    result = tk.onion_layers([mask])
    assert result.values("input").tolist() == [2, 1, 1]
    assert result.values("output").tolist() == [2, 1]


def test_a_dense_block_is_peeled_from_its_wider_side() -> None:
    result = tk.onion_layers([np.ones((5, 3))])
    assert result.values("input").tolist() == [1] * 5
    assert result.values("output").tolist() == [2] * 3


def test_no_edges() -> None:
    summary = tk.onion_layers([np.zeros((3, 2))]).summary.iloc[0]
    assert summary[["k_max", "onion_layers", "core", "core_layers", "innermost"]].tolist() == [0, 1, 0, 0, 5]


def test_frame_and_spectrum() -> None:
    result = tk.onion_layers([path(4), path(4)])
    assert list(result.frame) == ["step", "epoch", "layer", "neuron", "shell", "onion_layer"]
    assert len(result.frame) == 8
    spectrum = result.spectrum
    assert list(spectrum) == ["step", "epoch", "onion_layer", "shell", "count", "share"]
    assert spectrum["step"].tolist() == [0, 0, 1, 1]
    assert spectrum["count"].tolist() == [2, 2, 2, 2]
    assert spectrum["share"].tolist() == [0.5] * 4


@given(layered_dags(), st.integers(0, 100))
def test_relabelling_permutes_onion_layers(network: LayeredDAG, seed: int) -> None:
    copy, order = relabelled(network, seed)
    assert tk.onion_layers(copy).onion.tolist() == tk.onion_layers(network).onion[:, order].tolist()


@given(layered_dags())
def test_layers_lie_in_shells_in_order(network: LayeredDAG) -> None:
    result = tk.onion_layers(network)
    assert result.spectrum["shell"].is_monotonic_increasing
    assert result.spectrum["onion_layer"].tolist() == list(range(1, len(result.spectrum) + 1))
    assert result.spectrum["count"].sum() == network.n_neurons


def test_neurons_joined_twice_have_one_edge() -> None:
    layers = (Layer("a", 2), Layer("b", 2))
    blocks = [EdgeBlock.from_matrix("a", "b", np.array([[1, 1], [0, k]]), name=f"block{k}") for k in (0, 1)]
    twice, once = LayeredDAG(layers, tuple(blocks)), LayeredDAG(layers, (blocks[1],))
    assert tk.onion_layers(twice).onion.tolist() == tk.onion_layers(once).onion.tolist()
