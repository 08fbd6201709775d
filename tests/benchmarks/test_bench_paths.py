"""Edges on paths from input to output, and the join of degrees and activations, against networkx and scikit-learn."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from sklearn.metrics import cohen_kappa_score, confusion_matrix, roc_auc_score

from topokit.analyzers import dormancy_join, effective_sparsity
from topokit.dag import LayeredDAG

SIZES = (784, 1024, 512, 1536, 10)


def sparse_network() -> LayeredDAG:
    """About 25,000 edges; many neurons have none on one side."""
    rng = np.random.default_rng(0)
    return LayeredDAG.from_adjacencies([rng.random(shape) < 12 / sum(shape) / 2 for shape in pairwise(SIZES)])


def alive_by_networkx(network: LayeredDAG) -> int:
    graph = nx.DiGraph(zip(*(ends.tolist() for ends in network.edges()), strict=True))
    graph.add_edges_from(("source", n) for n in range(SIZES[0]))
    graph.add_edges_from((n, "sink") for n in range(sum(SIZES[:-1]), sum(SIZES)))
    reached, reaching = nx.descendants(graph, "source"), nx.ancestors(graph, "sink")
    return sum(a in reached and b in reaching for a, b in zip(*network.edges(), strict=True))


WAYS = {"topokit": lambda network: int(effective_sparsity(network).alive.sum()), "networkx": alive_by_networkx}


@pytest.mark.parametrize("way", WAYS)
def test_effective_sparsity(benchmark: BenchmarkFixture, way: str) -> None:
    network = sparse_network()
    benchmark.group = f"Effective sparsity, {len(SIZES)} layers"
    assert 0 < WAYS[way](network) == WAYS["topokit"](network) < network.n_edges
    benchmark.pedantic(WAYS[way], args=(network,), rounds=5, warmup_rounds=1)


def activations(network: LayeredDAG) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {
        layer.name: np.maximum(network.in_degrees(layer.name) - rng.integers(0, 6, layer.size), 0)
        for layer in network.hidden
    }


def joined(network: LayeredDAG) -> list[tuple[float, float, list[int]]]:
    table = dormancy_join(network, activations(network), threshold=4).summary.iloc[:-1]
    counts = table[["tn", "fp", "fn", "tp"]].to_numpy().tolist()
    return list(zip(table["auc"], table["kappa"], counts, strict=True))


def by_sklearn(network: LayeredDAG) -> list[tuple[float, float, list[int]]]:
    rows = []
    for name, values in activations(network).items():
        degrees = network.in_degrees(name) + network.out_degrees(name)
        silent, low = values / values.mean() <= 0.025, degrees < 4
        counts = confusion_matrix(silent, low).ravel().tolist()
        rows.append((roc_auc_score(silent, -degrees), cohen_kappa_score(silent, low), counts))
    return rows


@pytest.mark.parametrize("way", ["topokit", "scikit-learn"])
def test_join(benchmark: BenchmarkFixture, way: str) -> None:
    network = sparse_network()
    benchmark.group = "Degree and activity joined, with intervals (scikit-learn: without)"
    ways = {"topokit": joined, "scikit-learn": by_sklearn}
    for ours, theirs in zip(joined(network), by_sklearn(network), strict=True):
        assert ours[2] == theirs[2]
        assert ours[:2] == pytest.approx(theirs[:2])
    benchmark.pedantic(ways[way], args=(network,), rounds=5, warmup_rounds=1)
