"""Edges born, dropped and kept, and random networks of the same degrees, beside SciPy and igraph."""

from __future__ import annotations

from functools import cache

import igraph
import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import topokit as tk
from topokit.analyzers.edge_lives.comparison import Edges, block_change
from topokit.dag import EdgeBlock, LayeredDAG
from topokit.generators import rewired, same_degrees, uniform

CASES = [(784, 0.006), (784, 0.05), (784, 0.5), (4096, 0.01)]


@cache
def blocks(width: int, density: float, backend: str) -> tuple[EdgeBlock, EdgeBlock]:
    network = uniform((width, width), density, 0)
    after = rewired(network, 0.3, 1)
    pair = [one.with_backend("bitmap" if backend == "bitmaps" else "csr").blocks[0] for one in (network, after)]
    return pair[0], pair[1]


def by_topokit(before: EdgeBlock, after: EdgeBlock) -> tuple[int, int, int]:
    change = block_change(Edges(before.pattern, None), Edges(after.pattern, None))
    return change.kept, change.after - change.kept, change.before - change.kept


def by_scipy(before: EdgeBlock, after: EdgeBlock) -> tuple[int, int, int]:
    a, b = before.adjacency(), after.adjacency()
    kept = a.multiply(b).nnz
    return kept, b.nnz - kept, a.nnz - kept


WAYS = {"topokit": by_topokit, "scipy": by_scipy}


@pytest.mark.parametrize(("width", "density"), CASES)
@pytest.mark.parametrize("backend", ["lists", "bitmaps"])
@pytest.mark.parametrize("way", WAYS)
def test_edges_in_common(benchmark: BenchmarkFixture, way: str, backend: str, width: int, density: float) -> None:
    benchmark.group = f"edge changes, {width} x {width} at {density:.1%}, {backend}"
    pair = blocks(width, density, backend)
    assert WAYS[way](*pair) == by_topokit(*pair)
    benchmark(WAYS[way], *pair)


@cache
def network(density: float) -> LayeredDAG:
    return uniform((784, 784), density, 0)


def trades(net: LayeredDAG) -> LayeredDAG:
    return same_degrees(net, 0)


def switches(net: LayeredDAG) -> LayeredDAG:
    """Ten edge switches for each edge, the usual number."""
    block = net.blocks[0]
    sources, targets = net.edges()
    graph = igraph.Graph(net.n_neurons, np.stack([sources, targets], axis=1), directed=True)
    graph.rewire(10 * block.n_edges)
    ends = np.array(graph.get_edgelist())
    matrix = np.zeros(block.shape, bool)
    matrix[ends[:, 0], ends[:, 1] - block.shape[0]] = True
    return LayeredDAG.from_adjacencies([matrix])


DRAWS = {"topokit": trades, "igraph": switches}


@pytest.mark.parametrize("density", [0.006, 0.05, 0.5])
@pytest.mark.parametrize("way", DRAWS)
def test_random_networks_of_the_same_degrees(benchmark: BenchmarkFixture, way: str, density: float) -> None:
    benchmark.group = f"same degrees, 784 x 784 at {density:.1%}"
    net = network(density)
    drawn = DRAWS[way](net).blocks[0]
    np.testing.assert_array_equal(drawn.in_degrees(), net.blocks[0].in_degrees())
    np.testing.assert_array_equal(drawn.out_degrees(), net.blocks[0].out_degrees())
    benchmark.pedantic(DRAWS[way], args=(net,), rounds=3, warmup_rounds=1)


@pytest.mark.parametrize("density", [0.006, 0.05, 0.5])
@pytest.mark.parametrize("what", ["draw", "distance"])
def test_a_draw_beside_a_distance(benchmark: BenchmarkFixture, what: str, density: float) -> None:
    benchmark.group = f"draw and distance, 784 x 784 at {density:.1%}"
    net, other = network(density), tk.same_degrees(network(density), 1)
    work = {
        "draw": lambda: same_degrees(net, 0),
        "distance": lambda: tk.nnstd(net, other, output="matched", ties="fast"),
    }
    benchmark.pedantic(work[what], rounds=3, warmup_rounds=1)
