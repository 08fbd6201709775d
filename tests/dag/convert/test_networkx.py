from __future__ import annotations

import json

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich_networks import assert_identical, rich_dags
from strategies import layered_dags

import topokit as tk
from topokit.dag import EdgeBlock, Layer, LayeredDAG
from topokit.errors import InvalidNetworkError


def weighted(network: LayeredDAG) -> LayeredDAG:
    return LayeredDAG(network.layers, tuple(block for block in network.blocks if block.carries_weights))


@given(network=rich_dags())
def test_there_and_back_without_loss(network: LayeredDAG) -> None:
    assert_identical(network, tk.from_networkx(tk.to_networkx(network)))


@given(network=rich_dags())
def test_degrees_are_those_of_networkx(network: LayeredDAG) -> None:
    graph = tk.to_networkx(network, identity=False)
    assert graph.number_of_nodes() == network.n_neurons
    assert graph.number_of_edges() == network.n_edges
    for layer, first in zip(network.layers, network.offsets, strict=False):
        nodes = range(first, first + layer.size)
        np.testing.assert_array_equal(network.in_degrees(layer.name), [graph.in_degree(node) for node in nodes])
        np.testing.assert_array_equal(network.out_degrees(layer.name), [graph.out_degree(node) for node in nodes])


@given(network=rich_dags())
def test_every_edge_is_there(network: LayeredDAG) -> None:
    graph = tk.to_networkx(network)
    sources, targets = network.edges(identity=True)
    assert sorted(graph.edges()) == sorted(zip(sources.tolist(), targets.tolist(), strict=True))
    assert nx.is_directed_acyclic_graph(graph)
    distinct = len(set(graph.edges())) == len(graph.edges())
    assert isinstance(graph, nx.MultiDiGraph) is not distinct


@given(network=rich_dags())
def test_without_identities(network: LayeredDAG) -> None:
    back = tk.from_networkx(tk.to_networkx(network, identity=False))
    assert_identical(back, weighted(network), provenance=False)


def test_attributes() -> None:
    network = LayeredDAG.from_adjacencies([np.array([[0.5, 0.0], [0.0, -2.0]], np.float32)])
    graph = network.to_networkx()
    assert dict(graph.nodes(data=True))[3] == {"layer": "output", "neuron": 1}
    assert list(graph.edges(data=True)) == [
        (0, 2, {"block": "input->output", "weight": 0.5}),
        (1, 3, {"block": "input->output", "weight": -2.0}),
    ]
    assert json.loads(graph.graph["topokit"])["layers"][0]["kind"] == "input"


def test_edited_graphs_are_read_as_they_are() -> None:
    network = LayeredDAG.from_adjacencies([np.eye(3, dtype=np.float32) * 2, np.ones((3, 2))])
    graph = network.to_networkx()
    graph.remove_edge(1, 4)
    graph.add_edge(0, 5, weight=7.0)
    graph.remove_node(7)
    edited = tk.from_networkx(graph)
    np.testing.assert_array_equal(edited.blocks[0].weight_matrix().toarray(), [[2, 0, 7], [0, 0, 0], [0, 0, 2]])
    np.testing.assert_array_equal(edited.in_degrees("output"), [3, 0])
    assert edited.layers == network.layers
    assert edited.blocks[0].weights.dtype == np.float32


@given(network=layered_dags(max_size=6), data=st.data())
def test_foreign_graphs_with_a_layer_attribute(network: LayeredDAG, data: st.DataObject) -> None:
    graph = network.to_networkx()
    del graph.graph["topokit"]
    shuffled = nx.DiGraph()
    nodes = list(graph.nodes(data=True))
    shuffled.add_nodes_from(data.draw(st.permutations(nodes)))
    shuffled.add_edges_from(graph.edges(data=True))
    back = tk.from_networkx(shuffled)
    assert {layer.name: layer.size for layer in back.layers} == {layer.name: layer.size for layer in network.layers}
    named = {block.name: block for block in back.blocks}
    for block in network.blocks:
        if block.n_edges:
            np.testing.assert_array_equal(named[block.name].weight_matrix().toarray(), block.weight_matrix().toarray())
        else:
            assert block.name not in named


