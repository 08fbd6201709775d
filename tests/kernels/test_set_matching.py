from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linear_sum_assignment
from wiring import Mask, rewired, set_distance, set_distances

from topokit.kernels.assignment_state import Lists
from topokit.kernels.dense_matching import jaccard_distances, match_densely
from topokit.kernels.input_sets import InputSets, identical_partners, padded, pair_distances, relabelled
from topokit.kernels.set_matching import gap_of, inverse, match_sets
from topokit.kernels.similar_sets import ONE, _bits_of_sets, _holders_of_inputs, most_similar

Colours = NDArray[np.uint64]

shapes = st.tuples(st.integers(1, 90), st.integers(1, 9), st.integers(1, 9))
densities = st.sampled_from([0.0, 0.02, 0.2, 0.5, 1.0])
seeds = st.integers(0, 2**32 - 1)


def sets_of(mask: Mask) -> InputSets:
    columns = sparse.csc_array(mask)
    return InputSets(columns.indptr.astype(np.int64), columns.indices.astype(np.int32))


def two_masks(shape: tuple[int, int, int], density: float, other: float, seed: int) -> tuple[Mask, Mask]:
    rng = np.random.default_rng(seed)
    n_inputs, n_a, n_b = shape
    return rng.random((n_inputs, n_a)) < density, rng.random((n_inputs, n_b)) < other


def uncoloured(sizes: tuple[int, ...]) -> list[Colours]:
    return [np.empty((0, size), np.uint64) for size in sizes]


