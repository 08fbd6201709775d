"""Seeds that train together: as each would alone, but for rounding, whatever becomes of the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from run_files import contents

import topokit as tk
from topokit.cli.main import run as topokit
from topokit.errors import ConfigError, DivergenceError
from topokit.training import TrainConfig, train
from topokit.training.checkpoint import CHECKPOINT_FILE, read_checkpoint, write_checkpoint
from topokit.training.together import SeedRuns, train_together

SEEDS = 3
QUICK = {"hidden": [24, 16], "density": 0.2, "epochs": 3, "train_samples": 500, "engine": "masked"}


def configs(**options: Any) -> list[TrainConfig]:
    return [TrainConfig.from_dict({**QUICK, **options, "seed": seed}) for seed in range(SEEDS)]


def places(folder: Path) -> list[Path]:
    return [folder / str(seed) for seed in range(SEEDS)]


def interrupted(folder: Path, steps: int, **options: Any) -> list[Path]:
    """Runs left in the midst of training."""
    runs = SeedRuns()
    for seed, config in enumerate(configs(**options)):
        runs.begin(seed, config, places(folder)[seed])
    for _ in range(steps):
        runs.go_on()
    return places(folder)


def assert_alike(one: Path, other: Path) -> None:
    """The same frames and rows, the same edges throughout, and weights that differ by rounding."""
    a, b = tk.open_recording(one), tk.open_recording(other)
    assert a.steps == b.steps
    for network, peer in zip(a, b, strict=True):
        for block, twin in zip(network.blocks, peer.blocks, strict=True):
            assert (block.adjacency() != twin.adjacency()).nnz == 0
            np.testing.assert_allclose(block.weights, twin.weights, atol=2e-5)
    columns = [name for name in a.metrics if "second" not in name]
    np.testing.assert_allclose(*(run.metrics[columns].to_numpy(float) for run in (a, b)), rtol=1e-4)
    assert a.run["summary"].keys() == b.run["summary"].keys()
    assert a.config == b.config


@pytest.mark.parametrize(
    "options",
    [
        {"method": "dense", "momentum": 0.0, "nesterov": False, "hidden": []},
        {"method": "set", "decay_form": "decoupled", "update_every": 7, "keep_regrown": True},
        {"method": "rigl", "activation": "srelu", "dropout": 0.2, "update_replaces_step": True},
        {"method": "snfs", "activation": "allrelu", "drop_last": True, "mask": "er", "mask_draw": "bernoulli"},
        {"method": "imp", "rounds": 2, "rewind_epoch": 1, "milestones": [2]},
    ],
    ids=lambda options: options["method"],
)
def test_each_is_as_if_alone(tmp_path: Path, options: dict[str, Any]) -> None:
    together = places(tmp_path / "together")
    assert train_together(configs(**options), together) == [None] * SEEDS
    for config, folder in zip(configs(**options), together, strict=True):
        train(config, tmp_path / "alone" / folder.name)
        assert_alike(folder, tmp_path / "alone" / folder.name)
        first = "frames/000000000.safetensors"
        assert (folder / first).read_bytes() == (tmp_path / "alone" / folder.name / first).read_bytes()


def test_interrupted_runs_go_on_together_or_alone(tmp_path: Path) -> None:
    whole = places(tmp_path / "whole")
    train_together(configs(dropout=0.1), whole)
    again = interrupted(tmp_path / "again", 17, dropout=0.1)
    assert train_together(configs(dropout=0.1), again) == [None] * SEEDS
    alone = interrupted(tmp_path / "alone", 17, dropout=0.1)
    train(configs(dropout=0.1)[1], alone[1], resume=True)
    assert_alike(alone[1], whole[1])
    (alone[2] / CHECKPOINT_FILE).unlink()
    written = contents(alone[1])
    train_together(configs(dropout=0.1), alone)
    assert contents(alone[1]) == written
    for seed in range(SEEDS):
        assert contents(again[seed]) == contents(whole[seed])
        assert_alike(alone[seed], whole[seed])


def test_one_that_diverges_ends_alone(tmp_path: Path) -> None:
    whole, folders = places(tmp_path / "whole"), interrupted(tmp_path / "runs", 17)
    train_together(configs(), whole)
    found = read_checkpoint(folders[1])
    assert found is not None
    position, state = found
    write_checkpoint(folders[1], position, {name: np.full_like(values, 3e38) for name, values in state.items()})
    errors = train_together(configs(), folders)
    assert isinstance(errors[1], DivergenceError)
    assert tk.open_recording(folders[1])[-1].n_edges
    for seed in (0, 2):
        assert errors[seed] is None
        assert_alike(folders[seed], whole[seed])


def test_a_sweep_together(tmp_path: Path) -> None:
    runs = {**QUICK, "epochs": 1, "grid": {"rewire_fraction": [0.1, 0.5], "seed": [0, 1]}}
    alone, together = tk.sweep(runs, tmp_path / "alone"), tk.sweep(runs, tmp_path / "together", together=True)
    names = [name for name in alone.frame if name != "seconds"]
    assert alone.frame[names].equals(together.frame[names])
    again = tk.sweep(runs, tmp_path / "together", together=True)
    assert again.frame.equals(together.frame)
    assert list(alone.frame["run"]) == list(together.frame["run"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"engine": "auto"}, "set engine = 'masked'"),
        ({"engine": "sparse"}, "set engine = 'masked'"),
        ({"method": "dnw"}, "keeps weights off the edges"),
        ({"model": "lenet-5"}, "use model 'mlp'"),
    ],
)
def test_what_cannot_train_together_is_refused_first(options: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=words):
        tk.sweep({**QUICK, **options, "grid": {"seed": [0, 1]}}, tmp_path / "out", together=True)
    assert not (tmp_path / "out").exists()


def test_a_damaged_folder_is_the_error_of_its_run(tmp_path: Path) -> None:
    runs = {**QUICK, "epochs": 1, "grid": {"seed": [0, 1]}}
    train(configs(epochs=1, density=0.3)[1], tmp_path / "runs" / "seed=1")
    result = tk.sweep(runs, tmp_path, together=True)
    assert result.runs[0].error == ""
    assert "was begun with density = 0.3" in result.runs[1].error


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "seeds.toml").write_text(
        'hidden = [8]\nepochs = 1\nbatch_size = 256\nengine = "masked"\n[grid]\nseed = [0, 1]\n'
    )
    assert topokit(["sweep", str(tmp_path / "seeds.toml"), "--together"]) == 0
    assert "2" in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "seeds" / "runs").iterdir()} == {"seed=0", "seed=1"}