@pytest.mark.parametrize("directed", [True, False])
def test_multipartite_graphs_of_networkx(directed: bool) -> None:
    graph = nx.complete_multipartite_graph(2, 3, 4)
    if not directed:
        graph = nx.relabel_nodes(graph, {0: "z"})
    else:
        graph = nx.DiGraph([(min(u, v), max(u, v)) for u, v in graph.edges()])
        nx.set_node_attributes(graph, {k: 0 if k < 2 else 1 if k < 5 else 2 for k in range(9)}, "subset")
    network = tk.from_networkx(graph)
    assert [(layer.name, layer.size, layer.kind) for layer in network.layers] == [
        ("0", 2, "input"),
        ("1", 3, "unit"),
        ("2", 4, "output"),
    ]
    assert sorted((block.source, block.target, block.n_edges) for block in network.blocks) == [
        ("0", "1", 6),
        ("0", "2", 8),
        ("1", "2", 12),
    ]
    assert {block.mask_source for block in network.blocks} == {"stored"}


def test_layers_are_put_in_an_order_that_runs_forward() -> None:
    graph = nx.DiGraph()
    graph.add_nodes_from([("y", {"layer": "out"}), ("h", {"layer": "mid"}), ("x", {"layer": "in"})])
    graph.add_edges_from([("x", "h"), ("h", "y")])
    assert [layer.name for layer in tk.from_networkx(graph).layers] == ["in", "mid", "out"]


def foreign(nodes: dict[str, dict[str, object]], edges: list[tuple[object, ...]]) -> nx.DiGraph:
    graph = nx.DiGraph()
    graph.add_nodes_from(nodes.items())
    graph.add_edges_from(edges)
    return graph


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (nx.path_graph(3), r"node 0 has no attribute 'layer' \(nor 'subset'\): set it on every node .*"),
        (nx.DiGraph(), "no layer was given: a network has at least one"),
        (
            foreign({"u": {"layer": 0}, "v": {"layer": 1}, "w": {"layer": 0}}, [("u", "v"), ("v", "w")]),
            "layers form a cycle, .*: every edge must run to a later layer",
        ),
        (
            foreign({"u": {"layer": 0}, "v": {"layer": 0}}, [("u", "v")]),
            "layers form a cycle, 0 -> 0: every edge must run to a later layer",
        ),
        (
            foreign({"u": {"layer": 0, "neuron": 2}, "v": {"layer": 0, "neuron": 2}}, []),
            "two nodes are the same neuron of the same layer: correct the attribute 'neuron'",
        ),
        (
            foreign({"u": {"layer": 0, "neuron": "x"}}, []),
            "a neuron attribute is not a number: .*",
        ),
        (
            foreign({"u": {"layer": 0}, "v": {"layer": 1}, "w": {"layer": 1}}, [("u", "v", {"weight": 1}), ("u", "w")]),
            "block '0->1' has 2 edges, 1 of them without weights: give all or none one",
        ),
        (
            foreign({"u": {"layer": 0}, "v": {"layer": 1}}, [("u", "v", {"weight": "heavy"})]),
            "a weight is not a number: .*",
        ),
    ],
)
def test_what_is_no_layered_graph_says_what_is_needed(graph: nx.Graph, message: str) -> None:
    with pytest.raises(InvalidNetworkError, match=f"^{message}$"):
        tk.from_networkx(graph)


def test_nodes_and_blocks_unknown_to_the_stored_header() -> None:
    graph = LayeredDAG.from_adjacencies([np.ones((2, 2))]).to_networkx()
    graph.add_node("new", layer="input", neuron=5)
    with pytest.raises(InvalidNetworkError, match="neuron 5 of layer 'input', which the graph attribute"):
        tk.from_networkx(graph)
    graph.remove_node("new")
    graph.edges[0, 2]["block"] = "other"
    with pytest.raises(InvalidNetworkError, match="said to belong to block 'other'"):
        tk.from_networkx(graph)
    for damaged in ("{", "[]", '{"layers": [], "blocks": [3]}', 5):
        graph.graph["topokit"] = damaged
        with pytest.raises(InvalidNetworkError, match="the header of the network is damaged"):
            tk.from_networkx(graph)


def test_parallel_blocks_need_a_multigraph() -> None:
    layers = (Layer("a", 2), Layer("b", 2))
    dense = EdgeBlock.from_matrix("a", "b", np.ones((2, 2), np.float32))
    cross = EdgeBlock.from_matrix("a", "b", np.array([[0, 1], [1, 0]]), name="cross")
    skip = EdgeBlock.identity("a", "b", 2, name="skip")
    assert type(tk.to_networkx(LayeredDAG(layers, (cross, skip)))) is nx.DiGraph
    graph = tk.to_networkx(LayeredDAG(layers, (dense, skip)))
    assert type(graph) is nx.MultiDiGraph
    assert set(graph.edges(keys=True)) >= {(0, 2, "skip"), (0, 2, "a->b")}
