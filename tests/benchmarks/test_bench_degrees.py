"""Degrees of a network of a million edges; igraph and networkx answer from a graph they have built before."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise

import igraph
import networkx as nx
import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import topokit as tk
from topokit.dag import LayeredDAG

EDGES = 1_000_000


@cache
def network() -> LayeredDAG:
    rng = np.random.default_rng(0)
    sizes = [3072, 4000, 4000, 1000]
    density = EDGES / sum(a * b for a, b in pairwise(sizes))
    return LayeredDAG.from_adjacencies([rng.random(shape) < density for shape in pairwise(sizes)])


@cache
def ways() -> dict[str, Callable[[], list[int]]]:
    net = network()
    bitmap = net.with_backend("bitmap")
    flat = igraph.Graph(net.n_neurons, np.stack(net.edges(), axis=1))
    graph = nx.Graph()
    graph.add_nodes_from(range(net.n_neurons))
    graph.add_edges_from(zip(*(side.tolist() for side in net.edges()), strict=True))
    return {
        "topokit": lambda: tk.degrees(net).degrees[0].tolist(),
        "topokit, bitmap": lambda: tk.degrees(bitmap).degrees[0].tolist(),
        "igraph": lambda: flat.degree(),
        "networkx": lambda: [degree for _, degree in graph.degree],
    }


@pytest.mark.parametrize("way", ["topokit", "topokit, bitmap", "igraph", "networkx"])
def test_degrees(benchmark: BenchmarkFixture, way: str) -> None:
    benchmark.group = f"degrees, {network().n_edges:,} edges"
    chosen = ways()
    assert chosen[way]() == chosen["topokit"]()
    benchmark(chosen[way])


def test_kshell_and_degrees_together(benchmark: BenchmarkFixture) -> None:
    benchmark.group = f"k-shells and degrees, {network().n_edges:,} edges"
    benchmark(lambda: (tk.kshell(network()).summary, tk.degrees(network()).distribution()))
