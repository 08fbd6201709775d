"""Kendall's tau-b between checkpoints: topokit, scipy and pandas on the same degree vectors."""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture
from scipy.stats import kendalltau

from topokit.analyzers.rank_evolution import tau_b_matrix

CHECKPOINTS = 30


def degree_vectors(neurons: int) -> NDArray[np.int64]:
    """Degrees that drift apart and grow more unequal over the checkpoints."""
    rng = np.random.default_rng(0)
    appeal = np.cumsum(rng.normal(0, 0.1, (CHECKPOINTS, neurons)), axis=0)
    return rng.poisson(60 * np.exp(appeal))


def by_scipy(rows: NDArray[np.int64]) -> NDArray[np.float64]:
    upper = np.zeros((len(rows), len(rows)))
    for i, j in combinations_with_replacement(range(len(rows)), 2):
        upper[i, j] = upper[j, i] = kendalltau(rows[i], rows[j]).statistic
    return upper


def by_pandas(rows: NDArray[np.int64]) -> NDArray[np.float64]:
    return pd.DataFrame(rows.T).corr("kendall").to_numpy()


WAYS = {"topokit": tau_b_matrix, "scipy": by_scipy, "pandas": by_pandas}


@pytest.mark.parametrize("neurons", [1024, 10_000])
@pytest.mark.parametrize("way", WAYS)
def test_rank_matrix(benchmark: BenchmarkFixture, way: str, neurons: int) -> None:
    benchmark.group = f"Kendall matrix, {CHECKPOINTS} checkpoints of {neurons:,} neurons"
    rows = degree_vectors(neurons)
    assert np.abs(WAYS[way](rows) - tau_b_matrix(rows)).max() < 1e-12
    benchmark.pedantic(WAYS[way], args=(rows,), rounds=1 if way == "pandas" else 3, warmup_rounds=0)
