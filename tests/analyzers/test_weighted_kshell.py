"""Weighted shells, against a literal reading of Garas, Schweitzer and Havlin (2012)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from numpy.typing import NDArray
from relabelling import relabelled
from strategies import layered_dags

import topokit as tk
from topokit.analyzers.weighted_kshell import Normalise
from topokit.dag import EdgeBlock, Layer, LayeredDAG
from topokit.errors import InsufficientDataError, ParameterError


def weight_matrix(network: LayeredDAG) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Absolute weights and edges between all neurons, both symmetric."""
    count = network.n_neurons
    weights, edges = np.zeros((count, count)), np.zeros((count, count), bool)
    for block in network.blocks:
        i, j = network.offsets[network.index[block.source]], network.offsets[network.index[block.target]]
        place = slice(i, i + block.shape[0]), slice(j, j + block.shape[1])
        weights[place] += np.abs(block.weight_matrix().toarray())
        edges[place] |= block.adjacency().toarray()
    return weights + weights.T, edges | edges.T


def literal(network: LayeredDAG, alpha: float, beta: float, normalise: Normalise) -> list[int]:
    """For k = 0, 1, 2, ...: remove the nodes of k' <= k, compute k' anew, until none is left with k' <= k."""
    weights, edges = weight_matrix(network)
    there = weights[np.triu(edges)]
    if normalise != "none" and there.any():
        weights = weights / there.mean()
    if normalise == "paper" and there.any():
        weights = np.floor(weights / weights[weights > 0].min() * (1 + 1e-12) + 0.5)
    left = np.ones(len(weights), bool)
    shells, k = np.zeros(len(weights), int), 0
    while left.any():
        degree = (edges & left).sum(axis=1)
        strength = (weights * left).sum(axis=1)
        with np.errstate(divide="ignore"):
            weighted = np.where(degree > 0, (degree**alpha * strength**beta) ** (1 / (alpha + beta)), 0)
        gone = left & (weighted <= k * (1 + 1e-9))
        if gone.any():
            shells[gone] = k
            left &= ~gone
        else:
            k += 1
    return shells.tolist()


@given(
    layered_dags(max_size=8),
    st.sampled_from([(1.0, 1.0), (1.0, 0.0), (0.0, 1.0), (2.0, 1.0), (0.5, 3.0)]),
    st.sampled_from(["paper", "mean", "none"]),
)
def test_equals_the_paper_read_literally(
    network: LayeredDAG, exponents: tuple[float, float], normalise: Normalise
) -> None:
    alpha, beta = exponents
    result = tk.weighted_kshell(network, alpha=alpha, beta=beta, normalise=normalise)
    assert result.shell[0].tolist() == literal(network, alpha, beta, normalise)


@pytest.mark.parametrize("normalise", ["paper", "mean", "none"])
def test_equals_the_paper_on_many_networks_of_real_weights(normalise: Normalise) -> None:
    rng = np.random.default_rng(0)
    for _ in range(150):
        shapes = pairwise(rng.integers(1, 12, rng.integers(2, 5)).tolist())
        matrices = [rng.uniform(0.5, 3, shape) * (rng.random(shape) < 0.4) for shape in shapes]
        network = LayeredDAG.from_adjacencies(matrices)
        assert tk.weighted_kshell(network, normalise=normalise).shell[0].tolist() == literal(network, 1, 1, normalise)


@given(layered_dags(weights=False, max_size=20), st.floats(0.01, 100), st.floats(0, 3), st.floats(0.1, 3))
def test_equal_weights_give_the_unweighted_shells(
    network: LayeredDAG, weight: float, alpha: float, beta: float
) -> None:
    blocks = [
        EdgeBlock(b.source, b.target, b.pattern, weights=np.full(b.n_edges, -weight, np.float32))
        for b in network.blocks
    ]
    weighted = LayeredDAG(network.layers, tuple(blocks))
    for normalise in ("paper", "mean"):
        result = tk.weighted_kshell(weighted, alpha=alpha, beta=beta, normalise=normalise)
        assert result.shell.tolist() == tk.kshell(network).coreness.tolist()


def test_degree_alone_gives_the_unweighted_shells() -> None:
    rng = np.random.default_rng(0)
    network = LayeredDAG.from_adjacencies([rng.normal(size=(30, 20)) * (rng.random((30, 20)) < 0.2)])
    result = tk.weighted_kshell(network, alpha=1, beta=0, normalise="mean")
    assert result.shell.tolist() == tk.kshell(network).coreness.tolist()


