from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from relabelling import relabelled
from scipy.stats import kendalltau
from strategies import random_mask

import topokit as tk
from topokit.analyzers.rank_evolution import tau_b_matrix
from topokit.dag import LayeredDAG
from topokit.errors import InsufficientDataError, ParameterError


def evolving(count: int, seed: int = 0) -> list[LayeredDAG]:
    rng = np.random.default_rng(seed)
    sizes = [20, 30, 25, 5]
    masks = [[random_mask(rng, shape, 0.3) for shape in pairwise(sizes)] for _ in range(count)]
    return [LayeredDAG.from_adjacencies(each) for each in masks]


def test_tau_b_by_hand() -> None:
    # Of 6 pairs one is tied in the first row and another in the second; of the 4 others all agree, then half.
    assert tau_b_matrix(np.array([[1, 1, 2, 3], [1, 2, 3, 3]]))[0, 1] == 4 / 5
    assert tau_b_matrix(np.array([[1, 1, 2, 3], [1, 3, 2, 2]]))[0, 1] == 0


@pytest.mark.parametrize("kind", ["total", "in", "out"])
def test_equals_scipy_on_networks(kind: str) -> None:
    networks = evolving(4)
    result = tk.rank_evolution(networks, kind=kind)
    degrees = tk.degrees(networks, layers="hidden")
    for i in range(4):
        for j in range(4):
            expected = kendalltau(degrees.values(kind, moment=i), degrees.values(kind, moment=j)).statistic
            assert result.matrix[i, j] == pytest.approx(expected, abs=1e-12)


@given(arrays(np.int64, st.tuples(st.integers(2, 4), st.integers(2, 40)), elements=st.integers(0, 30)))
def test_equals_scipy_with_ties(rows: np.ndarray) -> None:
    matrix = tau_b_matrix(rows)
    for i, a in enumerate(rows):
        for j, b in enumerate(rows):
            assert matrix[i, j] == pytest.approx(kendalltau(a, b).statistic, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("levels", [3, 40, 3000])
def test_equals_scipy_on_long_rows(levels: int) -> None:
    rng = np.random.default_rng(levels)
    base = rng.integers(0, levels, 2000)
    rows = np.stack([base, base // 2, rng.integers(0, levels, 2000), -base])
    matrix = tau_b_matrix(rows)
    for i, a in enumerate(rows):
        for j, b in enumerate(rows):
            assert matrix[i, j] == pytest.approx(kendalltau(a, b).statistic, abs=1e-12)
    assert matrix[0, 3] == -1.0


def test_constant_vector_ranks_nothing() -> None:
    dense = LayeredDAG.from_adjacencies([np.ones((20, 30)), np.ones((30, 25)), np.ones((25, 5))])
    matrix = tk.rank_evolution([*evolving(2), dense], layers="hidden1").matrix
    assert np.isnan(matrix[2]).all()
    assert np.isnan(matrix[:, 2]).all()
    assert np.diag(matrix)[:2].tolist() == [1.0, 1.0]


def test_matrix_is_symmetric_and_relabelling_leaves_it() -> None:
    networks = evolving(5)
    copies = [relabelled(network, seed=3)[0] for network in networks]
    matrix = tk.rank_evolution(networks).matrix
    assert np.array_equal(matrix, matrix.T)
    assert np.array_equal(tk.rank_evolution(copies).matrix, matrix)


def test_frame_holds_every_ordered_pair() -> None:
    result = tk.rank_evolution(evolving(3))
    assert list(result.frame) == ["step_a", "epoch_a", "step_b", "epoch_b", "tau"]
    assert result.frame["step_a"].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert result.frame["step_b"].tolist() == [0, 1, 2] * 3
    assert result.frame["tau"].to_numpy().reshape(3, 3) == pytest.approx(result.matrix)
    assert result.labels == ("0", "1", "2")


def test_one_network_is_not_an_evolution() -> None:
    with pytest.raises(InsufficientDataError, match="1 was given"):
        tk.rank_evolution(evolving(1))
    with pytest.raises(ParameterError, match="kind='both'"):
        tk.rank_evolution(evolving(2), kind="both")
