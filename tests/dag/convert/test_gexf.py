from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from rich_networks import rich_dags
from strategies import layered_dags

import topokit as tk
from topokit.dag import LayeredDAG


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gexf") / "network.gexf"


@given(network=rich_dags())
def test_networkx_reads_the_same_edges(network: LayeredDAG, path: Path) -> None:
    tk.save_gexf(network, path)
    graph = nx.read_gexf(path, node_type=int)
    ours = network.to_networkx()
    assert {node: (given["layer"], given["neuron"]) for node, given in graph.nodes(data=True)} == {
        node: (given["layer"], given["neuron"]) for node, given in ours.nodes(data=True)
    }
    keys = ("block", "weight", "multiplicity")
    read, written = (
        sorted(repr((u, v, [given.get(key) for key in keys])) for u, v, given in some.edges(data=True))
        for some in (graph, ours)
    )
    assert read == written


@given(network=layered_dags())
def test_layers_and_weights_come_back_as_from_a_foreign_graph(network: LayeredDAG, path: Path) -> None:
    tk.save_gexf(network, path)
    back = tk.from_networkx(nx.read_gexf(path))
    assert [(layer.name, layer.size) for layer in back.layers] == [(layer.name, layer.size) for layer in network.layers]
    for block in back.blocks:
        np.testing.assert_array_equal(
            block.weight_matrix().toarray(), network.block(block.name).weight_matrix().toarray()
        )
    assert sum(block.n_edges for block in back.blocks) == network.n_edges