def test_by_hand() -> None:
    """Source 0 and target 0 share an edge of weight 4, and each hangs on one of weight 1 more."""
    result = tk.weighted_kshell([np.array([[4.0, 1.0], [1.0, 0.0]])], normalise="none")
    # k' of the ends of degree 1 is 1; once they are gone, sqrt(1 * 4) = 2 is left of the others.
    assert result.level.tolist() == [[2, 1, 2, 1]]
    assert result.summary.iloc[0][["k_max", "level_max", "shells", "core", "crust", "isolated"]].tolist() == [
        2,
        2.0,
        2,
        2,
        2,
        0,
    ]


@given(layered_dags(max_size=15), st.integers(0, 100))
def test_relabelling_permutes_levels_to_the_last_digit(network: LayeredDAG, seed: int) -> None:
    copy, order = relabelled(network, seed)
    for normalise in ("paper", "mean"):
        levels = tk.weighted_kshell(network, normalise=normalise).level
        assert tk.weighted_kshell(copy, normalise=normalise).level.tolist() == levels[:, order].tolist()


def test_the_unit_of_weights_does_not_matter_unless_they_are_taken_as_they_are() -> None:
    rng = np.random.default_rng(1)
    matrix = rng.uniform(1, 2, (20, 20)) * (rng.random((20, 20)) < 0.3)
    for normalise in ("paper", "mean"):
        first, second = (tk.weighted_kshell([scale * matrix], normalise=normalise).level for scale in (1, 1e-3))
        assert_allclose(first, second, rtol=1e-12)


def test_parallel_blocks_add_their_weights_and_keep_edges_of_weight_0() -> None:
    layers = (Layer("a", 2), Layer("b", 1))
    mask = np.ones((2, 1))
    blocks = [
        EdgeBlock.from_matrix("a", "b", np.array([[weight], [0.0]]), mask=mask, name=f"block{weight}")
        for weight in (1.0, 2.0)
    ]
    result = tk.weighted_kshell(LayeredDAG(layers, tuple(blocks)), alpha=1, beta=0)
    assert result.shell.tolist() == [[1, 1, 1]]
    strong = tk.weighted_kshell(LayeredDAG(layers, tuple(blocks)), alpha=0, beta=1, normalise="none")
    assert strong.level.tolist() == [[3, 0, 3]]


def test_taps_as_weights() -> None:
    layers = (Layer("a", 2), Layer("b", 2))
    pattern = EdgeBlock.from_matrix("a", "b", np.ones((2, 2))).pattern
    block = EdgeBlock("a", "b", pattern, kind="conv", multiplicity=np.array([9, 9, 1, 1]))
    result = tk.weighted_kshell(LayeredDAG(layers, (block,)), strength="multiplicity", normalise="none")
    assert_allclose(result.level, [[3, 2, 3, 3]])


def test_bad_input() -> None:
    with pytest.raises(InsufficientDataError, match="has no weights"):
        tk.weighted_kshell([np.ones((2, 3), bool)])
    network = [np.array([[1.5, 2.5]])]
    for options in (
        {"alpha": -1},
        {"alpha": "1"},
        {"alpha": 0, "beta": 0},
        {"normalise": "max"},
        {"strength": "signed"},
    ):
        with pytest.raises(ParameterError):
            tk.weighted_kshell(network, **options)
    with pytest.raises(ParameterError, match="normalise='mean'"):
        tk.weighted_kshell([np.array([[1e-30, 2.5]])], normalise="paper")
    assert tk.weighted_kshell([np.array([[1e-30, 2.5]])], normalise="mean").shell.max() == 2


def test_no_edges_and_only_weights_of_0() -> None:
    empty = tk.weighted_kshell([sparse_of_floats((3, 2))])
    assert empty.shell.tolist() == [[0] * 5]
    zero = LayeredDAG.from_adjacencies([np.zeros((3, 2))], masks=[np.ones((3, 2))])
    assert tk.weighted_kshell(zero).shell.tolist() == [[0] * 5]


def sparse_of_floats(shape: tuple[int, int]) -> LayeredDAG:
    block = EdgeBlock.from_matrix("input", "output", np.zeros(shape), mask=np.zeros(shape))
    weightless = EdgeBlock("input", "output", block.pattern, weights=np.empty(0))
    return LayeredDAG((Layer("input", shape[0]), Layer("output", shape[1])), (weightless,))


def test_numbers_that_sum_up() -> None:
    result = tk.weighted_kshell([np.array([[4.0, 1.0], [1.0, 0.0]])], normalise="none")
    assert result.scalars() == {"k_max": 2, "level_max": 2, "shells": 2, "core": 2, "crust": 2, "isolated": 0}


def test_series_and_frame() -> None:
    result = tk.weighted_kshell([LayeredDAG.from_adjacencies([np.array([[1.5, k]])]) for k in (2.5, 0.0)])
    assert result.shell.shape == (2, 3)
    assert list(result.frame) == ["step", "epoch", "layer", "neuron", "shell", "level"]
    assert result.values("output", moment=1).tolist() == [1, 0]
