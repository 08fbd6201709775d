"""Every command as a person would type it, on real files and a real short run."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

import topokit as tk
from topokit.cli.config_flags import SECTIONS
from topokit.cli.main import COMMANDS, run
from topokit.registry import TABLES
from topokit.training.config import TrainConfig

CONFIG = """\
method = "set"
hidden = [24, 16]
density = 0.2
epochs = 2
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SET run of two epochs on digits."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "set.toml").write_text(CONFIG)
    assert run(["train", str(folder / "set.toml"), "-o", str(folder / "run")]) == 0
    return folder / "run"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pruned state dict 20-12-4 as safetensors, PyTorch's way round."""
    rng = np.random.default_rng(0)
    weights = {
        f"{name}.weight": (rng.normal(size=shape) * (rng.random(shape) < 0.3)).astype(np.float32)
        for name, shape in {"fc1": (12, 20), "fc2": (4, 12)}.items()
    }
    path = tmp_path_factory.mktemp("checkpoint") / "model.safetensors"
    save_file({**weights, "fc1.bias": np.zeros(12, np.float32)}, path)
    return path


def output_of(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    capsys.readouterr()
    status = run([str(word) for word in words])
    captured = capsys.readouterr()
    assert status == 0, captured.err
    return captured.out


def json_of(capsys: pytest.CaptureFixture[str], *words: object) -> Any:
    return json.loads(output_of(capsys, *words, "--json"))


def test_every_command_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    for command in COMMANDS:
        assert f"topokit {command}" in output_of(capsys, command, "--help")


def test_the_flags_of_a_run_stand_in_sections(capsys: pytest.CaptureFixture[str]) -> None:
    page = output_of(capsys, "train", "--help").split("\n\n")
    sections = {block.partition(":\n")[0]: " ".join(block.split()) for block in page}
    assert set(SECTIONS.values()) <= set(sections)
    assert "--mask NAME" in sections["Wiring at the start"]
    assert "one of er, er-epsilon, erk" in sections["Wiring at the start"]
    assert "--resume" in sections["Options"]
    assert all(f"--{field.name.replace('_', '-')} " in "".join(sections.values()) for field in fields(TrainConfig))


def test_names_from_one_module_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    for table in ("methods", "models", "datasets", "profiles"):
        summaries = [entry["summary"] for entry in json_of(capsys, "list", table)]
        assert all(summaries)
        assert len(set(summaries)) == len(summaries)


@pytest.mark.parametrize("table", TABLES)
def test_list_names_everything_and_the_code_exists(table: str, capsys: pytest.CaptureFixture[str]) -> None:
    listed = json_of(capsys, "list", table)
    assert [entry["name"] for entry in listed] == list(TABLES[table])
    for entry in listed:
        assert TABLES[table].load(entry["name"]) is not None


def test_inspect_has_the_keys_machines_rely_on(checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json_of(capsys, "inspect", checkpoint)
    assert {"format", "tensors", "layers", "blocks", "provenance"} <= set(found)
    assert set(found["tensors"][0]) == {"name", "shape", "dtype", "role", "nnz", "used_as", "skipped"}
    assert set(found["layers"][0]) == {"name", "size", "kind"}
    assert set(found["blocks"][0]) == {"source", "target", "edges", "possible", "mask_source"}
    assert [layer["size"] for layer in found["layers"]] == [20, 12, 4]
    assert "fc1.bias" in output_of(capsys, "inspect", checkpoint)


def test_tables_fit_a_terminal(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = subprocess.run([sys.executable, "-m", "topokit", "inspect", checkpoint], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    # The first line is the path, as long as it is.
    assert max(map(len, done.stdout.splitlines()[1:])) <= 80


def test_narrow_terminals_lose_no_column(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    done = subprocess.run([sys.executable, "-m", "topokit", "inspect", checkpoint], capture_output=True, text=True)
    header = next(line for line in done.stdout.splitlines() if "non-zeros" in line)
    assert header.split() == ["tensor", "shape", "dtype", "role", "non-zeros", "became"]


def test_train_returns_the_summary_and_resumes(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    again = json_of(capsys, "train", recorded.parent / "set.toml", "-o", recorded, "--resume")
    assert again["frames"] == len(tk.open_recording(recorded))
    assert again["summary"] == tk.open_recording(recorded).run["summary"]


def test_a_flag_overrides_the_file(recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = recorded.parent / "set.toml"
    output_of(capsys, "train", config, "-o", tmp_path / "run", "--hidden", "8", "--epochs", "1", "--seed", "3")
    stored = tk.open_recording(tmp_path / "run").config
    assert (stored["hidden"], stored["epochs"], stored["seed"], stored["density"]) == ([8], 1, 3, 0.2)


def test_a_wiring_that_cannot_be_trained_again_is_refused_at_once(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for option, value, said in (("--epoch", "77", "unknown epoch"), ("--method", "snip", "a stored structure needs")):
        assert run(["retrain", str(recorded), "-o", str(tmp_path / "again"), option, value]) == 2
        assert said in capsys.readouterr().err
    assert not (tmp_path / "again").exists()


def test_sensitivity_shows_errors_where_there_are_no_accuracies(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rbm.toml").write_text('profile = "set-rbm"\nhidden = [12]\nepochs = 1\n')
    output_of(capsys, "train", tmp_path / "rbm.toml", "-o", tmp_path / "rbm")
    shown = output_of(capsys, "sensitivity", recorded, tmp_path / "rbm", "--repeats", "1")
    accuracies, errors = shown.strip().split("\n\n")
    assert accuracies.startswith("accuracy on test data")
    assert "rbm" not in accuracies
    assert errors.startswith("reconstruction error on test data")
    assert errors.count("rbm") == 2


def test_analyze_writes_a_frame_and_a_figure_each(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    found = json_of(capsys, "analyze", recorded, "-o", out, "--replicates", 5, "--figures", "svg")
    assert found["sources"][0]["edges"] == tk.open_recording(recorded)[-1].n_edges
    tables, figures = ({path.stem for path in out.glob(f"*.{suffix}")} for suffix in ("csv", "svg"))
    names = {"degrees", "degree_inequality", "power_law", "kshell", "onion_layers", "shell_layout", "dormant"}
    names |= {"effective_sparsity", "input_map", "rank_evolution", "edge_changes", "edge_survival", "exploration"}
    names |= {"attachment", "nnstd_against_first", "nnstd_matrix", "input_significance", "input_change", "moran"}
    names |= {"degree_persistence"}
    assert figures - names == {"attachment_out", "attachment_retention", "attachment_retention_out"}
    assert names <= figures
    assert {name for table in tables for name in names if table.startswith(name)} == names <= tables
    beside = {"edge_survival_summary", "attachment_verdicts", "power_law_scale_freeness", "input_change_summary"}
    assert beside | {"input_significance_summary", "input_significance_extremes"} <= tables - names


def test_analyze_writes_what_the_library_finds(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, series = tmp_path / "out", tk.open_recording(recorded)
    words = ["--replicates", 5, "--seed", 3, "--figures", "svg", "--null", "density", "--null-replicates", 9]
    output_of(capsys, "analyze", recorded, "-o", out, *words)
    expected = {
        "power_law": tk.power_law(series, replicates=5, rng=3).frame[["verdict", "strict_n_tail", "scale_free_class"]],
        "edge_survival_summary": tk.edge_survival(series).summary,
        "attachment_verdicts": tk.attachment(series, rng=3).verdicts,
        "input_significance_extremes": tk.input_significance(series).extremes,
        "moran": tk.moran(series, rng=3).frame,
    }
    for name, frame in expected.items():
        written, meant = pd.read_csv(out / f"{name}.csv"), pd.read_csv(StringIO(frame.to_csv(index=False)))
        pd.testing.assert_frame_equal(written[list(meant.columns)], meant)
    shells = tk.against_null(tk.kshell, series, model="density", n=9, rng=3).frame
    written = pd.read_csv(out / "kshell_against_density.csv")
    meant = shells[shells["statistic"] != "crust"].reset_index(drop=True)
    pd.testing.assert_frame_equal(written[["statistic", "null_mean"]], meant[["statistic", "null_mean"]])
    assert (pd.read_csv(out / "effective_sparsity_against_density.csv")["statistic"].str.endswith("dead_edges")).all()
    inequality = pd.read_csv(out / "degree_inequality.csv").query("kind == 'total'").tail(len(series[-1].layers))
    beside = pd.read_csv(out / "degree_inequality_against_density.csv").set_index("statistic")["value"]
    gini = [beside[f"{layer} total gini"] for layer in inequality["layer"]]
    assert gini == pytest.approx(inequality["gini"].tolist())


def test_analyze_compares_with_chance_only_when_asked(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["analyze", checkpoint, "--replicates", 0, "--null-replicates", 5, "--figures", "svg", "-o"]
    output_of(capsys, *words, tmp_path / "without")
    assert list((tmp_path / "without").glob("*against*")) == []
    output_of(capsys, *words, tmp_path / "with", "--null", "degrees", "--null", "density")
    found = {path.name for path in (tmp_path / "with").glob("*_against_*")}
    both = [f"{name}_against_{null}" for name in ("kshell", "effective_sparsity") for null in ("degrees", "density")]
    assert {f"{name}.{suffix}" for name in both for suffix in ("csv", "svg")} <= found
    assert "dormant_against_density.csv" in found
    assert "dormant_against_degrees.csv" not in found


def test_the_closing_table_fits_a_terminal(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    out = output_of(capsys, "analyze", recorded, "-o", tmp_path / "out", "--replicates", 0, "--figures", "svg")
    assert max(map(len, out.splitlines()[1:])) <= 80


def test_analyze_takes_checkpoints_and_says_what_they_lack(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["analyze", str(checkpoint), "--replicates", "5"]
    assert run([*words, "-o", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().err.splitlines()
    assert [line for line in told if "figure of input_map, figure of input_significance, moran left out: layer" in line]
    assert (tmp_path / "out" / "input_map.csv").is_file()
    assert (tmp_path / "out" / "kshell.pdf").stat().st_size > 1000
    assert run([*words, "-o", str(tmp_path / "shaped"), "--shape", "4,5"]) == 0
    assert "left out" not in capsys.readouterr().err
    assert (tmp_path / "shaped" / "input_map.pdf").stat().st_size > 1000


def test_analyze_keeps_sources_of_one_name_apart(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = [tmp_path / folder / "model.safetensors" for folder in "ab"]
    for source in sources:
        source.parent.mkdir()
        source.write_bytes(checkpoint.read_bytes())
    found = json_of(capsys, "analyze", *sources, "-o", tmp_path / "out", "--replicates", 0)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a-model", "b-model"]
    assert [source["density"] for source in found["sources"]] == [tk.load(checkpoint).density] * 2
    assert run(["analyze", str(checkpoint), str(checkpoint), "-o", str(tmp_path / "twice")]) == 2
    assert not (tmp_path / "twice").exists()


@pytest.mark.parametrize(
    "words", ["--seed -1", "--threshold 0", "--replicates -5", "--shape big", "--null x", "--null-replicates 1"]
)
def test_analyze_refuses_options_out_of_range(words: str, checkpoint: Path, tmp_path: Path) -> None:
    assert run(["analyze", str(checkpoint), "-o", str(tmp_path / "out"), *words.split()]) == 2
    assert not (tmp_path / "out").exists()


def test_compare_agrees_with_the_library(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    series = tk.open_recording(recorded)
    first = recorded / "frames" / f"{series.steps[0]:09d}.safetensors"
    found = json_of(capsys, "compare", first, recorded)
    assert found["total"] == tk.nnstd(series[0], series[-1]).total
    assert len(found["layers"]) == 3


@pytest.mark.parametrize("suffix", [".npz", ".csv", ".graphml", ".gexf"])
def test_export_writes_every_graph_format(
    suffix: str, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output_of(capsys, "export", checkpoint, tmp_path / f"net{suffix}")
    assert (tmp_path / f"net{suffix}").stat().st_size > 500
    if suffix == ".npz":
        assert tk.load(tmp_path / "net.npz").equals(tk.load(checkpoint))


def test_report_is_one_page(recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output_of(capsys, "report", recorded, "-o", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert page.lower().startswith("<!doctype html>")
    assert 'src="http' not in page


def test_cite_and_doctor(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Topological Insights" in output_of(capsys, "cite", "nnstd")
    found = json_of(capsys, "doctor")
    assert {"numpy", "torch", "hypothesis"} <= {row["package"] for row in found["packages"]}
