from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import igraph
import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from rich_networks import assert_identical, rich_dags

import topokit as tk
from topokit.dag import LayeredDAG
from topokit.errors import InvalidNetworkError


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("graphml") / "network.graphml"


@given(network=rich_dags())
def test_back_through_networkx_without_loss(network: LayeredDAG, path: Path) -> None:
    tk.save_graphml(network, path)
    assert_identical(network, tk.from_networkx(nx.read_graphml(path)))


@given(network=rich_dags())
def test_igraph_reads_the_same_edges(network: LayeredDAG, path: Path) -> None:
    tk.save_graphml(network, path)
    graph = igraph.Graph.Read_GraphML(str(path))
    ours = network.to_igraph()
    assert graph.vcount() == network.n_neurons
    assert graph.get_edgelist() == ours.get_edgelist()
    assert graph.vs["layer"] == ours.vs["layer"]
    assert graph.vs["neuron"] == ours.vs["neuron"]
    if network.edges(identity=True)[0].size:
        assert graph.es["block"] == ours.es["block"]
    weights = [np.nan] * graph.ecount() if "weight" not in ours.es.attributes() else ours.es["weight"]
    if graph.ecount():
        np.testing.assert_array_equal(graph.es["weight"], np.array(weights, float))


def test_all_digits_of_a_weight(path: Path) -> None:
    matrix = np.array([[0.1, 1 / 3, 1e-300, -2.2250738585072014e-308, 1.7976931348623157e308]])
    tk.save_graphml(LayeredDAG.from_adjacencies([matrix]), path)
    weights = [given["weight"] for *_, given in nx.read_graphml(path).edges(data=True)]
    assert weights == matrix[0].tolist()


def test_without_identities(path: Path) -> None:
    network = LayeredDAG.from_adjacencies([np.ones((2, 2))])
    skip = tk.EdgeBlock.identity("input", "output", 2, name="skip")
    tk.save_graphml(LayeredDAG(network.layers, (*network.blocks, skip)), path, identity=False)
    assert nx.read_graphml(path).number_of_edges() == 4


def test_names_that_xml_cannot_hold(path: Path) -> None:
    network = LayeredDAG.from_adjacencies([np.ones((2, 2))], names=["a\x00", "b"])
    path.unlink(missing_ok=True)
    for save in (tk.save_graphml, tk.save_gexf):
        with pytest.raises(InvalidNetworkError, match=r"the name 'a\\x00' has a control character"):
            save(network, path)
    assert list(path.parent.iterdir()) == []


def test_white_space_in_names_survives(path: Path) -> None:
    network = LayeredDAG.from_adjacencies([np.ones((2, 2))], names=["a\n b\t", "b\r"])
    tk.save_graphml(network, path)
    assert [layer.name for layer in tk.from_networkx(nx.read_graphml(path)).layers] == ["a\n b\t", "b\r"]
    assert ElementTree.parse(path).getroot().tag.endswith("graphml")
