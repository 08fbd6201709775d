"""Sweeps: which runs a file means, what they leave behind, and what becomes of those that fail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from legible import assert_legible

import topokit as tk
from topokit import plots
from topokit.cli.main import run as topokit
from topokit.errors import ConfigError, InsufficientDataError, OutputExistsError, ParameterError
from topokit.training.planned_runs import planned, read_sweep
from topokit.training.sweep_table import SweepResult, SweptRun

QUICK = {"hidden": [8], "epochs": 1, "batch_size": 256}
FILE = """
hidden = [8]
epochs = 1
batch_size = 256
[grid]
rewire_fraction = [0.1, 0.5]
seed = [0, 1]
"""


def test_variants_times_the_grid_in_order() -> None:
    plan = planned(
        {
            "epochs": 2,
            "grid": {"seed": [0, 1]},
            "variants": [{"method": "set", "drop": "magnitude"}, {"method": "rigl"}],
        }
    )
    assert [run.name for run in plan] == [
        "method=set,drop=magnitude,seed=0",
        "method=set,drop=magnitude,seed=1",
        "method=rigl,seed=0",
        "method=rigl,seed=1",
    ]
    set_run, rigl_run = (plan[k].config for k in (1, 2))
    assert (set_run.method, set_run.drop, set_run.seed) == ("set", "magnitude", 1)
    assert (rigl_run.method, rigl_run.drop, rigl_run.seed) == ("rigl", "auto", 0)
    assert {run.config.epochs for run in plan} == {2}
    assert [run.swept["drop"] for run in plan] == ["magnitude", "magnitude", "auto", "auto"]


def test_values_that_are_lists_or_odd_make_names_of_folders() -> None:
    plan = planned({"grid": {"hidden": [[30, 20], [5]], "data_folder": ["a/../b"]}})
    assert [run.name for run in plan] == ["hidden=30-20,data_folder=a_.._b", "hidden=5,data_folder=a_.._b"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"grid": {"seed": 3}}, r"\[grid\] has lists"),
        ({"grid": {"seed": []}}, r"\[grid\] has lists"),
        ({"variants": []}, "variants are tables"),
        ({"grid": {"sed": [1]}}, "did you mean 'seed'"),
        ({"grid": {"seed": [1, 1]}}, "two runs are 'seed=1'"),
        ({"seed": 1, "grid": {"seed": [2]}}, "'seed' stands in \\[grid\\] and outside"),
        ({"seed": 1, "variants": [{"seed": 2}]}, "'seed' stands in a variant and for all"),
        ({"grid": {"data_folder": ["x" * 300]}}, "would be called"),
        ({"grid": {"density": [2.0]}}, "density"),
    ],
)
def test_a_wrong_sweep_trains_nothing(values: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=words):
        tk.sweep(values, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_files_that_are_no_sweep(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_sweep(tmp_path / "absent.toml")
    (tmp_path / "broken.toml").write_text("[grid")
    with pytest.raises(ConfigError, match=r"broken\.toml: is not TOML"):
        read_sweep(tmp_path / "broken.toml")


def test_a_sweep_trains_goes_on_and_keeps_what_is_finished(tmp_path: Path) -> None:
    runs = {**QUICK, "grid": {"rewire_fraction": [0.1, 0.5], "seed": [0, 1]}}
    place = tmp_path / "out"
    tk.sweep({**QUICK, "rewire_fraction": 0.1, "grid": {"seed": [0]}}, tmp_path / "lone")
    result = tk.sweep(runs, place)
    written = {path: path.stat().st_mtime_ns for path in place.glob("runs/*/run.json")}
    assert len(written) == 4
    again = tk.sweep(runs, place)
    assert {path: path.stat().st_mtime_ns for path in written} == written
    pd.testing.assert_frame_equal(result.frame, again.frame)
    stored = pd.read_csv(place / "sweep.csv", keep_default_na=False)
    pd.testing.assert_frame_equal(stored, result.frame, check_dtype=False)
    lone = tk.open_recording(tmp_path / "lone/runs/seed=0").run["summary"]
    assert result.frame["last_test_accuracy"][0] == lone["last_test_accuracy"]
    table = result.over_seeds()
    assert table["runs"].tolist() == [2, 2]
    pairs = result.frame["last_test_accuracy"].to_numpy().reshape(2, 2)
    np.testing.assert_allclose(table[["mean", "std"]], np.stack([pairs.mean(1), pairs.std(1, ddof=1)], 1))


def test_a_run_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    result = tk.sweep({**QUICK, "epochs": 2, "grid": {"learning_rate": [1e30, 0.1]}}, tmp_path)
    assert "no finite number" in result.runs[0].error
    assert result.runs[1].error == ""
    assert result.over_seeds()["runs"].tolist() == [0, 1]


def test_what_is_varied_and_measured_alike_stands_as_it_was_asked_for(tmp_path: Path) -> None:
    grid = {"density": [0.21, 0.42], "epochs": [1]}
    result = tk.sweep({"hidden": [8], "batch_size": 256, "grid": grid}, tmp_path)
    assert result.frame.columns.is_unique
    assert result.over_seeds()[["density", "epochs"]].to_numpy().tolist() == [[0.21, 1], [0.42, 1]]


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(OutputExistsError):
        tk.sweep({**QUICK, "grid": {"seed": [0]}}, tmp_path)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "zeta.toml").write_text(FILE)
    assert topokit(["sweep", str(tmp_path / "zeta.toml"), "--list"]) == 0
    assert capsys.readouterr().out.split()[-1] == "rewire_fraction=0.5,seed=1"
    assert topokit(["sweep", str(tmp_path / "zeta.toml"), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["runs"]
    assert [(row["rewire_fraction"], row["seed"]) for row in rows] == [(0.1, 0), (0.1, 1), (0.5, 0), (0.5, 1)]
    assert (tmp_path / "zeta" / "sweep.csv").exists()
    (tmp_path / "bad.toml").write_text(FILE.replace("seed = [0, 1]", "learning_rate = [1e30]"))
    assert topokit(["sweep", str(tmp_path / "bad.toml")]) == 1
    assert "no finite number" in capsys.readouterr().err


def made_up(**swept: list[Any]) -> SweepResult:
    """Runs whose accuracy is their number in per cent."""
    rows = list(zip(*swept.values(), strict=True))
    return SweepResult.of(
        [
            SweptRun(str(k), dict(zip(swept, row, strict=True)), {"last_test_accuracy": k / 100}, "")
            for k, row in enumerate(rows)
        ]
    )


def test_the_figure_has_a_line_per_method_and_bands_over_seeds() -> None:
    result = made_up(
        method=["set", "set", "rigl", "rigl", "rigl"], density=[0.1, 0.2, 0.1, 0.1, 0.2], seed=[0, 0, 0, 1, 0]
    )
    axes = plots.sweep(result)
    assert_legible(axes.figure)
    assert axes.get_xlabel() == "Density"
    means = [line.get_ydata() for line in axes.lines if line.get_label() in ("set", "rigl")]
    np.testing.assert_allclose(means, [[0.0, 0.01], [0.025, 0.04]])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["set", "rigl"]
    words = plots.sweep(result, x="method")
    assert [label.get_text() for label in words.get_xticklabels()] == ["set", "rigl"]


def test_what_a_sweep_lacks_is_refused() -> None:
    result = made_up(seed=[0, 1])
    with pytest.raises(ParameterError, match="'density' is not in the sweep: there are seed"):
        plots.sweep(result, x="density")
    with pytest.raises(ParameterError, match="'loss' is not in the sweep"):
        plots.sweep(result, measure="loss")
    failed = SweepResult.of([SweptRun("0", {"seed": 0}, {}, "diverged"), SweptRun("1", {"seed": 1}, {"a": 1.0}, "")])
    with pytest.raises(ParameterError):
        plots.sweep(failed)
    with pytest.raises(InsufficientDataError, match="nothing was varied"):
        plots.sweep(made_up())
