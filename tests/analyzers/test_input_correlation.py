from __future__ import annotations

import numpy as np
import pytest
from growing import grown
from numpy.testing import assert_allclose
from scipy import ndimage, stats
from sklearn.datasets import load_digits

import topokit as tk
from topokit.dag import LayeredDAG
from topokit.errors import InsufficientDataError, ParameterError

VARIANCE = load_digits().images.var(axis=0)


def of_counts(counts: np.ndarray) -> LayeredDAG:
    counts = counts - counts.min()
    return LayeredDAG.from_adjacencies(
        [np.arange(int(counts.max()))[None, :] < counts.reshape(-1, 1)], input_shape=counts.shape
    )


@pytest.mark.parametrize(("method", "peer"), [("spearman", stats.spearmanr), ("pearson", stats.pearsonr)])
@pytest.mark.parametrize("value", ["count", "weight", "absolute"])
def test_equals_scipy(method: str, peer, value: str) -> None:
    series = grown(4)
    found = tk.input_correlation(series, VARIANCE, method=method, value=value)
    maps = tk.input_map(series).values(value)
    assert_allclose(found.correlation, [peer(row, VARIANCE.ravel()).statistic for row in maps], atol=1e-12)


@pytest.mark.parametrize("method", ["spearman", "pearson"])
def test_shifts_are_those_of_numpy_roll(method: str) -> None:
    series = grown(2)
    found = tk.input_correlation(series, VARIANCE, method=method)
    counts = tk.input_map(series).counts[1].reshape(8, 8)
    peer = stats.spearmanr if method == "spearman" else stats.pearsonr
    rolled = [
        peer(np.roll(counts, (a, b), (0, 1)).ravel(), VARIANCE.ravel()).statistic for a in range(8) for b in range(8)
    ]
    assert_allclose(found.replicates[1], rolled, atol=1e-12)
    assert found.p_value[1] == np.mean(np.abs(rolled) >= abs(rolled[0]) - 1e-10)


def test_channels_shift_together() -> None:
    rng = np.random.default_rng(0)
    counts, data = rng.integers(0, 9, (3, 4, 5)), rng.random((3, 4, 5))
    found = tk.input_correlation(of_counts(counts), data, method="pearson")
    rolled = [
        np.corrcoef(np.roll(counts, (a, b), (1, 2)).ravel(), data.ravel())[0, 1] for a in range(4) for b in range(5)
    ]
    assert_allclose(found.replicates[0], rolled, atol=1e-12)


def test_a_map_that_follows_the_data_is_found() -> None:
    noise = np.random.default_rng(0).normal(size=(8, 8))
    counts = np.round(VARIANCE + 5 * noise).astype(int)
    found = tk.input_correlation(of_counts(counts), VARIANCE).frame.iloc[0]
    assert found["correlation"] > 0.8
    assert found["p_value"] <= 3 / 64


def smooth(rng: np.random.Generator) -> np.ndarray:
    return ndimage.gaussian_filter(rng.normal(size=(12, 12)), 1.5, mode="wrap")


def test_smooth_images_fool_permutations_and_not_shifts() -> None:
    rng = np.random.default_rng(0)
    rejected = {"torus": 0, "permutation": 0}
    for _ in range(200):
        network, data = of_counts(np.round(20 * smooth(rng) / 0.2).astype(int)), smooth(rng)
        for null in rejected:
            result = tk.input_correlation(network, data, null=null, permutations=99, rng=rng)
            rejected[null] += int(result.p_value[0] <= 0.05)
    assert stats.binomtest(rejected["torus"], 200, 0.05).pvalue > 0.001
    assert rejected["permutation"] > 60


def test_permutations_are_calibrated_where_targets_choose_blindly() -> None:
    rng = np.random.default_rng(1)
    p_values = [
        tk.input_correlation(
            tk.uniform((64, 30), 0.3, rng), VARIANCE, null="permutation", permutations=39, rng=rng
        ).p_value[0]
        for _ in range(300)
    ]
    counts = np.bincount(np.ceil(np.array(p_values) * 5 - 1e-9).astype(int) - 1, minlength=5)
    assert stats.chisquare(counts).pvalue > 0.001


def test_flat_maps_have_no_correlation() -> None:
    row = tk.input_correlation(
        LayeredDAG.from_adjacencies([np.ones((64, 3))]), VARIANCE, null="permutation"
    ).frame.iloc[0]
    assert row[["correlation", "p_value"]].isna().all()
    assert row["reason"] == "all inputs are equal"


@pytest.mark.parametrize(
    ("data", "options", "words"),
    [
        (load_digits().data, {}, r"shape \(1797, 64\) holds no number for each of 64 inputs"),
        (np.full(64, np.nan), {}, r"data\[0\] is not finite"),
        (np.ones(64), {}, "data is 1 for all inputs"),
        (["a"] * 64, {}, "holds no number"),
        (VARIANCE, {"method": "kendall"}, "method='kendall': use 'spearman' or 'pearson'"),
        (VARIANCE, {"null": "none"}, "null='none'"),
        (VARIANCE, {"permutations": 0}, "permutations=0"),
        (VARIANCE, {"value": "sign"}, "value='sign'"),
    ],
)
def test_bad_questions_are_refused(data, options: dict, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        tk.input_correlation(grown(1), data, **options)


def test_bad_networks_are_refused() -> None:
    with pytest.raises(ParameterError, match="is no image"):
        tk.input_correlation(tk.uniform((64, 4), 0.5, 0), VARIANCE)
    with pytest.raises(InsufficientDataError, match="3 inputs cannot be correlated"):
        tk.input_correlation(tk.uniform((3, 4), 0.5, 0), [1, 2, 3])
