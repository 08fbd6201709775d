"""Whole runs: what they learn, what they write, and how they fail."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from math import cos, floor, pi
from pathlib import Path

import numpy as np
import pytest
import torch
from run_files import contents
from safetensors.numpy import load_file
from scipy.special import logsumexp

from topokit.errors import (
    ConfigError,
    DivergenceError,
    OutputError,
    OutputExistsError,
    RecordingError,
    UnknownNameError,
)
from topokit.outputs import sole_use
from topokit.recording import Recording, TopologyRecorder, open_recording
from topokit.registry import METHODS
from topokit.training import TrainConfig, experiment, train
from topokit.training.data import Data
from topokit.training.data.digits import DIGITS
from topokit.training.engines.build import make_engine
from topokit.training.randomness import stream
from topokit.training.samples import Samples

SHORT = TrainConfig(hidden=(32, 16), density=0.2, epochs=3)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """A run of each method as a newcomer would start it."""
    place = tmp_path_factory.mktemp("runs")
    methods = ("dense", "static", "set", "rigl", "snfs")
    return {method: train(TrainConfig(method=method), place / method) for method in methods}


def test_dense_and_sparse_networks_learn_digits(runs: dict[str, Recording]) -> None:
    accuracy = {method: run.run["summary"]["test_accuracy_at_max_validation"] for method, run in runs.items()}
    assert accuracy["dense"] >= 0.95
    assert min(accuracy.values()) >= 0.90


def test_every_frame_has_the_same_number_of_edges(runs: dict[str, Recording]) -> None:
    for method, run in runs.items():
        counts = {tuple(block.n_edges for block in network.blocks) for network in run}
        assert len(counts) == 1, method
        assert (run[0].density == 1) == (method == "dense")
        assert run[-1].n_edges == run.run["summary"]["edges"]


def test_dynamic_methods_change_their_wiring_and_the_others_do_not(runs: dict[str, Recording]) -> None:
    for method, run in runs.items():
        changed = run.metrics["edges_changed"].sum()
        if method in ("dense", "static"):
            assert changed == 0
            assert set(run.updates) == {0}
        else:
            assert changed > run[0].n_edges
            assert run.updates[:3] == (0, 0, 1)
            assert run.updates[-1] == 49


def test_changes_in_the_metrics_are_those_between_frames(runs: dict[str, Recording]) -> None:
    run = runs["set"]
    for k in (1, 20, 48):
        pairs = zip(run[k].blocks, run[k + 1].blocks, strict=True)
        moved = [after.adjacency().astype(int) - before.adjacency().astype(int) for before, after in pairs]
        assert sum((change > 0).sum() for change in moved) == run.metrics["edges_changed"][k - 1]
        assert sum((change < 0).sum() for change in moved) == run.metrics["edges_gone"][k - 1]


def test_there_is_a_frame_for_each_epoch_and_it_carries_its_metrics(runs: dict[str, Recording]) -> None:
    run = runs["rigl"]
    assert len(run) == 51
    assert run.epochs == tuple(range(51))
    for moment, row in zip(run.moments[1:], run.metrics.itertuples(), strict=True):
        assert moment.step == row.step
        assert moment.metrics["test_accuracy"] == row.test_accuracy


def test_a_frame_is_the_network_that_was_evaluated(runs: dict[str, Recording]) -> None:
    run, data = runs["set"], DIGITS.load()
    state = load_file(run.folder / "checkpoint.safetensors")
    held = Samples.split(data, TrainConfig(method="set")).validation.numpy()
    parts = {"test": (data.test_x, data.test_y), "validation": (data.train_x[held], data.train_y[held])}
    for part, (h, classes) in parts.items():
        for k, block in enumerate(run[-1].blocks):
            h = h @ block.weight_matrix().toarray() + state[f"weight.layers.{k}.bias"]
            h = np.maximum(h, 0) if k < 2 else h
        loss = logsumexp(h, axis=1).mean() - h[np.arange(len(h)), classes].mean()
        assert (h.argmax(1) == classes).mean() == pytest.approx(run.metrics[f"{part}_accuracy"].iloc[-1])
        assert loss == pytest.approx(run.metrics[f"{part}_loss"].iloc[-1], rel=1e-4)


def test_updates_draw_anew(tmp_path: Path) -> None:
    run = train(SHORT.replace(rewire_fraction=1.0, rewire_schedule="constant"), tmp_path / "run")
    assert run.metrics["edges_changed"][1] > 0


def test_training_and_validation_share_no_sample() -> None:
    samples = Samples.split(DIGITS.load(), SHORT)
    assert len(samples.validation) == round(0.1 * 1442)
    both = torch.cat([samples.training, samples.validation])
    assert sorted(both.tolist()) == list(range(1442))


def test_the_share_of_edges_replaced_falls_as_the_schedule_says(runs: dict[str, Recording]) -> None:
    run = runs["rigl"]
    for epoch, changed in zip(run.metrics["epoch"], run.metrics["edges_changed"], strict=True):
        share = 0.3 * (1 + cos(pi * epoch / 50)) / 2
        assert changed <= sum(floor(share * block.n_edges) for block in run[0].blocks)


def test_a_static_run_is_plain_torch_with_a_multi_step_schedule(tmp_path: Path) -> None:
    config = SHORT.replace(method="static", activation="srelu", milestones=(1, 2), weight_decay=0.05, engine="masked")
    train(config, tmp_path / "run")
    data = DIGITS.load()
    engine, samples = make_engine(config, METHODS.load("static"), data), Samples.split(data, config)
    model, masks = engine.model, engine.masks
    decayed = [parameter for name, parameter in model.named_parameters() if name.startswith("layers.")]
    optimizer = torch.optim.SGD(decayed, lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.05)
    optimizer.add_param_group({"params": list(model.activations.parameters()), "weight_decay": 0.0})
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [1, 2], 0.1)
    for epoch in range(1, 4):
        for x, y in samples.batches(config.batch_size, stream(config.seed, "batches", epoch)):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x), y).backward()
            for name, mask in masks.items():
                gradient = model.get_parameter(name).grad
                assert gradient is not None
                gradient *= mask
            optimizer.step()
        schedule.step()
    state = load_file(tmp_path / "run" / "checkpoint.safetensors")
    for name, parameter in model.named_parameters():
        np.testing.assert_allclose(state[f"weight.{name}"], parameter.detach().numpy(), rtol=1e-4, atol=1e-6)


def test_the_summary_is_that_of_the_metrics(runs: dict[str, Recording]) -> None:
    for run in runs.values():
        summary, metrics = run.run["summary"], run.metrics
        best = metrics["validation_accuracy"].argmax()
        assert summary["max_validation_accuracy"] == metrics["validation_accuracy"].max()
        assert summary["max_test_accuracy"] == metrics["test_accuracy"].max()
        assert summary["last_test_accuracy"] == metrics["test_accuracy"].iloc[-1]
        assert summary["test_accuracy_at_max_validation"] == metrics["test_accuracy"][best]
        assert summary["max_validation_epoch"] == metrics["epoch"][best]
        assert summary["max_test_epoch"] == metrics["epoch"][metrics["test_accuracy"].argmax()]


def test_all_methods_see_the_same_split_and_sparse_ones_start_from_the_same_network(runs: dict[str, Recording]) -> None:
    first = runs["static"][0]
    assert all(runs[method][0].equals(first) for method in ("set", "rigl", "snfs"))
    assert len({json.dumps(run.run["dataset"]) for run in runs.values()}) == 1


@pytest.mark.parametrize("method", ["set", "snfs"])
def test_equal_configurations_give_equal_bytes(tmp_path: Path, method: str) -> None:
    config = SHORT.replace(method=method, activation="srelu")
    train(config, tmp_path / "a")
    torch.manual_seed(123)
    torch.set_num_threads(2)
    train(config, tmp_path / "b")
    assert torch.get_num_threads() == 2
    torch.set_num_threads(1)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_sums_are_those_of_one_thread() -> None:
    torch.set_num_threads(2)
    with experiment.one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2
    torch.set_num_threads(1)


def test_another_seed_gives_another_run(tmp_path: Path) -> None:
    a, b = (train(SHORT.replace(seed=seed), tmp_path / str(seed)) for seed in (0, 1))
    assert not a[0].equals(b[0])


def test_frames_between_epochs_and_without_weights(tmp_path: Path) -> None:
    config = SHORT.replace(method="rigl", epochs=2, update_every=8, record_weights=False, stop_fraction=0.75)
    run = train(config, tmp_path / "run")
    steps = run.run["steps_per_epoch"]
    assert run.steps == (0, 8, 16, 24, 2 * steps)
    assert run.epochs == pytest.approx([step / steps for step in run.steps if step is not None])
    assert run.updates == (0, 0, 1, 2, 3)
    assert all(block.weights is None for network in run for block in network.blocks)


def test_without_validation_data_there_is_no_validation(tmp_path: Path) -> None:
    run = train(SHORT.replace(validation_fraction=0.0, epochs=1), tmp_path / "run")
    assert "validation_accuracy" not in run.metrics
    assert "max_validation_accuracy" not in run.run["summary"]
    assert run.run["dataset"]["validation"] == 0


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    for resume in (False, True):
        with pytest.raises(OutputExistsError, match="choose another"):
            train(SHORT, tmp_path, resume=resume)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_run_is_not_begun_twice(tmp_path: Path) -> None:
    train(SHORT.replace(epochs=1), tmp_path / "run")
    with pytest.raises(OutputExistsError, match="resume it, or choose another folder"):
        train(SHORT.replace(epochs=1), tmp_path / "run")


def test_a_run_that_another_began_meanwhile_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, load = tmp_path / "run", experiment.data_of

    def load_while_another_begins(config: TrainConfig) -> Data:
        monkeypatch.undo()
        train(SHORT.replace(epochs=1), folder)
        return load(config)

    monkeypatch.setattr(experiment, "data_of", load_while_another_begins)
    with pytest.raises(OutputExistsError, match="run exists"):
        train(SHORT, folder)
    assert open_recording(folder).config["epochs"] == 1
    assert len(open_recording(folder)) == 2


def test_two_never_train_in_one_folder(tmp_path: Path) -> None:
    folder, config = tmp_path / "run", SHORT.replace(epochs=20)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(train, config, folder)
        while not (folder / "checkpoint.safetensors").exists():
            time.sleep(0.001)
        with pytest.raises(OutputError, match="run is in use by another run: wait until it ends"):
            train(config, folder, resume=True)
        assert len(first.result()) == 21
    assert len(train(config, folder, resume=True)) == 21


def test_a_run_to_go_on_with_is_held(tmp_path: Path) -> None:
    config = SHORT.replace(learning_rate=1e30)
    with pytest.raises(DivergenceError):
        train(config, tmp_path / "run")
    half_written = tmp_path / "run" / ".run.json.x"
    half_written.touch()
    with sole_use(tmp_path / "run"), pytest.raises(OutputError, match="in use"):
        train(config, tmp_path / "run", resume=True)
    assert half_written.exists()
    with pytest.raises(DivergenceError):
        train(config, tmp_path / "run", resume=True)
    assert not half_written.exists()


def test_resume_with_another_configuration_shows_the_difference(tmp_path: Path) -> None:
    train(SHORT.replace(epochs=1), tmp_path / "run")
    before = contents(tmp_path / "run")
    with pytest.raises(ConfigError, match=r"density = 0\.2, not 0\.3; epochs = 1, not 2"):
        train(SHORT.replace(epochs=2, density=0.3), tmp_path / "run", resume=True)
    assert contents(tmp_path / "run") == before


def test_resuming_a_finished_run_changes_nothing(tmp_path: Path) -> None:
    train(SHORT, tmp_path / "run")
    before = contents(tmp_path / "run")
    run = train(SHORT, tmp_path / "run", resume=True)
    assert len(run) == 4
    assert contents(tmp_path / "run") == before


def test_resume_leaves_other_peoples_recordings_alone(tmp_path: Path, runs: dict[str, Recording]) -> None:
    recorder = TopologyRecorder(tmp_path / "own", lambda: runs["set"][0])
    recorder.record(step=0, epoch=0.0)
    with pytest.raises(RecordingError, match="did not begin"):
        train(TrainConfig(), tmp_path / "own", resume=True)
    assert len(open_recording(tmp_path / "own")) == 1


def test_a_network_without_hidden_layers(tmp_path: Path) -> None:
    run = train(SHORT.replace(hidden=(), epochs=1), tmp_path / "run")
    assert [layer.size for layer in run[0].layers] == [64, 10]


def test_without_torch_the_package_to_install_is_named(tmp_path: Path) -> None:
    code = f"""
