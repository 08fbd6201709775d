"""Numbers beside their null: topokit, and a loop over igraph's degree-preserving rewiring and core numbers."""

from __future__ import annotations

from functools import cache

import igraph
import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from scipy import stats

import topokit as tk
from topokit.dag import LayeredDAG

NETWORKS = 10


@cache
def network() -> LayeredDAG:
    """One sparse layer of 1,000 x 1,000 neurons at 5 %, for igraph's rewiring would mix several."""
    return tk.uniform((1000, 1000), 0.05, 0)


def by_topokit() -> list[float]:
    """Size of the core in random networks of the same degrees."""
    found: list[float] = tk.against_null(tk.kshell, network(), n=NETWORKS).replicates[0, :, 1].tolist()
    return found


def by_igraph() -> list[float]:
    """The same by 10 swaps for each edge of a directed graph, which keep sources and targets apart."""
    graph = igraph.Graph(network().n_neurons, np.stack(network().edges(), axis=1), directed=True)
    sizes = []
    for _ in range(NETWORKS):
        drawn = graph.copy()
        drawn.rewire(n=10 * graph.ecount())
        shells = np.array(drawn.as_undirected().coreness())
        sizes.append(float((shells == shells.max()).sum()))
    return sizes


WAYS = {"topokit": by_topokit, "igraph": by_igraph}


@pytest.mark.parametrize("way", WAYS)
def test_against_null(benchmark: BenchmarkFixture, way: str) -> None:
    benchmark.group = f"{NETWORKS} random networks of the same degrees and their k-shells, 50,000 edges"
    assert stats.ttest_ind(by_topokit(), by_igraph(), equal_var=False).pvalue > 0.001
    benchmark.pedantic(WAYS[way], rounds=3, warmup_rounds=0)


@cache
def layered() -> LayeredDAG:
    """A network of the size of SET's on MNIST."""
    return tk.erdos_renyi((784, 1000, 1000, 1000, 10), epsilon=20, rng=0)


@pytest.mark.parametrize("model", ["density", "degrees"])
def test_models(benchmark: BenchmarkFixture, model: str) -> None:
    benchmark.group = f"{NETWORKS} random networks of {layered().n_edges:,} edges and their k-shells"
    drawn = tk.against_null(tk.kshell, layered(), model=model, n=2)
    assert drawn.values[0, 0] == max(igraph.Graph(layered().n_neurons, np.stack(layered().edges(), axis=1)).coreness())
    benchmark.pedantic(
        tk.against_null, args=(tk.kshell, layered()), kwargs={"model": model, "n": NETWORKS}, rounds=3, warmup_rounds=0
    )
