from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from topokit.kernels.assignment import heaviest_matching
from topokit.kernels.assignment_state import MAX_WEIGHT, Lists, Matching

Weights = NDArray[np.int64]


def lists_of(weights: Weights, lengths: NDArray[np.int64]) -> Lists:
    """The heaviest columns of each row of a matrix, as many as `lengths` says."""
    order = np.argsort(-weights, axis=1, kind="stable")
    descending = np.take_along_axis(weights, order, axis=1)
    kept = [
        columns[: min(length, np.count_nonzero(row))]
        for columns, row, length in zip(order, descending, lengths, strict=True)
    ]
    stop = np.cumsum([len(columns) for columns in kept])
    start = stop - [len(columns) for columns in kept]
    padded = np.hstack([descending, np.zeros((len(weights), 1), np.int64)])
    left_out = np.array([row[len(columns)] for row, columns in zip(padded, kept, strict=True)])
    rows = np.repeat(np.arange(len(weights)), stop - start)
    columns = np.concatenate(kept)
    return Lists(start, stop, columns, weights[rows, columns], left_out)


def solve(weights: Weights, length: int) -> tuple[Matching, int, int]:
    """Match from lists of that length, doubled when they are too short; also how often they were."""
    lengths = np.full(len(weights), length)
    calls = 0

    def lengthen(lists: Lists, rows: NDArray[np.int64]) -> Lists:
        nonlocal calls
        calls += 1
        lengths[rows] *= 2
        return lists_of(weights, lengths)

    matching, gap = heaviest_matching(lists_of(weights, lengths), weights.shape[1], lengthen)
    return matching, gap, calls


def check(weights: Weights, length: int) -> int:
    matching, gap, calls = solve(weights, length)
    rows = np.flatnonzero(matching.partner >= 0)
    columns = matching.partner[rows]
    assert len(set(columns.tolist())) == len(columns)
    np.testing.assert_array_equal(matching.owner[columns], rows)
    assert np.count_nonzero(matching.owner >= 0) == len(rows)
    np.testing.assert_array_equal(matching.gain[rows], weights[rows, columns])
    assert weights[linear_sum_assignment(-weights)].sum() == weights[rows, columns].sum()
    assert gap == 0
    return calls


def check_proof(weights: Weights, matching: Matching) -> None:
    profit = np.maximum(weights - matching.price, 0).max(axis=1)
    assert (matching.price >= 0).all()
    assert matching.price.sum() + profit.sum() == matching.gain[matching.partner >= 0].sum()


@pytest.mark.parametrize("length", [1, 2, 64])
@pytest.mark.parametrize("levels", [1, 2, 4, 30, MAX_WEIGHT])
def test_as_heavy_as_scipy_on_random_matrices_with_ties(levels: int, length: int) -> None:
    rng = np.random.default_rng(levels)
    calls = 0
    for _ in range(200):
        weights = rng.integers(1, levels + 1, rng.integers(1, 14, 2))
        weights[rng.random(weights.shape) < rng.choice([0, 0.5, 0.9])] = 0
        calls += check(weights, length)
    assert (calls > 0) == (length < 14)


@pytest.mark.parametrize("shape", [(120, 120), (150, 90), (60, 200)])
@pytest.mark.parametrize("levels", [3, 20, 10**6])
def test_as_heavy_as_scipy_on_larger_matrices(shape: tuple[int, int], levels: int) -> None:
    weights = np.random.default_rng(1).integers(0, levels, shape)
    check(weights, 8)


@given(arrays(np.int64, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=st.integers(0, 3)), st.integers(1, 6))
def test_proof_holds_for_the_whole_matrix(weights: Weights, length: int) -> None:
    matching, gap, _ = solve(weights, length)
    assert gap == 0
    check_proof(weights, matching)


def test_price_wars_end() -> None:
    weights = np.full((50, 50), MAX_WEIGHT)
    weights[:, 1:] -= np.arange(1, 50)
    check(weights, 50)


def test_nothing_to_match() -> None:
    empty = np.zeros((3, 4), np.int64)
    matching, gap, _ = solve(empty, 5)
    assert gap == 0
    assert (matching.partner == -1).all()
    assert (matching.owner == -1).all()


def test_same_answer_every_time() -> None:
    weights = np.random.default_rng(3).integers(0, 3, (80, 80))
    first, again = solve(weights, 8)[0], solve(weights, 8)[0]
    np.testing.assert_array_equal(first.partner, again.partner)
