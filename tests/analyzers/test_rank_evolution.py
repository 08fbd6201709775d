from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from relabelling import relabelled
from scipy.stats import kendalltau, spearmanr
from strategies import random_mask

import topokit as tk
from topokit.analyzers.rank_evolution import rho_matrix, tau_b_matrix
from topokit.dag import LayeredDAG
from topokit.errors import IncompatibleNetworksError, InsufficientDataError, ParameterError


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


@given(arrays(np.int64, st.tuples(st.integers(2, 4), st.integers(2, 40)), elements=st.integers(0, 30)))
def test_rho_equals_scipy_with_ties(rows: np.ndarray) -> None:
    matrix = rho_matrix(rows)
    for i, a in enumerate(rows):
        for j, b in enumerate(rows):
            constant = np.ptp(a) == 0 or np.ptp(b) == 0
            expected = np.nan if constant else spearmanr(a, b).statistic
            assert matrix[i, j] == pytest.approx(expected, abs=1e-12, nan_ok=True)


def weighted(count: int, seed: int = 0) -> list[LayeredDAG]:
    rng = np.random.default_rng(seed)
    masks = [[random_mask(rng, shape, 0.3) for shape in pairwise([20, 30, 25, 5])] for _ in range(count)]
    return [LayeredDAG.from_adjacencies([rng.normal(size=m.shape) * m for m in each], masks=each) for each in masks]


@pytest.mark.parametrize(("method", "peer"), [("kendall", kendalltau), ("spearman", spearmanr)])
@pytest.mark.parametrize("layers", ["input", "hidden", "all"])
@pytest.mark.parametrize("of", ["strength", "coreness"])
def test_strength_and_coreness_of_any_neurons_equal_scipy(of: str, layers: str, method: str, peer: Callable) -> None:
    networks = weighted(3)
    result = tk.rank_evolution(networks, of=of, layers=layers, method=method)
    shells = tk.kshell(networks)
    rows = []
    for t, network in enumerate(networks):
        dense = [np.abs(block.weight_matrix().toarray()) for block in network.blocks]
        strengths = [dense[0].sum(1), dense[0].sum(0) + dense[1].sum(1), dense[1].sum(0) + dense[2].sum(1)]
        strengths.append(dense[2].sum(0))
        chosen = [network.index[layer.name] for layer in network.select(layers)]
        values = strengths if of == "strength" else [shells.values(layer.name, t) for layer in network.layers]
        rows.append(np.concatenate([values[k] for k in chosen]))
    for i, a in enumerate(rows):
        for j, b in enumerate(rows):
            assert result.matrix[i, j] == pytest.approx(peer(a, b).statistic, abs=1e-12)
    assert result.selection == layers
    assert result.meta.parameters["of"] == of


def test_strength_in_and_out_and_of_unweighted_blocks() -> None:
    networks = weighted(2)
    by_in = tk.rank_evolution(networks, of="strength", kind="in", layers="hidden1").matrix[0, 1]
    sums = [np.abs(network.blocks[0].weight_matrix().toarray()).sum(0) for network in networks]
    assert by_in == pytest.approx(kendalltau(*sums).statistic, abs=1e-12)
    with pytest.raises(InsufficientDataError, match="no weights to add up"):
        tk.rank_evolution(evolving(2), of="strength")


def test_constant_vector_says_why_it_ranks_nothing() -> None:
    dense = LayeredDAG.from_adjacencies([np.ones((20, 30)), np.ones((30, 25)), np.ones((25, 5))])
    for method in ("kendall", "spearman"):
        result = tk.rank_evolution([*evolving(2), dense], layers="hidden1", method=method)
        assert result.reasons == ("", "", "all 30 values are 45")
        nan = np.isnan(result.matrix)
        assert nan[2].all()
        assert nan.sum() == 5
        assert (result.frame["reason"] != "").tolist() == nan.ravel().tolist()


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
    times = ["step_a", "epoch_a", "step_b", "epoch_b"]
    assert list(result.frame) == [*times, "tau", "of", "kind", "layers", "reason"]
    assert list(tk.rank_evolution(evolving(3), method="spearman").frame)[4] == "rho"
    assert set(result.frame["layers"]) == {"hidden"}
    assert result.frame["step_a"].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert result.frame["step_b"].tolist() == [0, 1, 2] * 3
    assert result.frame["tau"].to_numpy().reshape(3, 3) == pytest.approx(result.matrix)
    assert result.labels == ("0", "1", "2")
    first, second, third = result.matrix[0, 1], result.matrix[0, 2], result.matrix[1, 2]
    expected = {"first to last": second, "neighbours": (first + third) / 2, "all pairs": (first + second + third) / 3}
    assert result.scalars() == pytest.approx(expected)


def test_one_network_is_not_an_evolution() -> None:
    with pytest.raises(InsufficientDataError, match="1 was given"):
        tk.rank_evolution(evolving(1))
    with pytest.raises(ParameterError, match="kind='both'"):
        tk.rank_evolution(evolving(2), kind="both")
    with pytest.raises(ParameterError, match="of='betweenness'"):
        tk.rank_evolution(evolving(2), of="betweenness")
    with pytest.raises(ParameterError, match="no side"):
        tk.rank_evolution(evolving(2), of="coreness", kind="in")
    with pytest.raises(ParameterError, match="method='pearson'"):
        tk.rank_evolution(evolving(2), method="pearson")
    with pytest.raises(IncompatibleNetworksError, match="a series keeps its layers"):
        tk.rank_evolution([*evolving(1), [np.ones((3, 4)), np.ones((4, 2))]])
