from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from rich_networks import rich_dags
from scipy import stats
from strategies import layered_dags

from topokit.dag import EdgeBlock, Layer, LayeredDAG
from topokit.errors import ParameterError
from topokit.generators import rewired, rewiring_chain, uniform


@given(network=layered_dags(), fraction=st.floats(0, 1), seed=st.integers(0, 99))
def test_exactly_the_fraction_of_each_block_moves(network: LayeredDAG, fraction: float, seed: int) -> None:
    moved = rewired(network, fraction, seed)
    assert moved.layers == network.layers
    for before, after in zip(network.blocks, moved.blocks, strict=True):
        n_pairs = before.shape[0] * before.shape[1]
        shared = before.adjacency().multiply(after.adjacency()).nnz
        expected = min(round(fraction * before.n_edges), n_pairs - before.n_edges)
        assert after.n_edges == before.n_edges
        assert before.n_edges - shared == expected
        assert (after.name, after.kind, after.possible) == (before.name, before.kind, before.possible)


@given(network=layered_dags(), seed=st.integers(0, 99))
def test_weights_move_along_and_the_others_stay(network: LayeredDAG, seed: int) -> None:
    for before, after in zip(network.blocks, rewired(network, 0.5, seed).blocks, strict=True):
        np.testing.assert_array_equal(np.sort(before.weights), np.sort(after.weights))
        kept = before.adjacency().multiply(after.adjacency()).toarray()
        np.testing.assert_array_equal(before.weight_matrix().toarray()[kept], after.weight_matrix().toarray()[kept])


@given(network=rich_dags(taps=True), seed=st.integers(0, 99))
def test_taps_move_along_with_their_edge(network: LayeredDAG, seed: int) -> None:
    free = replace(network, blocks=tuple(replace(b, possible=0) for b in network.blocks))
    for before, after in zip(free.blocks, rewired(free, 0.5, seed).blocks, strict=True):
        assert (after.taps is None) == (before.taps is None)
        if before.taps is not None:
            assert np.array_equal(kernels(before), kernels(after))
            kept = (before.adjacency().multiply(after.adjacency()).toarray() != 0)[:, None]
            shape = (before.shape[0], before.tap_count, before.shape[1])
            stays, came = (b.tap_matrix().toarray().reshape(shape) & kept for b in (before, after))
            assert np.array_equal(stays, came)


def kernels(block: EdgeBlock) -> NDArray[np.float64]:
    """What stands behind each edge, (n_edges, taps), in an order that does not ask which edge it is."""
    matrix = block.tap_matrix(weights=block.taps.weights is not None).astype(np.float64)
    present = block.tap_matrix().toarray().reshape(block.shape[0], block.tap_count, block.shape[1])
    values = matrix.toarray().reshape(present.shape)
    rows = np.concatenate([present, values], axis=1).transpose(0, 2, 1)[present.any(axis=1)]
    return rows[np.lexsort(rows.T)]


def test_weights_are_dealt_out_at_random() -> None:
    network = LayeredDAG.from_adjacencies([np.array([[1.0, 2.0, 0.0, 0.0]])])
    rng = np.random.default_rng(0)
    first = [rewired(network, 1.0, rng).blocks[0].weights for _ in range(400)]
    assert stats.binomtest(sum(weights[0] == 1.0 for weights in first), 400, 0.5).pvalue > 0.001


def test_every_place_is_equally_likely() -> None:
    network = LayeredDAG.from_adjacencies([np.array([[1, 0, 0], [0, 0, 1]])])
    rng = np.random.default_rng(3)
    seen = np.zeros((2, 3))
    for _ in range(3000):
        seen += rewired(network, 0.5, rng).blocks[0].adjacency().toarray()
    assert seen.sum() == 6000
    free = np.array([[0, 1, 1], [1, 1, 0]], bool)
    assert stats.chisquare(seen[free]).pvalue > 0.001
    assert stats.binomtest(int(seen[0, 0]), 3000, 0.5).pvalue > 0.001


def test_nine_generations_of_one_percent_drift_as_computed() -> None:
    series = rewiring_chain(uniform((784, 784, 784, 10), 0.006, 1), 0.01, 0, generations=9)
    assert series.labels[0] == "generation 0"
    assert len(series) == 10
    first, last = (series[k].blocks[0].adjacency() for k in (0, -1))
    shared = first.multiply(last).nnz
    distance = 1 - shared / (first.nnz + last.nnz - shared)
    assert distance == pytest.approx(1 - 0.99**9 / (2 - 0.99**9), abs=0.01)


def test_generations_continue_one_random_stream() -> None:
    network = uniform((30, 20, 10), 0.2, 0)
    assert rewired(network, 0.1, 5, generations=3).equals(rewiring_chain(network, 0.1, 5, generations=3)[3])
    assert rewired(network, 0.1, 5).provenance.notes == ("10.00% of the edges moved at random, generation 1",)


def test_dense_and_weightless_blocks_stay() -> None:
    layers = (Layer("a", 3), Layer("b", 3))
    dense = EdgeBlock.from_matrix("a", "b", np.ones((3, 3)), name="dense")
    network = LayeredDAG(layers, (dense, EdgeBlock.identity("a", "b", 3, name="skip")))
    assert rewired(network, 1.0, 0).equals(network)


def test_grouped_blocks_are_refused() -> None:
    block = replace(EdgeBlock.from_matrix("a", "b", np.eye(4, dtype=bool)), possible=8)
    network = LayeredDAG((Layer("a", 4), Layer("b", 4)), (block,))
    with pytest.raises(ParameterError, match="'a->b' allows 8 of 16 pairs"):
        rewired(network, 0.5, 0)


@pytest.mark.parametrize(("fraction", "generations"), [(-0.1, 1), (1.1, 1), (float("nan"), 1), (0.5, 0)])
def test_impossible_fractions_are_refused(fraction: float, generations: int) -> None:
    with pytest.raises(ParameterError, match="a share from 0 to 1 and at least one generation"):
        rewired(uniform((4, 3), 0.5, 0), fraction, 0, generations=generations)
