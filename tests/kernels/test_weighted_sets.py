from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse

from topokit.kernels import weighted_sets
from topokit.kernels.common_inputs import common_counts
from topokit.kernels.input_sets import InputSets
from topokit.kernels.similar_sets import columns_for
from topokit.kernels.weighted_sets import (
    ONE,
    WeightedSets,
    overlaps,
    ruzicka_distances,
    similarities,
    totals,
    weighted_columns,
)

Values = NDArray[np.float64]

shapes = st.tuples(st.integers(1, 90), st.integers(1, 7), st.integers(1, 7))
densities = st.sampled_from([0.0, 0.05, 0.3, 0.7, 1.0])
seeds = st.integers(0, 2**32 - 1)


def weighted_sets_of(values: Values) -> WeightedSets:
    """Columns of a matrix (n_inputs, n_sets) as sets of their values that are not 0."""
    columns = sparse.csc_array(values)
    return WeightedSets(columns.indptr.astype(np.int64), columns.indices.astype(np.int32), columns.data)


def in_another_order(sets: WeightedSets, rng: np.random.Generator) -> WeightedSets:
    owner = np.repeat(np.arange(len(sets.start) - 1), np.diff(sets.start))
    order = np.lexsort((rng.random(len(owner)), owner))
    return WeightedSets(sets.start, sets.members[order], sets.values[order])


def two_matrices(shape: tuple[int, int, int], density: float, seed: int, scale: float) -> tuple[Values, Values]:
    rng = np.random.default_rng(seed)
    n_inputs, *sizes = shape
    a, b = (rng.gamma(0.5, scale, (n_inputs, n)) * (rng.random((n_inputs, n)) < density) for n in sizes)
    return a, b


def common(a: Values, b: Values) -> Values:
    return np.minimum(a[:, :, None], b[:, None, :]).sum(axis=0)


def ruzicka(a: Values, b: Values) -> Values:
    """Similarity of all pairs of columns, 1 for two without values."""
    greater = np.maximum(a[:, :, None], b[:, None, :]).sum(axis=0)
    return np.divide(common(a, b), greater, out=np.ones(greater.shape), where=greater > 0)


@pytest.fixture(params=[0.01, 1e9], ids=["by edges", "in a row"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weighted_sets, "_IN_A_ROW", request.param)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("density", [0.0, 0.05, 0.3, 1.0])
@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e20])
def test_similarities_are_those_of_matrices(density: float, scale: float) -> None:
    for seed in range(10):
        a, b = two_matrices((60, 8, 9), density, seed, scale)
        sets, columns = weighted_sets_of(a), weighted_columns(weighted_sets_of(b), 60)
        rows = np.array([3, 0, 7])
        shared = overlaps(sets, rows, columns)
        np.testing.assert_allclose(shared, common(a, b)[rows], rtol=0, atol=1e-13 * a.sum(axis=0).max())
        np.testing.assert_allclose(totals(sets), a.sum(axis=0), rtol=1e-13, atol=0)
        weights = similarities(shared, totals(sets)[rows], columns.totals)
        np.testing.assert_allclose(weights / ONE, ruzicka(a, b)[rows], rtol=0, atol=1.01 / ONE)


@pytest.mark.usefixtures("way")
def test_the_order_of_inputs_makes_no_difference() -> None:
    for seed in range(20):
        a, b = two_matrices((80, 6, 7), 0.5, seed, 1.0)
        rng = np.random.default_rng(seed)
        sets, others = weighted_sets_of(a), weighted_sets_of(b)
        rows, labels = np.arange(6), rng.permutation(80).astype(np.int32)
        moved, others_moved = (
            in_another_order(WeightedSets(one.start, labels[one.members], one.values), rng) for one in (sets, others)
        )
        np.testing.assert_array_equal(totals(moved), totals(sets))
        shared = overlaps(sets, rows, weighted_columns(others, 80))
        np.testing.assert_array_equal(overlaps(moved, rows, weighted_columns(others_moved, 80)), shared)


