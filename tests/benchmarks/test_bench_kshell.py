"""Core numbers of layered networks: topokit and its peers on the same edges, building their graphs included.

scikit-network and graph-tool take part where they are installed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec

import igraph
import networkx as nx
import numpy as np
import pytest
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture
from scipy import sparse

import topokit as tk
from topokit.dag import LayeredDAG

Cores = NDArray[np.int64]


@cache
def network(edges: int) -> LayeredDAG:
    """Five layers whose targets are chosen with skewed probabilities, at a density of 3 %."""
    rng = np.random.default_rng(0)
    size = int(np.sqrt(edges / 4 / 0.03))
    appeal = np.sort(rng.gamma(2, size=size))
    density = np.minimum(1, 0.03 * appeal / appeal.mean()).astype(np.float32)
    masks = (sparse.csr_array(rng.random((size, size), dtype=np.float32) < density) for _ in range(4))
    return LayeredDAG.from_adjacencies(masks)


def by_igraph(net: LayeredDAG) -> Cores:
    graph = igraph.Graph(net.n_neurons, np.stack(net.edges(), axis=1))
    return np.array(graph.coreness())


def by_networkx(net: LayeredDAG) -> Cores:
    graph = nx.Graph()
    graph.add_nodes_from(range(net.n_neurons))
    graph.add_edges_from(zip(*(side.tolist() for side in net.edges()), strict=True))
    cores = nx.core_number(graph)
    return np.array([cores[node] for node in range(net.n_neurons)])


def by_scikit_network(net: LayeredDAG) -> Cores:
    from sknetwork.topology import get_core_decomposition

    rows: list[list[sparse.csr_array | None]] = [[None] * len(net.layers) for _ in net.layers]
    for k, layer in enumerate(net.layers):
        rows[k][k] = sparse.csr_array((layer.size, layer.size), dtype=bool)
    for block in net.blocks:
        i, j = net.index[block.source], net.index[block.target]
        rows[i][j] = block.adjacency()
        rows[j][i] = block.adjacency().T.tocsr()
    return np.asarray(get_core_decomposition(sparse.csr_matrix(sparse.block_array(rows, format="csr"))))


def by_graph_tool(net: LayeredDAG) -> Cores:
    from graph_tool import Graph
    from graph_tool.topology import kcore_decomposition

    graph = Graph(directed=False)
    graph.add_vertex(net.n_neurons)
    graph.add_edge_list(np.stack(net.edges(), axis=1))
    return np.asarray(kcore_decomposition(graph).a)


def by_topokit(net: LayeredDAG) -> Cores:
    return tk.kshell(net).coreness[0]


WAYS: dict[str, Callable[[LayeredDAG], Cores]] = {"topokit": by_topokit, "igraph": by_igraph, "networkx": by_networkx}
if find_spec("sknetwork"):
    WAYS["scikit-network"] = by_scikit_network
if find_spec("graph_tool"):
    WAYS["graph-tool"] = by_graph_tool


@pytest.mark.parametrize("edges", [100_000, 1_000_000])
@pytest.mark.parametrize("way", WAYS)
def test_kshell(benchmark: BenchmarkFixture, way: str, edges: int) -> None:
    benchmark.group = f"k-shells, {edges:,} edges"
    net = network(edges)
    assert np.array_equal(WAYS[way](net), by_topokit(net))
    benchmark.pedantic(WAYS[way], args=(net,), rounds=3, warmup_rounds=0)


@pytest.mark.slow
@pytest.mark.parametrize("way", sorted(set(WAYS) - {"igraph", "networkx"}))
def test_kshell_of_ten_million_edges(benchmark: BenchmarkFixture, way: str) -> None:
    benchmark.group = "k-shells, 10,000,000 edges"
    net = network(10_000_000)
    assert np.array_equal(WAYS[way](net), by_topokit(net))
    benchmark.pedantic(WAYS[way], args=(net,), rounds=3, warmup_rounds=0)


def onion_by_networkx(net: LayeredDAG) -> Cores:
    graph = nx.Graph()
    graph.add_nodes_from(range(net.n_neurons))
    graph.add_edges_from(zip(*(side.tolist() for side in net.edges()), strict=True))
    layers = nx.onion_layers(graph)
    return np.array([layers[node] for node in range(net.n_neurons)])


def onion_by_topokit(net: LayeredDAG) -> Cores:
    return tk.onion_layers(net).onion[0]


@pytest.mark.parametrize("way", [onion_by_networkx, onion_by_topokit])
def test_onion_layers(benchmark: BenchmarkFixture, way: Callable[[LayeredDAG], Cores]) -> None:
    benchmark.group = "onion layers, 20,000 edges"
    net = network(20_000)
    assert np.array_equal(way(net), onion_by_topokit(net))
    benchmark.pedantic(way, args=(net,), rounds=3, warmup_rounds=0)


def weighted(edges: int) -> LayeredDAG:
    rng = np.random.default_rng(0)
    masks = [block.adjacency() for block in network(edges).blocks]
    return LayeredDAG.from_adjacencies(
        [sparse.csr_array((rng.normal(size=m.nnz), m.indices, m.indptr), shape=m.shape) for m in masks]
    )


@pytest.mark.parametrize("edges", [100_000, 1_000_000])
def test_weighted_shells(benchmark: BenchmarkFixture, edges: int) -> None:
    benchmark.group = f"weighted k-shells, {edges:,} edges"
    benchmark.pedantic(tk.weighted_kshell, args=(weighted(edges),), rounds=3, warmup_rounds=1)


@pytest.mark.parametrize("edges", [100_000, 1_000_000])
def test_bipartite_cores(benchmark: BenchmarkFixture, edges: int) -> None:
    benchmark.group = f"all bipartite cores of four blocks, {edges:,} edges"
    benchmark.pedantic(tk.bipartite_core, args=(network(edges),), rounds=2, warmup_rounds=1)
