"""NNSTD of all pairs of a set of networks: topokit, and the full matrix of distances with SciPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import combinations

import numpy as np
import pytest
from distance_peers import by_matrix
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture
from wiring import Mask

import topokit as tk
from topokit.dag import LayeredDAG
from topokit.generators import erdos_renyi, rewiring_chain

WIDTH = 784
# The networks of Liu et al. (2020), section 4.2 and figure 5: two seeds and four generations of each density.
DENSITIES = (0.001, 0.006, 0.01, 0.02, 0.03, 0.05, 0.06, 0.1, 0.2, 0.3, 0.4, 0.5)
SAMPLE = 60


@cache
def ten_generations() -> tuple[LayeredDAG, ...]:
    """Each with a tenth of the one before's edges moved; the output is dense."""
    first = erdos_renyi([WIDTH] * 4, density=0.006, rng=0)
    dense = np.ones((WIDTH, 10), bool)
    chain = rewiring_chain(first, 0.1, rng=0, generations=9)
    return tuple(LayeredDAG.from_adjacencies([*network.adjacencies(), dense]) for network in chain)


@cache
def figure_5() -> tuple[LayeredDAG, ...]:
    roots = [erdos_renyi([WIDTH, WIDTH], density=density, rng=seed) for density in DENSITIES for seed in (0, 1)]
    return tuple(network for root in roots for network in rewiring_chain(root, 0.01, rng=0, generations=3))


def masks_of(networks: Sequence[LayeredDAG]) -> list[list[Mask]]:
    return [[np.asarray(block.toarray(), bool) for block in network.adjacencies()] for network in networks]


def set_by_topokit(networks: Sequence[LayeredDAG]) -> NDArray[np.float64]:
    return tk.nnstd_matrix(networks, output="matched").layer_matrices[0]


def set_by_matrices(networks: Sequence[LayeredDAG]) -> NDArray[np.float64]:
    """All layers are matched, and the first layer's distances, which are unique, returned."""
    masks = masks_of(networks)
    answer = np.zeros((len(networks), len(networks)))
    for i, j in combinations(range(len(networks)), 2):
        first, *_ = [by_matrix(a, b) for a, b in zip(masks[i], masks[j], strict=True)]
        answer[i, j] = answer[j, i] = first
    return answer


@pytest.mark.parametrize("way", [set_by_topokit, set_by_matrices], ids=["topokit", "numpy and scipy"])
def test_set_of_networks(
    benchmark: BenchmarkFixture, way: Callable[[Sequence[LayeredDAG]], NDArray[np.float64]]
) -> None:
    benchmark.group = f"NNSTD of all 45 pairs of 10 networks {WIDTH}-{WIDTH}-{WIDTH}-{WIDTH}-10"
    networks = ten_generations()
    np.testing.assert_allclose(way(networks), set_by_topokit(networks), rtol=0, atol=1e-11)
    benchmark.pedantic(way, args=(networks,), rounds=1, warmup_rounds=0)


@pytest.mark.slow
def test_figure_5(benchmark: BenchmarkFixture) -> None:
    benchmark.group = "NNSTD of the first layers of 96 networks, all 4,560 pairs"
    benchmark.pedantic(set_by_topokit, args=(figure_5(),), rounds=1, warmup_rounds=0)


@pytest.mark.slow
def test_some_of_figure_5(benchmark: BenchmarkFixture) -> None:
    """The extra information holds the seconds that all pairs would take NumPy and SciPy."""
    benchmark.group = f"NNSTD of the first layers of {SAMPLE} of the 4,560 pairs of 96 networks"
    networks = figure_5()
    pairs = np.array(list(combinations(range(len(networks)), 2)))
    chosen = np.random.default_rng(0).choice(pairs, SAMPLE, replace=False)
    masks = [masks[0] for masks in masks_of(networks)]

    def by_matrices() -> list[float]:
        return [by_matrix(masks[i], masks[j]) for i, j in chosen]

    found = benchmark.pedantic(by_matrices, rounds=1, warmup_rounds=0)
    ours = [tk.nnstd(networks[i], networks[j], output="matched").total for i, j in chosen]
    np.testing.assert_allclose(found, ours, rtol=0, atol=1e-11)
    if benchmark.stats is not None:
        benchmark.extra_info["seconds for all pairs"] = benchmark.stats.stats.median * len(pairs) / SAMPLE