def test_both_ways_agree_to_the_last_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = two_matrices((200, 50, 40), 0.3, 1, 1.0)
    ways = []
    for in_a_row in (0.01, 1e9):
        monkeypatch.setattr(weighted_sets, "_IN_A_ROW", in_a_row)
        columns = weighted_columns(weighted_sets_of(b), 200)
        assert (len(columns.dense) > 0) == (in_a_row > 1)
        ways.append(overlaps(weighted_sets_of(a), np.arange(50), columns))
    np.testing.assert_array_equal(*ways)


@given(shapes, densities, seeds, st.sampled_from([1e-300, 1e-20, 1.0, 1e30]))
def test_distances_of_pairs(shape: tuple[int, int, int], density: float, seed: int, scale: float) -> None:
    a, b = two_matrices(shape, density, seed, scale)
    partner = np.random.default_rng(seed).integers(-1, shape[2], shape[1])
    distances = ruzicka_distances(weighted_sets_of(a), weighted_sets_of(b), partner, shape[0])
    expected = 1 - ruzicka(a, b)[np.arange(shape[1]), partner]
    np.testing.assert_allclose(distances, np.where(partner < 0, 0, expected), rtol=0, atol=1e-12)


@given(shapes, densities, seeds)
def test_equal_sets_are_at_distance_0_in_any_order(shape: tuple[int, int, int], density: float, seed: int) -> None:
    values, _ = two_matrices(shape, density, seed, 1.0)
    sets, rng = weighted_sets_of(values), np.random.default_rng(seed)
    order = rng.permutation(shape[1])
    same = in_another_order(weighted_sets_of(values[:, order]), rng)
    assert (ruzicka_distances(same, sets, order, shape[0]) == 0).all()
    weights = similarities(
        overlaps(same, np.arange(shape[1]), weighted_columns(sets, shape[0])), totals(same), totals(sets)
    )
    assert (weights[np.arange(shape[1]), order] == ONE).all()


def test_connections_of_value_0_count_as_none() -> None:
    zeros = WeightedSets(np.array([0, 2, 2]), np.array([0, 1], np.int32), np.zeros(2))
    some = WeightedSets(np.array([0, 1, 1]), np.array([2], np.int32), np.array([3.0]))
    shared = overlaps(zeros, np.arange(2), weighted_columns(some, 3))
    np.testing.assert_array_equal(similarities(shared, totals(zeros), totals(some)), [[0, ONE], [0, ONE]])
    np.testing.assert_array_equal(ruzicka_distances(zeros, some, np.array([0, 1]), 3), [1, 0])
    np.testing.assert_array_equal(ruzicka_distances(zeros, zeros, np.array([1, 0]), 3), [0, 0])


@given(shapes, densities, seeds)
def test_values_of_1_are_the_jaccard_index(shape: tuple[int, int, int], density: float, seed: int) -> None:
    a, b = (np.sign(values) for values in two_matrices(shape, density, seed, 1.0))
    sets, others = weighted_sets_of(a), weighted_sets_of(b)
    rows = np.arange(shape[1])
    shared = overlaps(sets, rows, weighted_columns(others, shape[0]))
    np.testing.assert_array_equal(shared, a.T @ b)
    plain, plain_others = InputSets(sets.start, sets.members), InputSets(others.start, others.members)
    columns = columns_for(plain, shape[1], plain_others, np.arange(shape[2]), shape[0])
    np.testing.assert_array_equal(common_counts(plain, rows, columns), shared)


@pytest.mark.parametrize("density", [0.002, 0.3])
def test_common_inputs_of_wide_layers(density: float) -> None:
    masks = [np.random.default_rng(seed).random((700, 300)) < density for seed in range(2)]
    a, b = (InputSets(*weighted_sets_of(mask.astype(float))[:2]) for mask in masks)
    columns = columns_for(a, 300, b, np.arange(300), 700)
    assert (len(columns.bits) > 0) == (density > 0.1)
    rows = np.array([5, 250, 7])
    np.testing.assert_array_equal(common_counts(a, rows, columns), (masks[0].T.astype(float) @ masks[1])[rows])
