"""Profiles: sets of options under the explicit ones."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from click.testing import CliRunner

from topokit.cli.train import train
from topokit.errors import ConfigError
from topokit.recording import open_recording
from topokit.registry import METHODS, PROFILES
from topokit.training import TrainConfig
from topokit.training.method_options import check_options

EXPECTED = ["set-keras", "set-scipy", "rigl", "nowak", "dnw", "imp", "gmp-tf", "radix"]


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_is_a_configuration_that_its_method_can_follow(name: str) -> None:
    config = TrainConfig.from_dict({"profile": name})
    check_options(config, METHODS.load(config.method))
    fields = {field.name for field in dataclasses.fields(TrainConfig)}
    assert PROFILES.load(name).keys() <= fields
    # How large a network is and how long it learns is no part of it.
    assert not PROFILES.load(name).keys() & {"dataset", "epochs", "batch_size", "learning_rate", "density", "seed"}


def test_the_profiles_are_those_of_the_published_codes() -> None:
    assert list(PROFILES)[: len(EXPECTED)] == EXPECTED


def test_explicit_values_win_over_the_profile(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text('profile = "nowak"\nrounding = "floor"\nmethod = "snfs"\n')
    config = TrainConfig.from_toml(path)
    assert (config.rounding, config.method) == ("floor", "snfs")
    assert (config.rewire_floor, config.growth, config.grown_momentum) == (0.005, "bernoulli", "keep")
    assert TrainConfig.from_toml(path, profile="rigl").update_every == 100
    assert TrainConfig.from_dict(config.to_dict()) == config


@pytest.mark.parametrize(("value", "said"), [("nowack", "did you mean 'nowak'"), (3, "it takes a string")])
def test_a_profile_that_does_not_exist_is_named(value: object, said: str) -> None:
    with pytest.raises(ConfigError, match=f"run.toml: .*{said}"):
        TrainConfig.from_dict({"profile": value}, source="run.toml")


def test_the_flag_lies_under_the_file_and_the_other_flags(tmp_path: Path) -> None:
    file, out = tmp_path / "run.toml", tmp_path / "run"
    file.write_text("hidden = [8]\nepochs = 1\ndensity = 0.5\nrewire_fraction = 0.1\n")
    flags = ["--profile", "rigl", "--rounding", "ceil", "--train-samples", "100", "--out", str(out)]
    done = CliRunner().invoke(train, [str(file), *flags])
    assert done.exit_code == 0, done.output
    config = open_recording(out).config
    assert (config["method"], config["update_every"], config["stop_fraction"]) == ("rigl", 100, 0.75)
    assert (config["rewire_fraction"], config["rounding"]) == (0.1, "ceil")


def test_the_command_line_tells_in_one_line_that_a_network_is_cut(tmp_path: Path) -> None:
    flags = (
        "--method one-shot --hidden 16 --density 0.01 --mask uniform --prune-scope global --prune-begin 0 --epochs 1"
    )
    done = CliRunner().invoke(train, [*flags.split(), "--out", str(tmp_path / "run")])
    assert done.exit_code == 0, done.output
    told = [line for line in done.stderr.splitlines() if "warning" in line]
    assert len(told) == 1
    assert told[0].startswith("topokit: warning: step 0: no edge is left between input and hidden1")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"method": "snfs-masked", "momentum": 0.0, "nesterov": False}, "grows edges by momentum"),
        ({"method": "rigl", "redistribute": True}, "use method 'snfs'"),
        ({"method": "dnw", "update_replaces_step": True}, "no step to learn in"),
        ({"method": "imp", "epochs": 3, "rewind_epoch": 3}, "nothing to train again"),
        ({"method": "gradual", "prune_begin": 0.8, "prune_end": 0.5}, "set prune_begin below prune_end"),
    ],
)
def test_options_that_a_method_cannot_follow_are_refused(options: dict[str, object], said: str) -> None:
    config = TrainConfig.from_dict(options)
    with pytest.raises(ConfigError, match=said):
        check_options(config, METHODS.load(config.method))
