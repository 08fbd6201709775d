from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from topokit.kernels import matrix_matching
from topokit.kernels.assignment_state import MAX_WEIGHT, Integers
from topokit.kernels.candidate_lists import completed, heaviest_columns, joined
from topokit.kernels.matrix_matching import match_rows

Weights = NDArray[np.int64]


def match(weights: Weights, greatest: int = MAX_WEIGHT // 2) -> tuple[Integers, int]:
    return match_rows(lambda rows: weights[rows], *weights.shape, greatest)


def check(weights: Weights, greatest: int = MAX_WEIGHT // 2) -> None:
    partner, gap = match(weights, greatest)
    rows = np.flatnonzero(partner >= 0)
    columns = partner[rows]
    assert gap == 0
    assert len(set(columns.tolist())) == len(columns)
    assert weights[rows, columns].sum() == weights[linear_sum_assignment(-weights)].sum()


@pytest.fixture(params=[(1, 1), (2, 30), (64, 1 << 20)])
def frugal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists too short at first, and matrices of few rows."""
    monkeypatch.setattr(matrix_matching, "_LIST_LENGTH", request.param[0])
    monkeypatch.setattr(matrix_matching, "_BLOCK", request.param[1])


@pytest.mark.usefixtures("frugal")
@pytest.mark.parametrize("levels", [1, 2, 4, 30, MAX_WEIGHT // 2])
def test_as_heavy_as_scipy_with_ties(levels: int) -> None:
    rng = np.random.default_rng(levels)
    for _ in range(150):
        weights = rng.integers(0, levels + 1, rng.integers(0, 14, 2))
        weights[rng.random(weights.shape) < rng.choice([0, 0.5, 0.9])] = 0
        check(weights)


@pytest.mark.parametrize("shape", [(200, 200), (150, 90), (60, 200)])
@pytest.mark.parametrize("levels", [3, 20, 10**6])
def test_as_heavy_as_scipy_on_larger_matrices(shape: tuple[int, int], levels: int) -> None:
    check(np.random.default_rng(1).integers(0, levels, shape))


def test_popular_columns() -> None:
    rng = np.random.default_rng(0)
    check(rng.integers(0, 1000, (300, 300)) + 1000 * rng.integers(0, 100, 300))


@given(arrays(np.int64, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=st.integers(0, 3)))
def test_sums_of_many_layers_keep_their_ties(weights: Weights) -> None:
    check(weights << 45, 3 << 45)


def test_only_the_lowest_bits_are_lost() -> None:
    rng = np.random.default_rng(2)
    weights = rng.integers(0, 5 << 40, (80, 80))
    partner, gap = match(weights, 5 << 40)
    assert gap == 0
    lost = weights[linear_sum_assignment(-weights)].sum() - weights[np.arange(80), partner].sum()
    assert 0 <= lost < 80 * 8


def test_a_few_rows_are_held_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix_matching, "_BLOCK", 500)
    weights = np.random.default_rng(3).integers(0, 1000, (100, 100))
    asked = []

    def some(rows: NDArray[np.int64]) -> Weights:
        asked.append(len(rows))
        return weights[rows]

    match_rows(some, 100, 100, 1000)
    assert max(asked) == 5


@given(arrays(np.int64, (4, 9), elements=st.integers(0, 4)), st.integers(1, 12))
def test_lists_hold_the_heaviest_columns(weights: Weights, length: int) -> None:
    lists = joined([heaviest_columns(weights[:1], length), heaviest_columns(weights[1:], length)])
    for row, entries in enumerate(map(slice, lists.start, lists.stop)):
        order = sorted(np.flatnonzero(weights[row]), key=lambda column: (-weights[row, column], column))
        assert lists.columns[entries].tolist() == order[:length]
        np.testing.assert_array_equal(lists.weights[entries], weights[row, order[:length]])
        assert lists.left_out[row] == (weights[row, order[length]] if length < len(order) else 0)


def test_the_rest_is_matched_as_preferred_where_possible() -> None:
    partner, preferred = np.array([2, -1, -1, -1, 0]), np.array([0, 4, 2, 1, 3])
    np.testing.assert_array_equal(completed(partner), [2, 1, 4, 3, 0])
    np.testing.assert_array_equal(completed(partner, preferred), [2, 4, 3, 1, 0])
    np.testing.assert_array_equal(completed(np.full(5, -1), preferred), preferred)
    np.testing.assert_array_equal(partner, [2, -1, -1, -1, 0])
