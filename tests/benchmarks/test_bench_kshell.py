"""Core numbers of layered networks: topokit, igraph and networkx on the same edges, building their graphs included."""

from __future__ import annotations

from functools import cache

import igraph
import networkx as nx
import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import topokit as tk
from topokit.dag import LayeredDAG


@cache
def network(edges: int) -> LayeredDAG:
    """Five layers whose targets are chosen with skewed probabilities, at a density of 3 %."""
    rng = np.random.default_rng(0)
    size = int(np.sqrt(edges / 4 / 0.03))
    appeal = np.sort(rng.gamma(2, size=size))
    density = np.minimum(1, 0.03 * appeal / appeal.mean())
    return LayeredDAG.from_adjacencies([rng.random((size, size)) < density for _ in range(4)])


def by_igraph(net: LayeredDAG) -> list[int]:
    graph = igraph.Graph(net.n_neurons, np.stack(net.edges(), axis=1))
    answer: list[int] = graph.coreness()
    return answer


def by_networkx(net: LayeredDAG) -> list[int]:
    graph = nx.Graph()
    graph.add_nodes_from(range(net.n_neurons))
    graph.add_edges_from(zip(*(side.tolist() for side in net.edges()), strict=True))
    cores = nx.core_number(graph)
    return [cores[node] for node in range(net.n_neurons)]


def by_topokit(net: LayeredDAG) -> list[int]:
    answer: list[int] = tk.kshell(net).coreness[0].tolist()
    return answer


WAYS = {"topokit": by_topokit, "igraph": by_igraph, "networkx": by_networkx}


@pytest.mark.parametrize("edges", [100_000, 1_000_000])
@pytest.mark.parametrize("way", WAYS)
def test_kshell(benchmark: BenchmarkFixture, way: str, edges: int) -> None:
    benchmark.group = f"k-shells, {edges:,} edges"
    net = network(edges)
    assert WAYS[way](net) == by_topokit(net)
    benchmark.pedantic(WAYS[way], args=(net,), rounds=3, warmup_rounds=0)
