from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from topokit.kernels.kendall import _score_by_table, _score_by_tree, dense_ranks, untied_pairs

SMALL_ROWS = arrays(np.int64, st.tuples(st.just(2), st.integers(1, 25)), elements=st.integers(-5, 5))


@given(SMALL_ROWS)
def test_both_ways_of_counting_equal_the_definition(rows: np.ndarray) -> None:
    ranks, levels = dense_ranks(rows)
    pairs = combinations(range(rows.shape[1]), 2)
    score = sum(int(np.sign(rows[0, i] - rows[0, j]) * np.sign(rows[1, i] - rows[1, j])) for i, j in pairs)
    order = np.argsort(ranks[0], kind="stable").astype(np.int32)
    assert _score_by_table(ranks[0], ranks[1], levels[0], levels[1]) == score
    assert _score_by_tree(order, ranks[0], ranks[1], levels[1]) == score


@given(SMALL_ROWS)
def test_untied_pairs_equal_the_definition(rows: np.ndarray) -> None:
    ranks, levels = dense_ranks(rows)
    expected = sum(rows[0, i] != rows[0, j] for i, j in combinations(range(rows.shape[1]), 2))
    assert untied_pairs(ranks[0], levels[0]) == expected


def test_counts_stay_exact_beyond_32_bits() -> None:
    ranks, levels = dense_ranks(np.arange(200_000)[None, :])
    assert untied_pairs(ranks[0], levels[0]) == 200_000 * 199_999 // 2
