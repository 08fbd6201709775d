from __future__ import annotations

from itertools import pairwise

import igraph
import networkx as nx
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from relabelling import relabelled
from strategies import layered_dags
from undirected_graphs import undirected

import topokit as tk
from topokit.dag import EdgeBlock, Layer, LayeredDAG


def small_mlp() -> LayeredDAG:
    """Neurons i0-i2, h0, h1 and o0 form a 2-core; i3-h3 and i2-h2-o1 hang on or apart; h4 has no edge."""
    first = np.zeros((4, 5))
    first[:3, :2] = 1
    first[2, 2] = first[3, 3] = 1
    second = np.zeros((5, 2))
    second[:2, 0] = second[2, 1] = 1
    return LayeredDAG.from_adjacencies([first, second])


def test_shells_by_hand() -> None:
    shells = tk.kshell(small_mlp())
    assert shells.values("input").tolist() == [2, 2, 2, 1]
    assert shells.values("hidden1").tolist() == [2, 2, 1, 1, 0]
    assert shells.values("output").tolist() == [2, 1]


def test_core_crust_and_isolated_by_hand() -> None:
    summary = tk.kshell(small_mlp()).summary.iloc[0]
    assert (summary["k_max"], summary["core"], summary["crust"], summary["isolated"]) == (2, 6, 4, 1)


def test_frame_counts_neurons_per_layer_and_shell() -> None:
    frame = tk.kshell(small_mlp()).frame
    assert list(frame) == ["step", "epoch", "layer", "shell", "count"]
    counts = frame[["layer", "shell", "count"]].to_records(index=False).tolist()
    assert counts == [
        ("input", 1, 1),
        ("input", 2, 3),
        ("hidden1", 0, 1),
        ("hidden1", 1, 2),
        ("hidden1", 2, 2),
        ("output", 1, 1),
        ("output", 2, 1),
    ]


def test_complete_bipartite_layers_are_one_shell() -> None:
    shells = tk.kshell([np.ones((7, 3))])
    assert shells.coreness.tolist() == [[3] * 10]
    assert shells.summary.iloc[0]["crust"] == 0


def test_no_edges_no_core() -> None:
    summary = tk.kshell([np.zeros((3, 2))]).summary.iloc[0]
    assert (summary["k_max"], summary["core"], summary["crust"], summary["isolated"]) == (0, 0, 0, 5)


@given(layered_dags(max_size=20))
def test_equals_networkx_and_igraph(network: LayeredDAG) -> None:
    assert tk.kshell(network).coreness[0].tolist() == by_networkx(network) == by_igraph(network)


def by_networkx(network: LayeredDAG) -> list[int]:
    return [number for _, number in sorted(nx.core_number(undirected(network)).items())]


def by_igraph(network: LayeredDAG) -> list[int]:
    answer: list[int] = igraph.Graph(network.n_neurons, np.stack(network.edges(), axis=1)).coreness()
    return answer


def test_equals_networkx_and_igraph_on_two_thousand_networks() -> None:
    rng = np.random.default_rng(0)
    for _ in range(2000):
        shapes = pairwise(rng.integers(1, 25, rng.integers(2, 7)).tolist())
        density = rng.choice([0.03, 0.1, 0.3, 0.9])
        network = LayeredDAG.from_adjacencies([rng.random(shape) < density for shape in shapes])
        assert tk.kshell(network).coreness[0].tolist() == by_networkx(network) == by_igraph(network)


def test_layer_summary_by_hand() -> None:
    table = tk.kshell([small_mlp(), small_mlp()]).layer_summary
    assert list(table) == ["step", "epoch", "layer", "size", "lowest", "mean", "highest", "core", "crust", "isolated"]
    assert table.iloc[3:, 2:].to_numpy().tolist() == [
        ["input", 4, 1, 1.75, 2, 3, 1, 0],
        ["hidden1", 5, 0, 1.2, 2, 2, 2, 1],
        ["output", 2, 1, 1.5, 2, 1, 1, 0],
    ]


@given(layered_dags())
def test_layers_add_up_to_the_network(network: LayeredDAG) -> None:
    shells = tk.kshell(network)
    parts = ["core", "crust", "isolated"]
    assert shells.layer_summary[parts].sum().tolist() == shells.summary[parts].iloc[0].tolist()


@given(layered_dags(), st.integers(0, 100))
def test_relabelling_permutes_shells(network: LayeredDAG, seed: int) -> None:
    copy, order = relabelled(network, seed)
    assert tk.kshell(copy).coreness.tolist() == tk.kshell(network).coreness[:, order].tolist()


@given(layered_dags())
def test_backends_agree(network: LayeredDAG) -> None:
    assert tk.kshell(network).frame.equals(tk.kshell(network.with_backend("bitmap")).frame)


@given(layered_dags())
def test_every_neuron_is_counted_once(network: LayeredDAG) -> None:
    shells = tk.kshell(network)
    assert shells.frame["count"].sum() == network.n_neurons
    assert shells.summary[["core", "crust", "isolated"]].to_numpy().sum() == network.n_neurons


def test_neurons_joined_twice_have_one_edge() -> None:
    layers = (Layer("a", 2), Layer("b", 2))
    blocks = [EdgeBlock.from_matrix("a", "b", np.array([[1, 1], [0, k]]), name=f"block{k}") for k in (0, 1)]
    once = LayeredDAG(layers, (blocks[1],))
    twice = LayeredDAG(layers, (*blocks, EdgeBlock.identity("a", "b", 2, name="skip")))
    assert tk.kshell(twice).coreness.tolist() == tk.kshell(once).coreness.tolist() == [[1, 1, 1, 1]]


def test_identity_and_gate_blocks_are_no_edges() -> None:
    layers = (Layer("a", 2), Layer("b", 2))
    weighted = EdgeBlock.from_matrix("a", "b", np.array([[0, 1], [0, 0]]))
    gate = EdgeBlock("a", "b", weighted.pattern, name="gate", kind="gate")
    network = LayeredDAG(layers, (weighted, gate, EdgeBlock.identity("a", "b", 2, name="skip")))
    assert tk.kshell(network).coreness.tolist() == [[1, 0, 0, 1]]


def test_series_keeps_one_row_per_moment() -> None:
    shells = tk.kshell([small_mlp(), LayeredDAG.from_adjacencies([np.ones((4, 5)), np.ones((5, 2))])])
    assert shells.coreness.shape == (2, 11)
    assert shells.summary["step"].tolist() == [0, 1]
    assert shells.summary["k_max"].tolist() == [2, 5]
    assert shells.values("output", moment=1).tolist() == [5, 5]
