"""Maps of networks: plane points come back, and stress is what scikit-learn and scipy say."""

from __future__ import annotations

import numpy as np
import pytest
from growing import grown
from scipy.optimize import minimize
from scipy.spatial import procrustes
from scipy.spatial.distance import pdist, squareform

import topokit as tk
from topokit.errors import InsufficientDataError, ParameterError


def random_distances(count: int, seed: int) -> np.ndarray:
    return squareform(np.random.default_rng(seed).uniform(0.1, 1, count * (count - 1) // 2))


@pytest.mark.parametrize("method", ["classical", "smacof"])
def test_points_of_a_plane_come_back(method: str) -> None:
    points = np.random.default_rng(0).normal(size=(20, 2)) * [3, 1]
    distances = squareform(pdist(points))
    result = tk.network_map(distances, method=method)
    np.testing.assert_allclose(squareform(pdist(result.coordinates)), distances, atol=1e-6)
    assert procrustes(points, result.coordinates)[2] < 1e-9
    assert result.stress < 1e-6
    np.testing.assert_allclose(result.explained.sum(), 1)
    assert result.negative_share == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(result.coordinates.mean(axis=0), 0, atol=1e-9)


def test_axes_are_principal_components() -> None:
    points = np.random.default_rng(1).normal(size=(15, 4)) * [4, 3, 2, 1]
    result = tk.network_map(squareform(pdist(points)), dimensions=3)
    _, scales, _ = np.linalg.svd(points - points.mean(axis=0))
    np.testing.assert_allclose(result.eigenvalues[:4], scales**2)
    np.testing.assert_allclose(result.explained, scales[:3] ** 2 / np.sum(scales**2))
    np.testing.assert_allclose(np.linalg.norm(result.coordinates, axis=0), scales[:3])


def test_distances_that_no_space_has_say_so() -> None:
    detour = np.array([[0, 1, 1, 1], [1, 0, 2, 2], [1, 2, 0, 2], [1, 2, 2, 0]], float)
    result = tk.network_map(detour)
    squares = detour**2
    centre = np.eye(4) - 0.25
    expected = np.linalg.eigvalsh(-centre @ squares @ centre / 2)[::-1]
    np.testing.assert_allclose(result.eigenvalues, expected, atol=1e-12)
    assert expected[-1] < -0.1
    np.testing.assert_allclose(result.negative_share, -expected[-1] / np.abs(expected).sum())
    assert result.stress > 0.05


def test_stress_is_kruskals() -> None:
    distances = random_distances(12, 3)
    result = tk.network_map(distances)
    apart = pdist(result.coordinates)
    assert result.stress == pytest.approx(np.linalg.norm(apart - squareform(distances)) / np.linalg.norm(apart))


@pytest.mark.parametrize("seed", range(5))
def test_least_squares_reaches_a_minimum_below_the_classical_map(seed: int) -> None:
    distances = random_distances(8, seed)

    def loss(flat: np.ndarray) -> float:
        return float(np.sum((pdist(flat.reshape(8, 2)) - squareform(distances)) ** 2))

    classical, fitted = (tk.network_map(distances, method=method) for method in ("classical", "smacof"))
    assert loss(fitted.coordinates) < loss(classical.coordinates)
    polished = minimize(loss, fitted.coordinates.ravel(), method="BFGS")
    assert loss(fitted.coordinates) == pytest.approx(polished.fun, rel=1e-4)


def test_signs_do_not_depend_on_the_order_of_the_networks() -> None:
    matrix = tk.nnstd_matrix(grown(6)).matrix
    result = tk.network_map(matrix)
    for column in result.coordinates.T:
        assert column[np.argmax(np.abs(column) >= np.abs(column).max() / 2)] > 0
    pair = tk.network_map([[0, 1], [1, 0]], dimensions=1)
    np.testing.assert_allclose(pair.coordinates, [[0.5], [-0.5]])


def test_equal_networks_lie_on_each_other() -> None:
    result = tk.network_map(np.zeros((3, 3)), method="smacof")
    np.testing.assert_array_equal(result.coordinates, np.zeros((3, 2)))
    assert np.isnan(result.stress)
    assert np.isnan(result.explained).all()
    twins = tk.network_map(np.array([[0, 0, 1], [0, 0, 1], [1, 1, 0]], float), method="smacof")
    np.testing.assert_allclose(twins.coordinates[0], twins.coordinates[1], atol=1e-7)


def test_a_line_has_one_axis() -> None:
    line = np.abs(np.subtract.outer(np.arange(4.0), np.arange(4.0)))
    result = tk.network_map(line)
    np.testing.assert_allclose(np.abs(np.diff(result.coordinates[:, 0])), 1)
    np.testing.assert_array_equal(result.coordinates[:, 1], 0)
    np.testing.assert_allclose(result.explained, [1, 0])


def test_the_frame_has_a_column_per_axis() -> None:
    result = tk.network_map(tk.nnstd_matrix(grown(5)), dimensions=3)
    assert list(result.frame.columns) == ["label", "axis_1", "axis_2", "axis_3"]
    assert tuple(result.frame["label"]) == result.labels


def test_what_is_refused_says_what_to_do() -> None:
    distances = random_distances(3, 0)
    with pytest.raises(ParameterError, match="dimensions=3: 3 networks span at most 2"):
        tk.network_map(distances, dimensions=3)
    with pytest.raises(ParameterError, match="dimensions=0"):
        tk.network_map(distances, dimensions=0)
    with pytest.raises(ParameterError, match="'tsne': use 'classical' or 'smacof'"):
        tk.network_map(distances, method="tsne")
    with pytest.raises(InsufficientDataError):
        tk.network_map([[0.0]])
