from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from growing import grown
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats

import topokit as tk
from topokit.analyzers.moran import grid_moran, moments_over_orders
from topokit.dag import LayeredDAG
from topokit.errors import InsufficientDataError, ParameterError


def rook(rows: int, columns: int) -> np.ndarray:
    places = [(r, c) for r in range(rows) for c in range(columns)]
    return np.array([[float(abs(a - c) + abs(b - d) == 1) for c, d in places] for a, b in places])


def literal(image: np.ndarray) -> float:
    """Moran (1950), as a double sum."""
    weights, z = rook(*image.shape), image.ravel() - image.mean()
    total = sum(weights[i, j] * z[i] * z[j] for i in range(len(z)) for j in range(len(z)))
    return float(len(z) / weights.sum() * total / (z**2).sum())


def network(image: np.ndarray) -> LayeredDAG:
    """A network whose inputs have these numbers of edges."""
    most = int(image.max())
    matrix = np.arange(most)[None, :] < image.reshape(-1, 1)
    return LayeredDAG.from_adjacencies([matrix], input_shape=image.shape)


@given(rows=st.integers(1, 5), columns=st.integers(4, 7), seed=st.integers(0, 99))
def test_equals_the_double_sum(rows: int, columns: int, seed: int) -> None:
    image = np.random.default_rng(seed).integers(0, 5, (rows, columns)).astype(float)
    if np.ptp(image):
        assert_allclose(grid_moran(image), literal(image), atol=1e-12)


@pytest.mark.parametrize("shape", [(2, 3), (1, 6), (2, 4)])
def test_moments_are_those_of_all_orders(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).gamma(1, size=shape)
    orders = np.array(list(permutations(image.ravel())))
    over_all = grid_moran(orders.reshape(-1, *shape))
    found = moments_over_orders(image[None])
    assert_allclose(over_all.mean(), -1 / (image.size - 1), atol=1e-12)
    assert_allclose([found.mean, found.variance[0]], [over_all.mean(), over_all.var()], atol=1e-12)


def test_a_chessboard_is_minus_one_and_a_slope_is_near_one() -> None:
    board = np.indices((6, 6)).sum(axis=0) % 2
    assert tk.moran(network(board)).statistic[0] == pytest.approx(-1)
    rows = 40
    slope = np.tile(np.arange(rows)[:, None], (1, 3))
    # Of a column of n rows: squares of the steps between neighbours against the variance of 0 ... n - 1.
    within = ((np.arange(rows) - (rows - 1) / 2) ** 2).sum()
    products = ((np.arange(rows - 1) - (rows - 1) / 2) * (np.arange(1, rows) - (rows - 1) / 2)).sum()
    expected = 3 * rows / (2 * rows + 3 * (rows - 1)) * (2 * within + 3 * products) / (3 * within)
    assert tk.moran(network(slope)).statistic[0] == pytest.approx(expected)
    assert expected > 0.9


def test_a_blob_is_found_and_its_shuffled_pixels_are_not() -> None:
    y, x = np.mgrid[:12, :12]
    blob = np.round(9 * np.exp(-((x - 5) ** 2 + (y - 6) ** 2) / 12)).astype(int)
    found = tk.moran(network(blob), permutations=199).frame.iloc[0]
    assert found["z"] > 8
    assert (found["p_greater"], found["p_two_sided"]) == (0.005, 0.01)
    shuffled = np.random.default_rng(1).permutation(blob.ravel()).reshape(12, 12)
    assert abs(tk.moran(network(shuffled)).z[0]) < 3


def test_p_is_uniform_where_targets_choose_blindly() -> None:
    rng = np.random.default_rng(0)
    p_values = []
    for _ in range(300):
        drawn = tk.same_density(LayeredDAG.from_adjacencies([rng.random((25, 30)) < 0.4], input_shape=(5, 5)), rng)
        p_values.append(tk.moran(drawn, permutations=39, rng=rng).p_greater[0])
    counts = np.bincount(np.ceil(np.array(p_values) * 5 - 1e-9).astype(int) - 1, minlength=5)
    assert stats.chisquare(counts).pvalue > 0.001


def test_z_agrees_with_the_permutations() -> None:
    result = tk.moran(grown(3), permutations=5000)
    assert_allclose(result.replicates.mean(axis=1), result.expected, atol=0.006)
    assert_allclose(result.replicates.std(axis=1), result.spread, rtol=0.04)


def test_every_moment_and_every_map() -> None:
    series = grown(4)
    maps = tk.input_map(series)
    for value in ("count", "weight", "absolute"):
        result = tk.moran(series, value=value, permutations=9)
        assert_allclose(result.statistic, [literal(maps.image(value, moment=t)) for t in range(4)])
        assert_allclose(tk.moran(maps, value=value, permutations=9).replicates, result.replicates)
    assert result.frame["step"].tolist() == [0, 100, 200, 300]
    assert tk.moran(series, permutations=0).frame["p_two_sided"].isna().all()


def test_channels_are_chosen_or_added() -> None:
    counts = np.random.default_rng(0).integers(0, 4, (3, 4, 4))
    colours = LayeredDAG.from_adjacencies([np.arange(4)[None, :] < counts.reshape(-1, 1)], input_shape=(3, 4, 4))
    assert tk.moran(colours, channel=1).statistic[0] == pytest.approx(literal(counts[1].astype(float)))
    assert tk.moran(colours).statistic[0] == pytest.approx(literal(counts.sum(axis=0).astype(float)))


def test_flat_maps_have_no_pattern() -> None:
    row = tk.moran(network(np.full((3, 3), 2))).frame.iloc[0]
    assert row[["moran", "sd", "z", "p_greater", "p_two_sided"]].isna().all()
    assert row["reason"] == "all pixels are equal"


def test_what_is_no_image_is_refused() -> None:
    with pytest.raises(ParameterError, match="which is no image: give the analyzer shape"):
        tk.moran(tk.uniform((9, 4), 0.5, 0))
    with pytest.raises(InsufficientDataError, match="image of 2 pixels"):
        tk.moran(tk.uniform((2, 4), 0.5, 0), shape=(1, 2))
    with pytest.raises(InsufficientDataError, match="no weights to map"):
        tk.moran(tk.uniform((9, 4), 0.5, 0), shape=(3, 3), value="weight")
    with pytest.raises(ParameterError, match="permutations=-1"):
        tk.moran(grown(1), permutations=-1)
