from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from topokit.kernels.kendall import (
    dense_ranks,
    places_of,
    rank_order,
    rank_starts,
    score_by_places,
    score_by_table,
    untied_pairs,
)

SMALL_ROWS = arrays(np.int64, st.tuples(st.just(2), st.integers(1, 25)), elements=st.integers(-5, 5))


def by_places(ranks: np.ndarray, levels: np.ndarray) -> int:
    n = ranks.shape[1]
    untied = sum(untied_pairs(row, count) for row, count in zip(ranks, levels, strict=True))
    starts, order = rank_starts(ranks[0], levels[0]), rank_order(ranks[1], levels[1])
    return untied - n * (n - 1) // 2 + score_by_places(ranks[0], starts, order, *places_of(ranks[1], levels[1]))


@given(SMALL_ROWS)
def test_both_ways_of_counting_equal_the_definition(rows: np.ndarray) -> None:
    ranks, levels = dense_ranks(rows)
    pairs = combinations(range(rows.shape[1]), 2)
    score = sum(int(np.sign(rows[0, i] - rows[0, j]) * np.sign(rows[1, i] - rows[1, j])) for i, j in pairs)
    order = rank_order(ranks[0], levels[0])
    assert np.array_equal(order, np.argsort(ranks[0], kind="stable"))
    assert score_by_table(ranks[0], ranks[1], levels[0], levels[1]) == score
    assert by_places(ranks, levels) == score


@pytest.mark.parametrize("levels", [3, 700, 10**9])
@pytest.mark.parametrize("n", [31, 32, 33, 63, 64, 65, 2048, 5000])
def test_both_ways_agree_beyond_one_batch_and_word(n: int, levels: int) -> None:
    rng = np.random.default_rng(n)
    ranks, counts = dense_ranks(rng.integers(0, levels, (2, n)))
    assert by_places(ranks, counts) == score_by_table(ranks[0], ranks[1], counts[0], counts[1])


@given(SMALL_ROWS)
def test_untied_pairs_equal_the_definition(rows: np.ndarray) -> None:
    ranks, levels = dense_ranks(rows)
    expected = sum(rows[0, i] != rows[0, j] for i, j in combinations(range(rows.shape[1]), 2))
    assert untied_pairs(ranks[0], levels[0]) == expected


def test_counts_stay_exact_beyond_32_bits() -> None:
    ranks, levels = dense_ranks(np.arange(200_000)[None, :])
    assert untied_pairs(ranks[0], levels[0]) == 200_000 * 199_999 // 2
