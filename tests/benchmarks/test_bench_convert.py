"""Writing graph files beside NetworkX, and drawing random patterns beside SciPy."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from scipy import sparse

import topokit as tk
from topokit.dag import LayeredDAG
from topokit.dag.patterns import structure
from topokit.generators import random_pattern

EDGES = 100_000


@cache
def network() -> LayeredDAG:
    rng = np.random.default_rng(0)
    mask = structure(random_pattern((1000, 1000), EDGES, rng)).toarray()
    return LayeredDAG.from_adjacencies([rng.standard_normal(mask.shape).astype(np.float32)], masks=[mask])


@cache
def graph() -> nx.DiGraph:
    return network().to_networkx()


WRITERS: dict[str, dict[str, tuple[Callable[[Path], object], Callable[[Path], nx.Graph]]]] = {
    "GraphML": {
        "topokit": (lambda path: tk.save_graphml(network(), path), nx.read_graphml),
        "networkx": (lambda path: nx.write_graphml(graph(), path), nx.read_graphml),
    },
    "GEXF": {
        "topokit": (lambda path: tk.save_gexf(network(), path), nx.read_gexf),
        "networkx": (lambda path: nx.write_gexf(graph(), path), nx.read_gexf),
    },
}


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("way", ["topokit", "networkx"])
def test_write(benchmark: BenchmarkFixture, kind: str, way: str, tmp_path: Path) -> None:
    benchmark.group = f"write {kind}, {EDGES:,} edges"
    write, read = WRITERS[kind][way]
    write(tmp_path / "graph")
    weights = sorted(given["weight"] for *_, given in read(tmp_path / "graph").edges(data=True))
    assert weights == sorted(network().blocks[0].weights.tolist())
    benchmark.pedantic(write, (tmp_path / "graph",), rounds=3)


@pytest.mark.parametrize("shape", [(3000, 3000), (100_000, 100_000)])
@pytest.mark.parametrize("way", ["topokit", "scipy"])
def test_random_pattern(benchmark: BenchmarkFixture, shape: tuple[int, int], way: str) -> None:
    benchmark.group = f"draw 1,000,000 of {shape[0]:,} x {shape[1]:,} edges"
    n_edges = 1_000_000
    draw = {
        "topokit": lambda: structure(random_pattern(shape, n_edges, 0)),
        "scipy": lambda: sparse.random_array(shape, density=n_edges / (shape[0] * shape[1]), format="csr", rng=0),
    }
    assert draw[way]().nnz == n_edges
    benchmark.pedantic(draw[way], rounds=3)
