"""Both ways of trading edges draw every graph with the given degrees equally often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse, stats

from topokit.kernels.curveball import traded
from topokit.kernels.curveball_bits import traded_bits

Mask = NDArray[np.bool_]
Draw = Callable[[Mask, int, int], Mask]


def starts(degrees: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(degrees)]).astype(np.int64)


def by_lists(mask: Mask, seed: int, rounds: int) -> Mask:
    start, columns = starts(mask.sum(1)), np.nonzero(mask)[1].astype(np.int32)
    return _mask(mask, traded(start, columns, starts(mask.sum(0)), np.uint64(seed), rounds))


def by_bits(mask: Mask, seed: int, rounds: int) -> Mask:
    start, columns = starts(mask.sum(1)), np.nonzero(mask)[1].astype(np.int32)
    return _mask(mask, traded_bits(start, columns, mask.shape[1], np.uint64(seed), rounds))


def _mask(mask: Mask, columns: NDArray[np.int32]) -> Mask:
    matrix = sparse.csr_array((np.ones(len(columns), int), columns, starts(mask.sum(1))), shape=mask.shape)
    answer: Mask = matrix.toarray() == 1
    return answer


BOTH = pytest.mark.parametrize("draw", [by_lists, by_bits])


def all_graphs(out_degrees: list[int], in_degrees: list[int]) -> list[Mask]:
    """Every bipartite graph with these degrees, by trying all."""
    rows = [list(combinations(range(len(in_degrees)), degree)) for degree in out_degrees]
    found = []
    for chosen in product(*rows):
        matrix = np.zeros((len(out_degrees), len(in_degrees)), bool)
        for row, columns in enumerate(chosen):
            matrix[row, list(columns)] = True
        if matrix.sum(0).tolist() == in_degrees:
            found.append(matrix)
    return found


@BOTH
@pytest.mark.parametrize(
    ("out_degrees", "in_degrees", "count"),
    [
        ([2, 1, 1, 1], [2, 2, 1], 12),
        ([3, 2, 2, 1], [3, 2, 2, 1], 24),
        ([1, 1, 1, 1], [1, 1, 1, 1], 24),
        ([4, 2, 1, 1, 1], [3, 2, 2, 1, 1], 85),
    ],
)
def test_every_graph_of_a_degree_sequence_is_equally_likely(
    draw: Draw, out_degrees: list[int], in_degrees: list[int], count: int
) -> None:
    graphs = [graph.tobytes() for graph in all_graphs(out_degrees, in_degrees)]
    start = np.frombuffer(graphs[0], bool).reshape(len(out_degrees), len(in_degrees))
    seeds = np.random.default_rng(0).integers(2**62, size=100 * count).tolist()
    seen = Counter(draw(start, seed, 16).tobytes() for seed in seeds)
    assert set(seen) == set(graphs)
    assert len(graphs) == count
    assert stats.chisquare([seen[graph] for graph in graphs]).pvalue > 0.001


@BOTH
@given(
    rows=st.integers(1, 80), columns=st.integers(1, 140), density=st.sampled_from([0, 0.02, 0.5, 0.9, 1]),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_degrees_stay(draw: Draw, rows: int, columns: int, density: float, seed: int) -> None:
    mask = np.random.default_rng(seed).random((rows, columns)) < density
    drawn = draw(mask, seed, 3)
    np.testing.assert_array_equal(drawn.sum(0), mask.sum(0))
    np.testing.assert_array_equal(drawn.sum(1), mask.sum(1))


@BOTH
@pytest.mark.parametrize("sides", ["rows", "both"])
def test_unequal_degrees_are_mixed(draw: Draw, sides: str) -> None:
    rng = np.random.default_rng(0)
    appeal = np.geomspace(1, 100, 300)
    wanted = np.outer(appeal, appeal if sides == "both" else np.ones(300))
    mask = rng.random((300, 300)) < 0.05 * wanted / wanted.mean()
    soon, later = ([int((mask & draw(mask, k, rounds)).sum()) for k in range(20)] for rounds in (16, 100))
    assert stats.ttest_ind(soon, later).pvalue > 0.001


@BOTH
def test_each_round_leaves_a_quarter(draw: Draw) -> None:
    mask = np.random.default_rng(0).random((400, 300)) < 0.1
    left = [np.corrcoef(mask.ravel(), draw(mask, 1, rounds).ravel())[0, 1] for rounds in (1, 2, 3)]
    np.testing.assert_allclose(left, [1 / 4, 1 / 16, 1 / 64], atol=0.015)


@BOTH
def test_seeds_repeat(draw: Draw) -> None:
    mask = np.random.default_rng(0).random((50, 40)) < 0.2
    np.testing.assert_array_equal(draw(mask, 3, 2), draw(mask, 3, 2))
    assert (draw(mask, 3, 2) != draw(mask, 4, 2)).any()
