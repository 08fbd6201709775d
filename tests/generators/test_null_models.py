from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from strategies import layered_dags

from topokit.dag import EdgeBlock, Layer, LayeredDAG
from topokit.dag.taps import Taps, taps_from_mask
from topokit.errors import ParameterError
from topokit.generators import same_degrees, same_density, uniform

Draw = Callable[[LayeredDAG, int], LayeredDAG]
DRAWS = pytest.mark.parametrize("draw", [same_density, same_degrees])


def one_block(matrix: np.ndarray) -> LayeredDAG:
    return LayeredDAG.from_adjacencies([matrix])


@given(network=layered_dags(), seed=st.integers(0, 99))
def test_degrees_stay_exactly(network: LayeredDAG, seed: int) -> None:
    drawn = same_degrees(network, seed)
    assert drawn.layers == network.layers
    for before, after in zip(network.blocks, drawn.blocks, strict=True):
        np.testing.assert_array_equal(after.out_degrees(), before.out_degrees())
        np.testing.assert_array_equal(after.in_degrees(), before.in_degrees())
        assert (after.name, after.kind, after.possible) == (before.name, before.kind, before.possible)


@given(network=layered_dags(), seed=st.integers(0, 99))
def test_edge_counts_stay_exactly(network: LayeredDAG, seed: int) -> None:
    drawn = same_density(network, seed)
    assert [block.n_edges for block in drawn.blocks] == [block.n_edges for block in network.blocks]


@DRAWS
@given(network=layered_dags(), seed=st.integers(0, 99))
def test_weights_are_dealt_out_anew(draw: Draw, network: LayeredDAG, seed: int) -> None:
    for before, after in zip(network.blocks, draw(network, seed).blocks, strict=True):
        assert before.weights is not None
        assert after.weights is not None
        np.testing.assert_array_equal(np.sort(before.weights), np.sort(after.weights))


@DRAWS
def test_weights_and_multiplicities_stay_together(draw: Draw) -> None:
    mask = np.random.default_rng(0).random((9, 8)) < 0.5
    count = int(mask.sum())
    block = replace(
        EdgeBlock.from_matrix("a", "b", mask),
        weights=np.arange(count, dtype=np.float32),
        multiplicity=np.arange(count),
    )
    after = draw(LayeredDAG((Layer("a", 9), Layer("b", 8)), (block,)), 0).blocks[0]
    assert after.weights is not None
    np.testing.assert_array_equal(after.weights, after.multiplicity)
    assert (np.diff(after.weights) < 0).any()


def test_every_graph_of_a_degree_sequence_is_equally_likely() -> None:
    rng = np.random.default_rng(1)
    network = one_block(np.eye(4, dtype=bool))
    seen = Counter(same_degrees(network, rng).blocks[0].adjacency().toarray().tobytes() for _ in range(6000))
    assert len(seen) == 24
    assert stats.chisquare(list(seen.values())).pvalue > 0.001


def test_every_graph_of_a_density_is_equally_likely() -> None:
    rng = np.random.default_rng(0)
    network = one_block(np.eye(3, dtype=bool)[:2])
    seen = Counter(same_density(network, rng).blocks[0].adjacency().toarray().tobytes() for _ in range(6000))
    assert len(seen) == 15
    assert stats.chisquare(list(seen.values())).pvalue > 0.001


@pytest.mark.parametrize("density", [0.006, 0.05, 0.5])
def test_nothing_is_left_of_the_given_edges(density: float) -> None:
    network = uniform((300, 200), density, 0)
    before = network.blocks[0].adjacency().toarray()
    after = same_degrees(network, 1).blocks[0].adjacency().toarray()
    expected = np.outer(before.sum(1), before.sum(0)) / before.sum()
    shared, chance = before[after].sum(), (expected * np.minimum(expected, 1)).sum()
    assert abs(shared - chance) < 5 * np.sqrt(chance)


@DRAWS
def test_kernels_move_as_a_whole(draw: Draw) -> None:
    rng = np.random.default_rng(0)
    taps = taps_from_mask(rng.random((12 * 9, 8)) < 0.05, 9, shape=(3, 3))
    block = EdgeBlock("a", "b", taps.edges[0], kind="conv", taps=taps)
    after = draw(LayeredDAG((Layer("a", 12), Layer("b", 8)), (block,)), 0).blocks[0]
    assert after.taps is not None
    assert kernels(after.taps) == kernels(taps)
    assert not after.taps.equals(taps)
    assert after.taps.shape == (3, 3)


def kernels(taps: Taps) -> Counter[tuple[int, ...]]:
    """The surviving taps of each pair of channels, and how often each set of them occurs."""
    cells = taps.matrix().toarray().reshape(-1, taps.count, taps.pattern.shape[1])
    return Counter(tuple(np.flatnonzero(cells[i, :, j])) for i in range(len(cells)) for j in range(cells.shape[2]))


@DRAWS
def test_weights_of_full_blocks_are_dealt_out(draw: Draw) -> None:
    network = one_block(np.arange(1.0, 13.0).reshape(3, 4))
    before, after = network.blocks[0], draw(network, 0).blocks[0]
    assert after.n_edges == 12
    assert after.weights is not None
    assert sorted(after.weights) == list(range(1, 13))
    assert not after.equals(before)


@DRAWS
def test_seeds_repeat_and_differ(draw: Draw) -> None:
    network = uniform((30, 20, 10), 0.3, 0)
    assert draw(network, 5).equals(draw(network, np.random.default_rng(5)))
    assert not draw(network, 5).equals(draw(network, 6))


@DRAWS
def test_full_empty_and_weightless_blocks_stay(draw: Draw) -> None:
    layers = (Layer("a", 3), Layer("b", 3))
    full = EdgeBlock.from_matrix("a", "b", np.ones((3, 3), bool), name="full")
    none = EdgeBlock.from_matrix("a", "b", np.zeros((3, 3), bool), name="none")
    grouped = replace(EdgeBlock.from_matrix("a", "b", np.eye(3, dtype=bool), name="grouped"), possible=3)
    network = LayeredDAG(layers, (full, none, grouped, EdgeBlock.identity("a", "b", 3, name="skip")))
    drawn = draw(network, 0)
    assert drawn.equals(network)
    assert "drawn anew" in drawn.provenance.notes[-1]


@DRAWS
def test_sparse_grouped_blocks_are_refused(draw: Draw) -> None:
    block = replace(EdgeBlock.from_matrix("a", "b", np.eye(4, dtype=bool)), possible=8)
    network = LayeredDAG((Layer("a", 4), Layer("b", 4)), (block,))
    with pytest.raises(ParameterError, match="'a->b' allows 8 of 16 pairs"):
        draw(network, 0)


def test_a_chain_without_rounds_is_refused() -> None:
    with pytest.raises(ParameterError, match="at least one round"):
        same_degrees(uniform((4, 3), 0.5, 0), 0, rounds=0)
