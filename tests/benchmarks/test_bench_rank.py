"""Rank correlation between checkpoints: topokit, scipy and pandas on the same vectors."""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture
from scipy.stats import kendalltau, spearmanr

from topokit.analyzers.rank_evolution import rho_matrix, tau_b_matrix

Rows = NDArray[np.int64] | NDArray[np.float64]


def degree_vectors(neurons: int, checkpoints: int, inequality: float = 1.0) -> NDArray[np.int64]:
    """Degrees that drift apart and grow more unequal over the checkpoints."""
    rng = np.random.default_rng(0)
    appeal = np.cumsum(rng.normal(0, 0.03, (checkpoints, neurons)), axis=0)
    return rng.poisson(60 * np.exp(inequality * appeal))


def strength_vectors(neurons: int, checkpoints: int) -> NDArray[np.float64]:
    """Strengths, which have no ties."""
    return np.random.default_rng(0).normal(size=(checkpoints, neurons)).cumsum(axis=0)


def by_scipy(rows: Rows) -> NDArray[np.float64]:
    upper = np.zeros((len(rows), len(rows)))
    for i, j in combinations_with_replacement(range(len(rows)), 2):
        upper[i, j] = upper[j, i] = kendalltau(rows[i], rows[j]).statistic
    return upper


def by_pandas(rows: Rows) -> NDArray[np.float64]:
    return pd.DataFrame(rows.T).corr("kendall").to_numpy()


WAYS = {"topokit": tau_b_matrix, "scipy": by_scipy, "pandas": by_pandas}
VECTORS = {
    "300 checkpoints of 1,536 degrees": lambda: degree_vectors(1536, 300),
    "60 checkpoints of 1,536 very unequal degrees": lambda: degree_vectors(1536, 60, 9.0),
    "60 checkpoints of 1,536 strengths": lambda: strength_vectors(1536, 60),
    "30 checkpoints of 10,000 degrees": lambda: degree_vectors(10_000, 30),
}


@pytest.mark.parametrize("vectors", VECTORS)
@pytest.mark.parametrize("way", WAYS)
def test_kendall_matrix(benchmark: BenchmarkFixture, way: str, vectors: str) -> None:
    benchmark.group = f"Kendall matrix, {vectors}"
    rows = VECTORS[vectors]()
    few = rows[:: len(rows) // 6]
    assert np.abs(WAYS[way](few) - tau_b_matrix(few)).max() < 1e-12
    benchmark.pedantic(WAYS[way], args=(rows,), rounds=3 if way == "topokit" else 1, warmup_rounds=0)


@pytest.mark.parametrize("way", ["topokit", "scipy"])
def test_spearman_matrix(benchmark: BenchmarkFixture, way: str) -> None:
    benchmark.group = "Spearman matrix, 300 checkpoints of 1,536 degrees"
    rows = degree_vectors(1536, 300)
    ways = {"topokit": rho_matrix, "scipy": lambda table: spearmanr(table, axis=1).statistic}
    assert np.abs(ways[way](rows) - rho_matrix(rows)).max() < 1e-12
    benchmark.pedantic(ways[way], args=(rows,), rounds=3, warmup_rounds=0)