import sys
sys.modules["torch"] = None
from topokit.errors import MissingExtraError
from topokit.training import TrainConfig, train
try:
    train(TrainConfig(), {str(tmp_path / "run")!r})
except MissingExtraError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install torch" in done.stdout


def train_almost(folder: Path) -> None:
    """A run that was killed before its last words."""
    train(SHORT, folder)
    run = json.loads((folder / "run.json").read_text())
    del run["summary"]
    (folder / "run.json").write_text(json.dumps(run))


def test_tiny_numbers_count_as_zero_in_training_alone() -> None:
    tiny = np.full(1, 1e-40, np.float32)
    with experiment.one_thread():
        assert (tiny * np.float32(0.5))[0] == 0
    assert (tiny * np.float32(0.5))[0] > 0


def test_what_a_killed_run_left_of_a_checkpoint_is_removed(tmp_path: Path) -> None:
    train(SHORT, tmp_path / "whole")
    before = contents(tmp_path / "whole")
    train_almost(tmp_path / "run")
    (tmp_path / "run" / ".checkpoint.safetensors.ab12.safetensors").write_bytes(b"half")
    train(SHORT, tmp_path / "run", resume=True)
    assert contents(tmp_path / "run") == before


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    train_almost(tmp_path / "run")
    path = tmp_path / "run" / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(RecordingError, match=r"checkpoint\.safetensors: not a readable checkpoint"):
        train(SHORT, tmp_path / "run", resume=True)


