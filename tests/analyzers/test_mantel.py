"""The Mantel test against exhaustive enumeration, scipy's correlations and planted ones."""

from __future__ import annotations

from itertools import permutations
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest
from growing import grown
from scipy.spatial.distance import squareform
from scipy.stats import kstest, pearsonr, spearmanr

import topokit as tk
from topokit.errors import IncompatibleNetworksError, InsufficientDataError, ParameterError, TooLargeError

CORRELATIONS = {"pearson": pearsonr, "spearman": spearmanr}


def random_distances(count: int, seed: int, *, levels: int | None = None) -> np.ndarray:
    rng = np.random.default_rng(seed)
    pairs = count * (count - 1) // 2
    return squareform(rng.random(pairs) if levels is None else rng.integers(1, levels + 1, pairs).astype(float))


def far_as(values: np.ndarray, noise: float, seed: int) -> np.ndarray:
    """Distances that are the differences of `values`, but for noise."""
    distances = np.abs(np.subtract.outer(values, values))
    return distances + squareform(noise * np.random.default_rng(seed).random(len(values) * (len(values) - 1) // 2))


@pytest.mark.parametrize("method", CORRELATIONS)
@pytest.mark.parametrize("levels", [None, 3])
def test_the_correlation_is_that_of_the_pairs(method: str, levels: int | None) -> None:
    first, second = random_distances(9, 0, levels=levels), random_distances(9, 1, levels=levels)
    result = tk.mantel(first, second, method=method, permutations=10)
    expected = CORRELATIONS[method](squareform(first), squareform(second)).statistic
    assert result.correlation == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("alternative", ["greater", "less", "two-sided"])
@pytest.mark.parametrize("method", CORRELATIONS)
@pytest.mark.parametrize(("count", "levels"), [(4, None), (5, 2), (6, 3)])
def test_of_few_networks_every_order_is_tried(alternative: str, method: str, count: int, levels: int | None) -> None:
    first, second = random_distances(count, 2, levels=levels), random_distances(count, 3, levels=levels)
    result = tk.mantel(first, second, method=method, alternative=alternative)
    every = np.array(
        [
            CORRELATIONS[method](squareform(first), squareform(second[np.ix_(order, order)])).statistic
            for order in map(list, permutations(range(count)))
        ]
    )
    found = every[0]
    beyond = {"greater": every >= found - 1e-9, "less": every <= found + 1e-9}
    extreme = beyond.get(alternative, np.abs(every) >= abs(found) - 1e-9)
    assert result.exact
    assert result.p_value == np.mean(extreme)
    np.testing.assert_allclose(result.null, every, atol=1e-12)


def test_drawn_orders_come_near_all_of_them() -> None:
    first, second = far_as(np.arange(7.0), 3, 0), random_distances(7, 1)
    exact = tk.mantel(first, second, permutations=5040)
    drawn = tk.mantel(first, second, permutations=5039, rng=1)
    assert exact.exact
    assert not drawn.exact
    assert drawn.p_value == pytest.approx(exact.p_value, abs=0.03)
    assert drawn.p_value == (1 + np.count_nonzero(drawn.null >= drawn.correlation - 1e-9)) / 5040


def test_a_planted_correlation_is_found_and_chance_is_not() -> None:
    accuracy = np.random.default_rng(0).random(20)
    planted = tk.mantel(far_as(accuracy, 0.3, 1), accuracy)
    assert planted.correlation > 0.8
    assert planted.p_value == 1 / 10_000
    chance = [
        tk.mantel(random_distances(12, 2 * k), random_distances(12, 2 * k + 1), permutations=99) for k in range(100)
    ]
    assert kstest([test.p_value for test in chance], "uniform").pvalue > 0.01


def test_numbers_stand_for_their_differences() -> None:
    distances = random_distances(8, 0)
    values = np.random.default_rng(1).random(8)
    expected = tk.mantel(distances, np.abs(np.subtract.outer(values, values)), permutations=50)
    labels = [str(k) for k in range(8)]
    shuffled = np.random.default_rng(2).permutation(8)
    for other in (
        values,
        values.tolist(),
        pd.Series(values),
        pd.Series(values[shuffled], index=[labels[k] for k in shuffled]),
        MappingProxyType({labels[k]: values[k] for k in shuffled}),
    ):
        result = tk.mantel(distances, other, permutations=50)
        assert result.correlation == expected.correlation
        np.testing.assert_array_equal(result.null, expected.null)


def test_matrices_of_networks_carry_their_labels() -> None:
    series = grown(6)
    matrix, deeper = tk.nnstd_matrix(series), tk.nnstd_matrix(series, layers=["hidden2"])
    result = tk.mantel(matrix, deeper)
    assert result.labels == matrix.labels
    assert result.exact
    assert result.correlation == pytest.approx(
        pearsonr(squareform(matrix.matrix), squareform(deeper.matrix)).statistic, abs=1e-9
    )
    reordered = tk.nnstd_matrix({label: series[k] for k, label in enumerate(reversed(matrix.labels))})
    with pytest.raises(IncompatibleNetworksError, match="the same networks in one order"):
        tk.mantel(matrix, reordered)


def test_the_seed_and_not_the_day_decides() -> None:
    first, second = random_distances(10, 0), random_distances(10, 1)
    same = [tk.mantel(first, second, permutations=99, rng=rng).p_value for rng in (3, 3, np.random.default_rng(3))]
    assert len(set(same)) == 1


def test_the_frame_is_a_row() -> None:
    frame = tk.mantel(random_distances(5, 0), random_distances(5, 1)).frame
    assert list(frame.columns) == [
        "method",
        "alternative",
        "networks",
        "correlation",
        "p_value",
        "permutations",
        "exact",
    ]
    assert frame["permutations"].tolist() == [120]


def test_what_is_refused_says_what_to_do() -> None:
    distances = random_distances(5, 0)
    with pytest.raises(InsufficientDataError, match="3 networks: at least 4"):
        tk.mantel(distances[:3, :3], [1, 2, 3])
    with pytest.raises(InsufficientDataError, match="all distances of other are 0"):
        tk.mantel(distances, np.ones(5))
    with pytest.raises(IncompatibleNetworksError, match="5 networks"):
        tk.mantel(distances, np.ones(4))
    with pytest.raises(IncompatibleNetworksError, match="5 networks"):
        tk.mantel(distances, distances[:4, :4])
    with pytest.raises(IncompatibleNetworksError, match="one number for each network"):
        tk.mantel(distances, {"a": 1.0})
    with pytest.raises(ParameterError, match="other of '2' is not finite"):
        tk.mantel(distances, [1, 2, np.nan, 4, 5])
    with pytest.raises(ParameterError, match="'kendall': use 'pearson' or 'spearman'"):
        tk.mantel(distances, distances, method="kendall")
    with pytest.raises(ParameterError, match="'larger': use 'greater'"):
        tk.mantel(distances, distances, alternative="larger")
    with pytest.raises(ParameterError, match="permutations=0"):
        tk.mantel(distances, distances, permutations=0)
    with pytest.raises(ParameterError, match="rng='x'"):
        tk.mantel(distances, distances, rng="x")


def test_more_orders_than_fit_are_refused_before_they_are_drawn() -> None:
    distances = random_distances(40, 0)
    with pytest.raises(TooLargeError, match=r"1,000,000,000,000,000 orders take .* GiB .*fewer permutations"):
        tk.mantel(distances, distances, permutations=10**15)
    assert tk.mantel(distances[:4, :4], distances[:4, :4], permutations=10**15).exact
