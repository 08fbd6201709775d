from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from topokit.errors import ParameterError
from topokit.generators import random_keys, random_mask, random_pattern, unused_keys
from topokit.generators.patterns import pattern_of_keys


@pytest.mark.parametrize(("population", "count"), [(6, 2), (6, 4), (6, 3), (70, 2)])
def test_every_set_is_equally_likely(population: int, count: int) -> None:
    rng = np.random.default_rng(7)
    seen = dict.fromkeys(combinations(range(population), count), 0)
    for _ in range(8 * len(seen) if population > 6 else 3000):
        seen[tuple(random_keys(population, count, rng).tolist())] += 1
    assert stats.chisquare(list(seen.values())).pvalue > 0.001


@given(rows=st.integers(1, 40), columns=st.integers(1, 40), share=st.floats(0, 1), seed=st.integers(0, 99))
def test_edges_are_exactly_as_many_as_asked(rows: int, columns: int, share: float, seed: int) -> None:
    n_edges = round(share * rows * columns)
    pattern = random_pattern((rows, columns), n_edges, seed)
    mask = random_mask((rows, columns), n_edges, seed)
    assert pattern.nnz == np.count_nonzero(mask) == n_edges
    assert pattern.shape == mask.shape == (rows, columns)
    np.testing.assert_array_equal(pattern.in_degrees(), mask.sum(0))
    np.testing.assert_array_equal(pattern.out_degrees(), mask.sum(1))


def test_half_a_million_neurons_on_either_side() -> None:
    pattern = random_pattern((500_000, 500_000), 200_000, 1)
    assert pattern.nnz == 200_000
    assert pattern.nbytes < 5e6


def test_out_degrees_are_hypergeometric() -> None:
    degrees = np.concatenate([random_pattern((100, 50), 1000, seed).out_degrees() for seed in range(60)])
    law = stats.hypergeom(5000, 1000, 50)
    edges = np.arange(5, 16)
    observed = np.array([(degrees <= 5).sum(), *[(degrees == k).sum() for k in edges[1:]], (degrees > 15).sum()])
    expected = len(degrees) * np.array([law.cdf(5), *law.pmf(edges[1:]), law.sf(15)])
    assert stats.chisquare(observed, expected).pvalue > 0.001


def test_a_seed_and_its_generator_draw_the_same() -> None:
    np.testing.assert_array_equal(random_keys(1000, 10, 3), random_keys(1000, 10, np.random.default_rng(3)))
    assert not np.array_equal(random_keys(1000, 10, 3), random_keys(1000, 10, 4))


@given(
    used=st.sets(st.integers(0, 30)).map(sorted),
    data=st.data(),
)
def test_unused_keys_are_those_left(used: list[int], data: st.DataObject) -> None:
    left = [key for key in range(31) if key not in used]
    ranks = data.draw(st.sets(st.integers(0, len(left) - 1)).map(sorted)) if left else []
    keys = unused_keys(np.array(used, np.int64), np.array(ranks, np.int64))
    assert keys.tolist() == [left[rank] for rank in ranks]


def test_keys_beyond_32_bits_keep_their_place() -> None:
    shape = (200_000, 100_000)
    keys = np.array([0, 99_999, 100_000, 2**31 + 5, 200_000 * 100_000 - 1], np.int64)
    indptr, indices = pattern_of_keys(keys, shape).csr()
    rows = np.repeat(np.arange(shape[0]), np.diff(indptr))
    np.testing.assert_array_equal(rows * 100_000 + indices, keys)


@pytest.mark.parametrize("n_edges", [-1, 7])
def test_impossible_counts_are_refused(n_edges: int) -> None:
    with pytest.raises(ParameterError, match=f"{n_edges} edges were asked for where 0 to 6 are possible"):
        random_pattern((2, 3), n_edges, 0)