def test_weights_that_are_not_finite_are_named_before_they_are_recorded(tmp_path: Path) -> None:
    config = SHORT.replace(learning_rate=1e38, weight_decay=1e38, update_every=1)
    with pytest.raises(DivergenceError, match=r"a weight or gradient is no finite number at step 1 \(epoch 1\)"):
        train(config, tmp_path / "run")
    assert open_recording(tmp_path / "run").steps == (0,)


def test_divergence_names_step_and_learning_rate_and_keeps_the_frames(tmp_path: Path) -> None:
    config = SHORT.replace(learning_rate=1e25, nesterov=False, update_every=1)
    with pytest.raises(DivergenceError, match=r"at step \d+ \(epoch 1\) with learning rate 1e\+25: lower"):
        train(config, tmp_path / "run")
    run = open_recording(tmp_path / "run")
    assert run.steps[0] == 0
    assert all(np.isfinite(block.weights).all() for network in run for block in network.blocks)


def test_values_that_do_not_go_together(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="grows edges by momentum"):
        train(TrainConfig(method="snfs", momentum=0.0, nesterov=False), tmp_path / "run")
    with pytest.raises(ConfigError, match=r"validation_fraction 0\.0001 of 1442"):
        train(TrainConfig(validation_fraction=0.0001), tmp_path / "run")
    with pytest.raises(UnknownNameError):
        TrainConfig(dataset="digit")
    assert not (tmp_path / "run").exists()