def listed(lists: Lists, row: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    entries = slice(lists.start[row], lists.stop[row])
    return lists.columns[entries], lists.weights[entries]


@given(shapes, densities, densities, seeds)
def test_distances_are_those_of_sets(shape: tuple[int, int, int], density: float, other: float, seed: int) -> None:
    a, b = two_masks(shape, density, other, seed)
    expected = set_distances(a, b)
    np.testing.assert_array_equal(jaccard_distances(sets_of(a), sets_of(b), shape[0]), expected)
    partner = np.random.default_rng(seed).integers(-1, shape[2], shape[1])
    pairs = pair_distances(sets_of(a), sets_of(b), partner, shape[0])
    np.testing.assert_array_equal(pairs, np.where(partner < 0, 0, expected[np.arange(shape[1]), partner]))


@given(shapes, densities, densities, seeds, st.integers(1, 5), st.booleans())
def test_lists_hold_the_most_similar_sets(
    shape: tuple[int, int, int], density: float, other: float, seed: int, keep: int, packed: bool
) -> None:
    a, b = two_masks(shape, density, other, seed)
    chosen = np.flatnonzero(np.random.default_rng(seed).random(shape[2]) < 0.8)
    assume(len(chosen) > 0)
    inputs = (sets_of(b), chosen, shape[0])
    columns = _bits_of_sets(*inputs, a.sum() / a.shape[1]) if packed else _holders_of_inputs(*inputs)
    rows = np.arange(shape[1])
    lists = most_similar(sets_of(a), rows, columns, np.full(len(rows), keep))
    shared = a.T.astype(int) @ b[:, chosen].astype(int) > 0
    expected = np.where(shared, 1 - set_distances(a, b[:, chosen]), 0) * ONE + columns.head_start
    assert (columns.head_start >= 0).all()
    assert packed or (columns.head_start == 0).all()
    for row in rows:
        where, weights = listed(lists, row)
        assert len(set(where.tolist())) == len(where) == min(keep, np.count_nonzero(expected[row] >= 1))
        assert np.abs(expected[row, where] - weights).max(initial=0) <= 1
        assert (np.diff(weights) <= 0).all()
        rest = np.delete(expected[row], where).max(initial=0)
        assert abs(lists.left_out[row] - rest) <= 1
        assert (weights >= lists.left_out[row]).all()


def test_both_ways_of_counting_give_the_same_lists() -> None:
    # Sets of one size need no head start.
    rng = np.random.default_rng(0)
    a = sets_of(rng.random((300, 120)) < 0.1)
    b = InputSets(np.arange(0, 4501, 30), np.concatenate([rng.choice(300, 30, replace=False) for _ in range(150)]))
    b = InputSets(b.start, b.members.astype(np.int32))
    ways = (_holders_of_inputs(b, np.arange(150), 300), _bits_of_sets(b, np.arange(150), 300, 30.0))
    followed, counted = (most_similar(a, np.arange(120), way, np.full(120, 40)) for way in ways)
    for one, other in zip(followed, counted, strict=True):
        np.testing.assert_array_equal(one, other)


@given(shapes, densities, seeds)
def test_equal_sets_are_paired(shape: tuple[int, int, int], density: float, seed: int) -> None:
    a, b = two_masks(shape, density, density, seed)
    partner = identical_partners(sets_of(a), sets_of(b), shape[0], *uncoloured(shape[1:]))
    equal = set_distances(a, b) == 0
    paired = np.flatnonzero(partner >= 0)
    assert equal[paired, partner[paired]].all()
    assert len(paired) == equal[linear_sum_assignment(equal, maximize=True)].sum()
    in_place = np.flatnonzero(np.diagonal(equal))
    np.testing.assert_array_equal(partner[in_place], in_place)


@given(shapes, densities, densities, seeds)
def test_pairing_is_as_good_as_scipys(shape: tuple[int, int, int], density: float, other: float, seed: int) -> None:
    n_inputs, n, _ = shape
    a, b = two_masks((n_inputs, n, n), density, other, seed)
    partner, gap = match_sets(sets_of(a), sets_of(b), n_inputs)
    costs = set_distances(a, b)
    assert gap == 0
    assert sorted(partner.tolist()) == list(range(n))
    assert costs[np.arange(n), partner].sum() == pytest.approx(costs[linear_sum_assignment(costs)].sum(), abs=1e-11)


@pytest.mark.parametrize(
    ("density", "other"),
    [*((density, density) for density in (0.003, 0.01, 0.03, 0.1, 0.5, 0.95)), (0.003, 0.5), (0.2, 0.9)],
)
def test_pairing_of_wide_layers_is_as_good_as_scipys(density: float, other: float) -> None:
    a, b = two_masks((300, 300, 300), density, other, 5)
    sets_a, sets_b = sets_of(a), sets_of(b)
    costs = jaccard_distances(sets_a, sets_b, 300)
    best = costs[linear_sum_assignment(costs)].sum()
    for first, second in ((sets_a, sets_b), (sets_b, sets_a)):
        partner, gap = match_sets(first, second, 300)
        assert gap == 0
        assert pair_distances(first, second, partner, 300).sum() == pytest.approx(best, abs=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_pairing_of_layers_with_popular_inputs_is_as_good_as_scipys(seed: int) -> None:
    # All neurons crowd on the same inputs, so lists of the most similar ones are often too short.
    rng = np.random.default_rng(seed)
    appeal = rng.gamma(0.3, size=(400, 1))
    a, b = (sets_of(rng.random((400, 400)) < 0.05 * appeal / appeal.mean()) for _ in range(2))
    costs = jaccard_distances(a, b, 400)
    partner, gap = match_sets(a, b, 400)
    assert gap == 0
    best = costs[linear_sum_assignment(costs)].sum()
    assert pair_distances(a, b, partner, 400).sum() == pytest.approx(best, abs=1e-10)


def test_neurons_that_share_nothing_stay_in_place() -> None:
    a = np.zeros((4, 4), bool)
    b = np.zeros((4, 4), bool)
    a[0, [0, 2]] = b[1, [0, 3]] = True
    partner, _ = match_sets(sets_of(a), sets_of(b), 4)
    np.testing.assert_array_equal(partner, [0, 1, 3, 2])


def test_neurons_left_over_stay_in_place_around_the_moved_ones() -> None:
    a, b = np.zeros((8, 4), bool), np.zeros((8, 4), bool)
    a[[0, 1, 2, 3], [0, 1, 2, 3]] = b[[4, 5, 0, 6], [0, 1, 2, 3]] = True
    partner, _ = match_sets(sets_of(a), sets_of(b), 8)
    np.testing.assert_array_equal(partner, [2, 1, 0, 3])


def test_a_layer_and_itself_are_paired_in_place() -> None:
    mask = np.random.default_rng(0).random((50, 80)) < 0.02
    partner, gap = match_sets(sets_of(mask), sets_of(mask), 50)
    np.testing.assert_array_equal(partner, np.arange(80))
    assert gap == 0


def test_the_unchanged_majority_is_recognised() -> None:
    rng = np.random.default_rng(0)
    mask = rng.random((200, 200)) < 0.1
    changed = np.hstack([rewired(mask[:, :20], 0.5, rng), mask[:, 20:]])
    order = rng.permutation(200)
    partner = identical_partners(sets_of(mask), sets_of(changed[:, order]), 200, *uncoloured((200, 200)))
    assert np.count_nonzero(partner >= 0) >= 180
    np.testing.assert_array_equal(order[partner[20:]], np.arange(20, 200))


def test_padding_and_relabelling() -> None:
    mask = np.array([[1, 0], [1, 1], [0, 1]], bool)
    wider = padded(sets_of(mask), 4)
    np.testing.assert_array_equal(wider.start, [0, 2, 4, 4, 4])
    moved = relabelled(sets_of(mask), np.array([2, 0, 1]))
    for j, labels in enumerate([{2, 0}, {0, 1}]):
        assert set(moved.members[moved.start[j] : moved.start[j + 1]].tolist()) == labels
    np.testing.assert_array_equal(inverse(np.array([2, 0, 1])), [1, 2, 0])


def test_the_dense_way_leaves_the_wider_side_unpaired() -> None:
    a, b = np.eye(4, 3, dtype=bool), np.eye(4, 2, k=-1, dtype=bool)
    np.testing.assert_array_equal(match_densely(sets_of(a), sets_of(b), 4), [-1, 0, 1])
    assert set_distance(a[:, 1], b[:, 0]) == 0


@given(shapes, densities, densities, seeds)
def test_gap_is_what_scipys_pairing_falls_short(
    shape: tuple[int, int, int], density: float, other: float, seed: int
) -> None:
    a, b = two_masks(shape, density, other, seed)
    partner = match_densely(sets_of(a), sets_of(b), shape[0])
    assert gap_of(partner, sets_of(a), sets_of(b), shape[0]) <= len(partner)
    worse = np.random.default_rng(seed).permutation(partner)
    costs = set_distances(a, b)
    pairs, others = np.flatnonzero(worse >= 0), np.flatnonzero(partner >= 0)
    loss = costs[pairs, worse[pairs]].sum() - costs[others, partner[others]].sum()
    assert gap_of(worse, sets_of(a), sets_of(b), shape[0]) == pytest.approx(loss * ONE, abs=2 * len(pairs))


@pytest.mark.parametrize("density", [0.003, 0.05, 0.5])
def test_scipys_pairing_of_wide_layers_is_certified(density: float) -> None:
    a, b = (sets_of(mask) for mask in two_masks((300, 300, 300), density, density, 1))
    assert gap_of(match_densely(a, b, 300), a, b, 300) <= 300
    assert gap_of(np.arange(300), a, b, 300) > ONE
