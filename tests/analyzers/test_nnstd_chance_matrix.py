from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import topokit as tk
from topokit.analyzers import DistanceMatrix, RelativeMatrix
from topokit.dag import LayeredDAG
from topokit.errors import ParameterError

SIZES = (60, 50, 40)


def family(density: float, seed: int) -> list[LayeredDAG]:
    """A network and one with a tenth of its edges moved."""
    network = tk.uniform(SIZES, density, seed)
    return [network, tk.rewired(network, 0.1, seed + 100)]


@pytest.fixture(scope="module")
def networks() -> dict[str, LayeredDAG]:
    return dict(zip("abcdef", [*family(0.02, 0), *family(0.1, 1), *family(0.5, 2)], strict=True))


@pytest.fixture(scope="module")
def result(networks: dict[str, LayeredDAG]) -> RelativeMatrix:
    return tk.nnstd_chance_matrix(networks)


def test_values_are_distances_over_chance(networks: dict[str, LayeredDAG], result: RelativeMatrix) -> None:
    raw = tk.nnstd_matrix(networks)
    assert_array_equal(result.distances.matrix, raw.matrix)
    assert result.labels == tuple("abcdef")
    off = ~np.eye(6, dtype=bool)
    assert_array_equal(result.matrix[off], (raw.matrix / result.chance[-1])[off])
    assert_array_equal(result.layer_matrices[0][off], (raw.layer_matrices[0] / result.chance[0])[off])
    assert (np.diagonal(result.matrix) == 0).all()
    assert_array_equal(result.matrix, result.matrix.T)


def test_unrelated_networks_are_at_chance_whatever_their_densities(result: RelativeMatrix) -> None:
    related = np.kron(np.eye(3), np.ones((2, 2))) == 1
    assert_allclose(result.matrix[~related], 1, atol=0.06)
    kin = [result.matrix[k, k + 1] for k in (0, 2, 4)]
    assert max(kin) < 0.4
    raw = result.distances.matrix
    assert np.ptp(raw[~related]) > 0.1


def test_the_levels_are_those_of_pairs(networks: dict[str, LayeredDAG], result: RelativeMatrix) -> None:
    level = tk.nnstd_chance(networks["a"], networks["e"], rng=7)
    gap = np.abs(level.chance - result.chance[:, 0, 4])
    assert (gap < 5 * np.hypot(level.chance_error, result.chance_error[:, 0, 4]) + 1e-3).all()
    assert_array_equal(result.chance[:, 0, 4], result.chance[:, 1, 5])


def test_frame_and_tables(result: RelativeMatrix) -> None:
    frame = result.frame
    assert list(frame.columns) == ["a", "b", "layer", "relative", "distance", "chance", "chance_error"]
    assert len(frame) == 3 * 36
    row = frame[(frame["a"] == "b") & (frame["b"] == "c") & (frame["layer"] == "total")].iloc[0]
    assert (row["relative"], row["distance"]) == (result.matrix[1, 2], result.distances.matrix[1, 2])
    assert row["chance"] == result.chance[-1, 1, 2]
    assert isinstance(result, DistanceMatrix)
    assert result.table.loc["a", "b"] == result.matrix[0, 1]
    assert result.plot().figure.axes[1].get_ylabel() == "NNSTD over chance"


def test_families_cluster_together(result: RelativeMatrix) -> None:
    order = [result.labels[k] for k in tk.hierarchy(result).order]
    places = {label: order.index(label) for label in order}
    assert all(abs(places[x] - places[y]) == 1 for x, y in ("ab", "cd", "ef"))


def test_executors_and_lists_give_the_same(networks: dict[str, LayeredDAG], result: RelativeMatrix) -> None:
    with ThreadPoolExecutor(2) as threads:
        again = tk.nnstd_chance_matrix(list(networks.values()), executor=threads)
    assert_array_equal(again.matrix, result.matrix)


def test_dense_layers_have_no_share() -> None:
    dense = [[np.ones((4, 3)), np.ones((3, 2))]] * 2
    result = tk.nnstd_chance_matrix(dense, replicates=2)
    assert np.isnan(result.matrix[0, 1])
    assert result.matrix[0, 0] == 0


def test_errors(networks: dict[str, LayeredDAG]) -> None:
    with pytest.raises(ParameterError, match="use nnstd_chance pair by pair"):
        tk.nnstd_chance_matrix(networks, weights="magnitude")
    with pytest.raises(ParameterError, match="at least 2"):
        tk.nnstd_chance_matrix(networks, replicates=1)
