"""Training that starts from the wiring of a saved network, and generations of slightly changed ones."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from toy_training import toy_data

import topokit as tk
from topokit.dag import LayeredDAG
from topokit.errors import ConfigError
from topokit.generators import moved_keys
from topokit.registry import METHODS
from topokit.training import TrainConfig
from topokit.training.data.digits import DIGITS
from topokit.training.engines.build import make_engine
from topokit.training.randomness import stream

SHORT = TrainConfig(hidden=(20, 10), density=0.2, epochs=2, batch_size=256, init="he")
CONVOLUTIONS = TrainConfig(model="lenet-5", dataset="digits", density=0.3, mask="uniform", epochs=1, batch_size=512)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose wiring changed."""
    folder = tmp_path_factory.mktemp("structure") / "run"
    tk.train(SHORT, folder)
    return folder


def start_of(config: TrainConfig, engine: str = "masked") -> LayeredDAG:
    return make_engine(config.replace(engine=engine), METHODS.load(config.method), DIGITS.load()).network()


def edges_of(network: LayeredDAG) -> list[np.ndarray]:
    return [block.adjacency().toarray() for block in network.blocks]


def weights_of(network: LayeredDAG) -> list[np.ndarray]:
    return [block.weight_matrix().toarray() for block in network.blocks]


@pytest.mark.parametrize("engine", ["masked", "sparse"])
def test_the_last_wiring_with_new_stored_or_original_weights(trained: Path, engine: str) -> None:
    run = tk.open_recording(trained)
    static = SHORT.replace(method="static", structure=str(trained), seed=7)
    for weights in ("new", "stored", "original"):
        start = start_of(static.replace(structure_weights=weights), engine)
        np.testing.assert_equal(edges_of(start), edges_of(run[-1]))
        if weights == "stored":
            np.testing.assert_equal(weights_of(start), weights_of(run[-1]))
        if weights == "original":
            for now, first, there in zip(weights_of(start), weights_of(run[0]), edges_of(run[0]), strict=True):
                np.testing.assert_equal(now[there & (now != 0)], first[there & (now != 0)])
    other = start_of(static.replace(seed=8), engine)
    assert not np.array_equal(weights_of(other)[0], weights_of(start_of(static, engine))[0])


def test_edges_that_came_later_get_the_weight_they_would_have_begun_with(trained: Path) -> None:
    dense = start_of(SHORT.replace(method="dense"))
    original = start_of(SHORT.replace(method="static", structure=str(trained), structure_weights="original", seed=9))
    for now, everywhere, there in zip(weights_of(original), weights_of(dense), edges_of(original), strict=True):
        np.testing.assert_array_equal(now, everywhere * there)


def test_any_epoch_and_any_file(trained: Path, tmp_path: Path) -> None:
    run = tk.open_recording(trained)
    static = SHORT.replace(method="static", structure=str(trained), structure_epoch=0)
    np.testing.assert_equal(edges_of(start_of(static)), edges_of(run[0]))
    tk.save_npz(run[1], tmp_path / "network.npz")
    from_file = start_of(SHORT.replace(structure=str(tmp_path / "network.npz")))
    np.testing.assert_equal(edges_of(from_file), edges_of(run[1]))


def test_kernels_of_convolutions_start_where_they_were(tmp_path: Path) -> None:
    tk.train(CONVOLUTIONS, tmp_path / "run")
    last = tk.open_recording(tmp_path / "run")[-1]
    start = start_of(CONVOLUTIONS.replace(method="static", structure=str(tmp_path / "run"), structure_weights="stored"))
    for block, stored in zip(start.blocks, last.blocks, strict=True):
        np.testing.assert_equal(block.adjacency().toarray(), stored.adjacency().toarray())
        if stored.taps is not None:
            assert block.taps is not None
            np.testing.assert_array_equal(block.taps.weights, stored.taps.weights)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"hidden": (20, 11)}, r"has 20 inputs and 10 outputs where the model has 20 and 11"),
        ({"hidden": (20,)}, "has 3 layers of weights, the model 2"),
        ({"method": "dense"}, "chooses the edges it starts with"),
        ({"method": "snip"}, "chooses the edges it starts with"),
    ],
)
def test_another_model_or_method_is_refused(
    trained: Path, changes: dict[str, object], words: str, tmp_path: Path
) -> None:
    config = SHORT.replace(**{"structure": str(trained), "method": "static", **changes})
    with pytest.raises(ConfigError, match=words):
        tk.train(config, tmp_path / "new")


def test_a_file_has_no_epoch_and_no_beginning(trained: Path, tmp_path: Path) -> None:
    path = tmp_path / "network.npz"
    tk.save_npz(tk.open_recording(trained)[0], path)
    config = SHORT.replace(structure=str(path))
    with pytest.raises(ConfigError, match="no run folder, so it has no epoch 3"):
        start_of(config.replace(structure_epoch=3))
    with pytest.raises(ConfigError, match="original weights are unknown"):
        start_of(config.replace(structure_weights="original"))


def test_generations_move_a_share_of_the_edges_each() -> None:
    config = TrainConfig(hidden=(300,), mask="uniform", density=0.1, generation_change=0.05)
    chain = [edges_of(start_of(config.replace(generation=k)))[0] for k in range(5)]
    n = int(chain[0].sum())
    for generation, (before, after) in enumerate(pairwise(chain)):
        assert after.sum() == n
        assert int((after & ~before).sum()) == round(0.05 * n)
        moved = moved_keys(np.flatnonzero(before.T), before.size, 0.05, stream(0, "generations", generation))
        np.testing.assert_array_equal(np.flatnonzero(after.T), np.sort(moved))
    apart = [int((edges & ~chain[0]).sum()) for edges in chain]
    assert apart == sorted(apart)
    assert apart[-1] > 3 * apart[1]


def test_runs_of_one_mask_seed_start_alike_and_differ_in_all_else() -> None:
    config = TrainConfig(hidden=(300,), mask="uniform", density=0.1, generation=3)
    start, other, own = (
        start_of(config.replace(**changes)) for changes in ({}, {"seed": 7, "mask_seed": 0}, {"seed": 7})
    )
    np.testing.assert_array_equal(edges_of(other)[0], edges_of(start)[0])
    assert (edges_of(own)[0] != edges_of(start)[0]).any()
    same = edges_of(start)[0].astype(bool)
    weights = [weights_of(network)[0][same] for network in (start, other)]
    assert not np.isclose(*weights).any()


def test_toy_data_start_from_a_structure_too(trained: Path) -> None:
    with pytest.raises(ConfigError, match="choose the same model, data set"):
        make_engine(SHORT.replace(structure=str(trained)), METHODS.load("set"), toy_data())
