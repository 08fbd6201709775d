"""Many pairs: cut into tiles of few networks, the same answers wherever they are computed, nothing twice."""

from __future__ import annotations

from concurrent.futures import Executor, Future, ThreadPoolExecutor
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from distributed import Client, LocalCluster
from hypothesis import given
from hypothesis import strategies as st
from wiring import Mask, hidden_shuffled, random_chain, rewired

import topokit as tk
from topokit.analyzers.distances.pair_distances import Tile, cut
from topokit.errors import IncompatibleNetworksError
from topokit.execute import process_pool

Networks = list[list[Mask]]


@pytest.fixture(scope="module")
def networks() -> Networks:
    """Two families with ties in plenty: few connections, neurons without any, and neurons that are alike."""
    found = []
    for seed in range(2):
        rng = np.random.default_rng(seed)
        masks = random_chain(rng, (30, 24, 20, 5), 0.06)
        for _ in range(6):
            found.append(masks)
            masks = [rewired(mask, 0.2, rng) for mask in masks]
    return found


class Watched(Executor):
    """Runs tasks at once and keeps what they were given."""

    def __init__(self) -> None:
        self.tiles: list[Tile] = []

    def submit(self, function: Any, /, *arguments: Any, **options: Any) -> Future[Any]:
        self.tiles += arguments
        future: Future[Any] = Future()
        future.set_result(function(*arguments, **options))
        return future


@given(st.sets(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=80), st.integers(1, 20))
def test_tiles_hold_every_pair_once(pairs: set[tuple[int, int]], size: int) -> None:
    tiles = cut(sorted(pairs), size)
    assert sorted(pair for tile in tiles for pair in tile) == sorted(pairs)
    assert all(0 < len(tile) <= size for tile in tiles)


@pytest.mark.parametrize(
    ("pairs", "networks_per_tile"),
    [(list(combinations(range(96), 2)), 12), (list(product(range(40), range(40, 150))), 12)],
)
def test_tiles_hold_few_networks(pairs: list[tuple[int, int]], networks_per_tile: int) -> None:
    tiles = cut(pairs, 18)
    assert len(tiles) <= len(pairs) / 18 + 1
    assert np.mean([len({k for pair in tile for k in pair}) for tile in tiles]) < networks_per_tile


def test_a_task_carries_each_network_once_and_few_of_them() -> None:
    rng = np.random.default_rng(0)
    watched = Watched()
    many = [random_chain(rng, (12, 8, 3), 0.3) for _ in range(30)]
    result = tk.nnstd_matrix(many, executor=watched)
    np.testing.assert_array_equal(result.layer_matrices, tk.nnstd_matrix(many).layer_matrices)
    carried = sum(len(tile.networks) for tile in watched.tiles)
    assert sum(len(tile.pairs) for tile in watched.tiles) == 435
    assert 100 < len(watched.tiles) <= 256
    assert carried < 0.9 * 2 * 435
    assert all(len({network.digest for network in tile.networks}) == len(tile.networks) for tile in watched.tiles)


@pytest.mark.parametrize("options", [{}, {"ties": "fast"}, {"preset": "authors"}, {"symmetric": True}], ids=str)
def test_threads_and_processes_give_the_same_bits(networks: Networks, options: dict[str, Any]) -> None:
    expected = tk.nnstd_matrix(networks, **options)
    with ThreadPoolExecutor(2) as threads:
        result = tk.nnstd_matrix(networks, executor=threads, **options)
    np.testing.assert_array_equal(result.layer_matrices, expected.layer_matrices)
    np.testing.assert_array_equal(result.matrix, expected.matrix)


def test_a_process_pool_gives_the_same_bits(networks: Networks, tmp_path: Path) -> None:
    expected = tk.nnstd_matrix(networks)
    with process_pool(2) as processes:
        result = tk.nnstd_matrix(networks, executor=processes, store=tmp_path / "kept.csv")
        between = tk.nnstd_between(networks[:5], networks[5:], executor=processes)
    np.testing.assert_array_equal(result.layer_matrices, expected.layer_matrices)
    np.testing.assert_array_equal(between.layer_matrices, expected.layer_matrices[:, :5, 5:])
    np.testing.assert_array_equal(tk.nnstd_matrix(networks, store=tmp_path / "kept.csv").matrix, expected.matrix)


def test_dask_gives_the_same_bits(networks: Networks, tmp_path: Path) -> None:
    expected = tk.nnstd_matrix(networks)
    against = tk.nnstd_against(networks, 3)
    cluster = LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, local_directory=tmp_path
    )
    with cluster, Client(cluster) as client:
        executor = client.get_executor()
        result = tk.nnstd_matrix(networks, executor=executor, store=tmp_path / "kept.csv")
        other = tk.nnstd_against(networks, 3, executor=executor)
        with pytest.raises(IncompatibleNetworksError):
            tk.nnstd_matrix([*networks, networks[0][:1]], executor=executor)
    np.testing.assert_array_equal(result.layer_matrices, expected.layer_matrices)
    np.testing.assert_array_equal(other.layers, against.layers)
    np.testing.assert_array_equal(tk.nnstd_matrix(networks, store=tmp_path / "kept.csv").matrix, expected.matrix)


def test_networks_with_the_same_wiring_are_no_work(networks: Networks) -> None:
    watched = Watched()
    rng = np.random.default_rng(0)
    copies = [hidden_shuffled(networks[k], rng)[0] for k in (0, 1, 0)]
    several = [*networks[:2], *copies]
    result = tk.nnstd_matrix(several, executor=watched)
    assert sum(len(tile.pairs) for tile in watched.tiles) == 2
    same = np.equal.outer([0, 1, 0, 1, 0], [0, 1, 0, 1, 0])
    np.testing.assert_array_equal(result.matrix == 0, same)
    for i, j in combinations(range(5), 2):
        np.testing.assert_array_equal(result.layer_matrices[:, i, j], tk.nnstd(several[i], several[j]).layers)


@pytest.mark.parametrize("ties", ["fast", "scipy"])
def test_without_canonical_ties_only_the_same_masks_are_one(networks: Networks, ties: str) -> None:
    watched = Watched()
    copy = hidden_shuffled(networks[0], np.random.default_rng(0))[0]
    several = [networks[0], networks[0], copy]
    result = tk.nnstd_matrix(several, executor=watched, ties=ties)
    assert sum(len(tile.pairs) for tile in watched.tiles) == {"fast": 1, "scipy": 2}[ties]
    for i, j in combinations(range(3), 2):
        np.testing.assert_array_equal(
            result.layer_matrices[:, i, j], tk.nnstd(several[i], several[j], ties=ties).layers
        )


def test_what_cannot_be_compared_is_found_before_any_work(networks: Networks, tmp_path: Path) -> None:
    watched = Watched()
    wider = random_chain(np.random.default_rng(0), (31, 24, 20, 5), 0.2)
    with pytest.raises(IncompatibleNetworksError, match="31"):
        tk.nnstd_matrix([*networks, wider], executor=watched, store=tmp_path / "kept.csv")
    assert not watched.tiles
    assert not (tmp_path / "kept.csv").exists()
