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
from topokit.errors import InsufficientDataError, ParameterError
from topokit.generators import mixing, same_degrees, same_density, same_edges, shuffled_layers, uniform

Draw = Callable[[LayeredDAG, int], LayeredDAG]
ALL_DRAWS = pytest.mark.parametrize("draw", [same_density, same_degrees, same_edges])
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


@ALL_DRAWS
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


@ALL_DRAWS
def test_weights_of_full_blocks_are_dealt_out(draw: Draw) -> None:
    network = one_block(np.arange(1.0, 13.0).reshape(3, 4))
    before, after = network.blocks[0], draw(network, 0).blocks[0]
    assert after.n_edges == 12
    assert after.weights is not None
    assert sorted(after.weights) == list(range(1, 13))
    assert not after.equals(before)


@ALL_DRAWS
def test_seeds_repeat_and_differ(draw: Draw) -> None:
    rng = np.random.default_rng(0)
    network = LayeredDAG.from_adjacencies([rng.normal(size=(30, 20)) * (rng.random((30, 20)) < 0.3)])
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


@given(network=layered_dags(), seed=st.integers(0, 99))
def test_edges_stay_exactly(network: LayeredDAG, seed: int) -> None:
    drawn = same_edges(network, seed)
    for before, after in zip(network.blocks, drawn.blocks, strict=True):
        assert (before.adjacency() != after.adjacency()).nnz == 0
        assert (after.name, after.kind, after.possible) == (before.name, before.kind, before.possible)
    assert drawn.provenance.notes[-1] == "weights dealt out anew among the same edges"


def test_every_order_of_the_weights_is_equally_likely() -> None:
    rng = np.random.default_rng(0)
    network = one_block(np.array([[1.0, 2.0], [3.0, 4.0]]))
    seen = Counter(same_edges(network, rng).blocks[0].weight_matrix().toarray().tobytes() for _ in range(6000))
    assert len(seen) == 24
    assert stats.chisquare(list(seen.values())).pvalue > 0.001


def test_weights_of_surviving_taps_are_dealt_out() -> None:
    rng = np.random.default_rng(0)
    weights = rng.normal(size=20)
    mask = np.zeros((12 * 9, 8), bool)
    mask.flat[rng.choice(mask.size, 20, replace=False)] = True
    taps = taps_from_mask(mask, 9, weights=weights, shape=(3, 3))
    block = EdgeBlock("a", "b", taps.edges[0], kind="conv", taps=taps)
    after = same_edges(LayeredDAG((Layer("a", 12), Layer("b", 8)), (block,)), 0).blocks[0]
    assert after.taps is not None
    assert after.taps.weights is not None
    np.testing.assert_array_equal(after.taps.matrix().toarray(), mask)
    np.testing.assert_array_equal(np.sort(after.taps.weights), np.sort(weights))
    assert not np.array_equal(after.taps.weights, weights)


def test_weights_that_are_absent_cannot_be_dealt_out() -> None:
    with pytest.raises(InsufficientDataError, match="no weights to deal out"):
        same_edges(one_block(np.eye(3, dtype=bool)), 0)


def test_to_shuffle_the_cells_of_a_mask_is_the_same_law() -> None:
    """Frankle et al.'s shuffle, done literally on 2 x 3 cells, and ours give each of the 15 masks equally often."""
    rng = np.random.default_rng(0)
    mask = np.eye(3, dtype=bool)[:2]
    literal = Counter(rng.permutation(mask.ravel()).tobytes() for _ in range(6000))
    ours = Counter(shuffled_layers(one_block(mask), rng).blocks[0].adjacency().toarray().tobytes() for _ in range(6000))
    assert set(literal) == set(ours)
    table = [[counts[key] for key in sorted(literal)] for counts in (literal, ours)]
    assert stats.chi2_contingency(table).pvalue > 0.001


def skewed(rng: np.random.Generator) -> LayeredDAG:
    appeal = rng.pareto(1.5, 300) + 1
    wanted = np.outer(appeal, rng.permutation(appeal))
    return one_block(rng.random((300, 300)) < np.minimum(1, 0.05 * wanted / wanted.mean()))


@pytest.mark.parametrize("network", [uniform((300, 200), 0.05, 0), skewed(np.random.default_rng(0))])
def test_mixing_levels_off_before_the_default_length(network: LayeredDAG) -> None:
    table = mixing(network, rounds=(1, 2, 16, 64), draws=20).set_index("rounds")
    assert table["kept"].iloc[:3].is_monotonic_decreasing
    assert table["kept"].iloc[1] > table["kept"].iloc[2] + 5 * table["error"].iloc[2]
    gap = table.loc[16, "kept"] - table.loc[64, "kept"]
    assert abs(gap) < 4 * np.hypot(table.loc[16, "error"], table.loc[64, "error"])


def test_mixing_of_one_network_of_its_degrees_keeps_all() -> None:
    staircase = np.tril(np.ones((4, 4), bool))
    assert mixing(one_block(staircase), rounds=(1, 5), draws=3)["kept"].tolist() == [1.0, 1.0]


def test_mixing_needs_draws_and_free_edges() -> None:
    with pytest.raises(ParameterError, match="draws=1"):
        mixing(uniform((4, 3), 0.5, 0), draws=1)
    with pytest.raises(InsufficientDataError, match="full and empty"):
        mixing(one_block(np.ones((3, 3), bool)))
