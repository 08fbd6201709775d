"""NNSTD of two layers: topokit, NumPy and SciPy, and pair by pair as published in 2020."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import pytest
from distance_peers import by_matrix, distances_in_a_loop, pair_by_pair
from pytest_benchmark.fixture import BenchmarkFixture
from wiring import Mask

import topokit as tk
from topokit.dag import LayeredDAG

# Pair by pair takes seconds for a whole layer, so it is also timed on this many neurons against all of the other.
FEW = 8
WAYS = ["topokit", "topokit, fast ties", "numpy and scipy"]


@dataclass(frozen=True)
class Case:
    """Two square layers: of a width and a density, and another density, or the first with 1 % of its edges moved."""

    width: int
    density: float
    other: float | Literal["rewired"]

    def __str__(self) -> str:
        against = "1 % rewired" if self.other == "rewired" else f"against {self.other:.2%}"
        return f"{self.width}-{self.width} at {self.density:.2%} {against}"


@dataclass(frozen=True)
class Pair:
    """Two layers, in the form each way starts from."""

    networks: tuple[LayeredDAG, LayeredDAG]
    masks: tuple[Mask, Mask]


def random(width: int, density: float) -> Case:
    return Case(width, density, density)


USUAL = [random(784, 0.006), Case(784, 0.006, "rewired"), random(784, 0.05), Case(784, 0.05, "rewired")]
# Where many pairs are equally good (the density squared times the width is 0.02 to 0.3), and where nothing is sparse.
HARD = [
    *(random(784, density) for density in (0.005, 0.0075, 0.01, 0.015, 0.02)),
    *(random(2048, density) for density in (0.003, 0.006, 0.009, 0.012)),
    Case(784, 0.001, 0.5),
    Case(784, 0.006, 0.5),
    random(784, 0.2),
    random(784, 0.5),
    Case(784, 0.2, "rewired"),
    Case(784, 0.5, "rewired"),
]
WIDE = [random(4096, 0.01), random(4096, 0.05)]


@cache
def made(case: Case) -> Pair:
    first = tk.erdos_renyi([case.width, case.width], density=case.density, rng=0)
    if case.other == "rewired":
        second = tk.rewired(first, 0.01, 1)
    else:
        second = tk.erdos_renyi([case.width, case.width], density=case.other, rng=1)
    a, b = (np.asarray(next(iter(network.adjacencies())).toarray(), bool) for network in (first, second))
    return Pair((first, second), (a, b))


def distance(way: str, pair: Pair) -> float:
    if way == "numpy and scipy":
        return by_matrix(*pair.masks)
    return tk.nnstd(*pair.networks, output="matched", ties="fast" if "fast" in way else "canonical").total


def compare(benchmark: BenchmarkFixture, way: str, case: Case, rounds: int) -> None:
    benchmark.group = f"NNSTD of {case}"
    pair = made(case)
    assert distance(way, pair) == pytest.approx(distance("topokit", pair), abs=1e-11)
    benchmark.pedantic(distance, args=(way, pair), rounds=rounds, warmup_rounds=0)


@pytest.mark.parametrize("case", [*USUAL, *HARD], ids=str)
@pytest.mark.parametrize("way", WAYS)
def test_layer(benchmark: BenchmarkFixture, way: str, case: Case) -> None:
    compare(benchmark, way, case, rounds=5)


@pytest.mark.parametrize("case", WIDE, ids=str)
@pytest.mark.parametrize("way", WAYS)
def test_wide_layer(benchmark: BenchmarkFixture, way: str, case: Case) -> None:
    compare(benchmark, way, case, rounds=1)


@pytest.mark.parametrize("case", USUAL, ids=str)
def test_some_of_the_loop(benchmark: BenchmarkFixture, case: Case) -> None:
    """The extra information holds the seconds that all neurons would take."""
    benchmark.group = f"NNSTD of {case}"
    a, b = made(case).masks
    chosen = a[:, np.random.default_rng(0).choice(case.width, FEW, replace=False)]
    benchmark.pedantic(distances_in_a_loop, args=(chosen, b), rounds=3, warmup_rounds=0)
    if benchmark.stats is not None:
        benchmark.extra_info["seconds for the whole layer"] = benchmark.stats.stats.median * case.width / FEW


@pytest.mark.slow
@pytest.mark.parametrize("case", USUAL, ids=str)
def test_whole_loop(benchmark: BenchmarkFixture, case: Case) -> None:
    benchmark.group = f"NNSTD of {case}"
    pair = made(case)
    answer = benchmark.pedantic(pair_by_pair, args=pair.masks, rounds=1, warmup_rounds=0)
    assert answer == pytest.approx(distance("topokit", pair), abs=1e-11)
