"""NNSTD: topokit, the full distance matrix with SciPy, and pair by pair with set operations as published in 2020."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture
from scipy.optimize import linear_sum_assignment
from wiring import Mask, random_chain, rewired

import topokit as tk
from topokit.dag import LayeredDAG

WIDTH = 784
# Pair by pair takes seconds for a layer of 784, so it is timed on this many neurons of it.
FEW = 100


@dataclass(frozen=True)
class Pair:
    """Two layers, in the form each way starts from."""

    masks: tuple[Mask, Mask]
    networks: tuple[LayeredDAG, LayeredDAG]


def by_topokit(pair: Pair) -> float:
    return tk.nnstd(*pair.networks, output="matched").total


def by_matrix(pair: Pair) -> float:
    return _by_matrix(*pair.masks)


def pair_by_pair(pair: Pair) -> float:
    a, b = pair.masks
    return _cheapest(np.array([[_set_distance(x, y) for y in b.T] for x in a.T]))


def _by_matrix(a: Mask, b: Mask) -> float:
    common = (a.astype(np.float32).T @ b.astype(np.float32)).astype(np.float64)
    sizes = a.sum(axis=0)[:, None] + b.sum(axis=0)[None, :]
    return _cheapest(np.divide(sizes - 2 * common, sizes - common, out=np.zeros(common.shape), where=sizes > 0))


def _set_distance(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    inputs, others = np.nonzero(a)[0], np.nonzero(b)[0]
    either = np.union1d(inputs, others)
    return len(np.setxor1d(inputs, others)) / len(either) if len(either) else 0.0


def _cheapest(costs: NDArray[np.float64]) -> float:
    return float(costs[linear_sum_assignment(costs)].mean())


WAYS = {"topokit": by_topokit, "numpy and scipy": by_matrix, "pair by pair": pair_by_pair}
FAST_WAYS = ["topokit", "numpy and scipy"]


@cache
def layers(width: int, density: float, kind: str, neurons: int | None = None) -> Pair:
    rng = np.random.default_rng(0)
    mask = (rng.random((width, width)) < density)[:, :neurons]
    other = rewired(mask, 0.01, rng) if kind == "1 % rewired" else rng.random(mask.shape) < density
    return Pair((mask, other), (LayeredDAG.from_adjacencies([mask]), LayeredDAG.from_adjacencies([other])))


def compare(benchmark: BenchmarkFixture, way: str, pair: Pair, rounds: int) -> None:
    assert WAYS[way](pair) == pytest.approx(by_topokit(pair), abs=1e-11)
    benchmark.pedantic(WAYS[way], args=(pair,), rounds=rounds, warmup_rounds=0)


@pytest.mark.parametrize("kind", ["random", "1 % rewired"])
@pytest.mark.parametrize("density", [0.006, 0.05, 0.5])
@pytest.mark.parametrize("way", FAST_WAYS)
def test_layer(benchmark: BenchmarkFixture, way: str, density: float, kind: str) -> None:
    benchmark.group = f"NNSTD of a {WIDTH}-{WIDTH} layer, density {density:.1%}, {kind}"
    compare(benchmark, way, layers(WIDTH, density, kind), rounds=9)


@pytest.mark.parametrize("density", [0.006, 0.05])
@pytest.mark.parametrize("way", WAYS)
def test_few_neurons(benchmark: BenchmarkFixture, way: str, density: float) -> None:
    benchmark.group = f"NNSTD of {FEW} neurons with {WIDTH} inputs, density {density:.1%}, random"
    compare(benchmark, way, layers(WIDTH, density, "random", FEW), rounds=3)


@pytest.mark.parametrize("way", FAST_WAYS)
def test_wide_layer(benchmark: BenchmarkFixture, way: str) -> None:
    benchmark.group = "NNSTD of a 4096-4096 layer, density 1.0%, random"
    compare(benchmark, way, layers(4096, 0.01, "random"), rounds=1)


@cache
def generations() -> tuple[LayeredDAG, ...]:
    """Ten networks, each with a tenth of the one before's edges moved; the output is dense."""
    rng = np.random.default_rng(0)
    found = [random_chain(rng, [WIDTH] * 4, 0.006)]
    for _ in range(9):
        found.append([rewired(mask, 0.1, rng) for mask in found[-1]])
    return tuple(LayeredDAG.from_adjacencies([*masks, np.ones((WIDTH, 10), bool)]) for masks in found)


def set_by_topokit(networks: tuple[LayeredDAG, ...]) -> NDArray[np.float64]:
    return tk.nnstd_matrix(networks).layer_matrices[0]


def set_by_matrices(networks: tuple[LayeredDAG, ...]) -> NDArray[np.float64]:
    """All layers are matched, and the first layer's distances, which are unique, returned."""
    dense = [[block.toarray() for block in network.adjacencies()] for network in networks]
    answer = np.zeros((len(networks), len(networks)))
    for i, j in combinations(range(len(networks)), 2):
        first, *_ = [_by_matrix(a, b) for a, b in zip(dense[i], dense[j], strict=True)]
        answer[i, j] = answer[j, i] = first
    return answer


@pytest.mark.parametrize("way", [set_by_topokit, set_by_matrices], ids=["topokit", "numpy and scipy"])
def test_set_of_networks(
    benchmark: BenchmarkFixture, way: Callable[[tuple[LayeredDAG, ...]], NDArray[np.float64]]
) -> None:
    benchmark.group = f"NNSTD of all 45 pairs of 10 networks {WIDTH}-{WIDTH}-{WIDTH}-{WIDTH}-10"
    networks = generations()
    np.testing.assert_allclose(way(networks), set_by_topokit(networks), rtol=0, atol=1e-11)
    benchmark.pedantic(way, args=(networks,), rounds=1, warmup_rounds=0)
