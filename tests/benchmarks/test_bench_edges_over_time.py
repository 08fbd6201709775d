"""Edges followed over a recording, beside Python sets and SciPy's survival curves."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from scipy.stats import CensoredData, ecdf

import topokit as tk
from topokit.dag import LayeredDAG, Series

FRAMES = 40


@cache
def series(width: int, density: float) -> Series:
    networks = [tk.uniform((width, width), density, 0)]
    for seed in range(1, FRAMES):
        networks.append(tk.rewired(networks[-1], 0.3, seed))
    return Series.from_networks(networks)


def edge_sets(run: Series) -> list[set[tuple[int, int]]]:
    return [
        set(zip(*(ends.tolist() for ends in network.blocks[0].adjacency().nonzero()), strict=True)) for network in run
    ]


def survival_by_sets(run: Series) -> np.ndarray:
    began: dict[tuple[int, int], int] = {}
    ended: list[int] = []
    for t, edges in enumerate(edge_sets(run)):
        for edge in began.keys() - edges:
            ended.append(t - began.pop(edge))
        began.update(dict.fromkeys(edges - began.keys(), t))
    censored = [FRAMES - 1 - t for t in began.values()]
    curve = ecdf(CensoredData(uncensored=ended, right=censored)).sf
    return np.asarray(curve.evaluate(np.arange(1, FRAMES)))


def survival_by_topokit(run: Series) -> np.ndarray:
    return tk.edge_survival(run).curves["total"].at(np.arange(1.0, FRAMES))


def explored_by_sets(run: Series) -> np.ndarray:
    seen: set[tuple[int, int]] = set()
    counts = []
    for edges in edge_sets(run):
        seen |= edges
        counts.append(len(seen))
    return np.array(counts)


def explored_by_topokit(run: Series) -> np.ndarray:
    return tk.exploration(run).explored[:, -1]


WAYS: dict[str, dict[str, Callable[[Series], np.ndarray]]] = {
    "survival": {"topokit": survival_by_topokit, "sets and scipy": survival_by_sets},
    "exploration": {"topokit": explored_by_topokit, "sets": explored_by_sets},
}


@pytest.mark.parametrize("width", [200, 784])
@pytest.mark.parametrize(("what", "way"), [(what, way) for what, ways in WAYS.items() for way in ways])
def test_edges_over_time(benchmark: BenchmarkFixture, what: str, way: str, width: int) -> None:
    benchmark.group = f"edge {what}, {FRAMES} frames of {width} x {width} at 5 %"
    run = series(width, 0.05)
    np.testing.assert_allclose(WAYS[what][way](run), WAYS[what]["topokit"](run), atol=1e-12)
    benchmark(WAYS[what][way], run)


@pytest.mark.parametrize("frames", [10, 40])
def test_attachment(benchmark: BenchmarkFixture, frames: int) -> None:
    benchmark.group = "attachment of 784 x 784 at 5 %, 200 degree-blind replicates"
    run = series(784, 0.05)[:frames]
    assert isinstance(run[0], LayeredDAG)
    benchmark(tk.attachment, run)
