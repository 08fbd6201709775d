"""A wrong command line ends with one line on standard error, status 2, and nothing half-written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from safetensors.numpy import save_file

from topokit.cli.main import run

GOOD = {"fc1.weight": np.ones((3, 4), np.float32), "fc2.weight": np.ones((2, 3), np.float32)}


def make(path: Path, kind: str) -> Path:
    """A bad file of that kind."""
    file = path / "bad.safetensors"
    if kind == "empty":
        file.touch()
    elif kind == "truncated":
        save_file(GOOD, file)
        file.write_bytes(file.read_bytes()[:-5])
    elif kind == "text named .pt":
        file = path / "bad.pt"
        file.write_text("these are not weights\n")
    elif kind == "no matrix":
        save_file({"fc1.bias": np.ones(3, np.float32)}, file)
    elif kind == "no chain":
        save_file({"a.weight": np.ones((3, 4), np.float32), "b.weight": np.ones((7, 8), np.float32)}, file)
    elif kind == "NaN":
        save_file({**GOOD, "fc1.weight": np.full((3, 4), np.nan, np.float32)}, file)
    elif kind == "mask of another shape":
        save_file({**GOOD, "fc1.weight_mask": np.ones((4, 3), np.float32)}, file)
    elif kind == "indices out of range":
        file = path / "bad.npz"
        matrix = sp.csr_array(np.eye(4))
        np.savez(file, format=b"csr", shape=(4, 4), data=matrix.data, indptr=matrix.indptr, indices=matrix.indices + 99)
    return file


KINDS = [
    "missing",
    "empty",
    "truncated",
    "text named .pt",
    "no matrix",
    "no chain",
    "NaN",
    "mask of another shape",
    "indices out of range",
]


def failure(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert run(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = [line for line in captured.err.splitlines() if line.startswith("topokit: ")]
    return line


@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_checkpoint_is_one_line_that_names_it(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = make(tmp_path, kind)
    out = tmp_path / "out"
    line = failure(["analyze", str(file), "-o", str(out)], capsys)
    assert str(file) in line
    assert list(tmp_path.iterdir()) in ([], [file])


@pytest.mark.parametrize("kind", KINDS)
def test_inspect_ends_with_the_problem(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = make(tmp_path, kind)
    assert run(["inspect", str(file), "--json"]) == 2
    captured = capsys.readouterr()
    (line,) = captured.err.splitlines()
    assert str(file) in line
    if captured.out:
        assert json.loads(captured.out)["tensors"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('metod = "set"', "'method'"),
        ('method = "sett"', "'set'"),
        ("density = 1.5", "(0, 1]"),
        ("density = 0.0", "(0, 1]"),
        ("hidden = 3", "integers"),
        ("density = ", "TOML"),
    ],
)
def test_a_bad_config_names_the_key_and_the_remedy(
    text: str, named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(text)
    line = failure(["train", str(config), "-o", str(tmp_path / "run")], capsys)
    assert str(config) in line
    assert named in line
    assert not (tmp_path / "run").exists()


def test_an_output_folder_that_holds_something_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, out = tmp_path / "good.safetensors", tmp_path / "out"
    save_file(GOOD, good)
    out.mkdir()
    (out / "mine.txt").write_text("keep")
    for words in (["analyze", str(good), "-o", str(out)], ["train", "-o", str(out), "--epochs", "1"]):
        assert "exists" in failure(words, capsys)
    assert [path.name for path in out.iterdir()] == ["mine.txt"]


def test_near_names_are_offered(capsys: pytest.CaptureFixture[str]) -> None:
    assert "did you mean 'mnist'" in failure(["data", "fetch", "mnits"], capsys)
    assert "did you mean 'nnstd'" in failure(["cite", "nnst"], capsys)
    assert "No such command" in failure(["inspekt"], capsys)


def test_an_absent_data_set_says_how_to_fetch_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", "--dataset", "mnist", "--data-folder", str(tmp_path / "none"), "-o", str(tmp_path / "run")]
    assert "topokit data fetch mnist" in failure(words, capsys)
    assert not (tmp_path / "run").exists()


def test_a_full_disk_is_status_1_and_leaves_nothing(tmp_path: Path) -> None:
    """The kernel refuses writes beyond a size, as a full disk would."""
    code = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
        "from topokit.cli.main import run\n"
        "sys.exit(run(sys.argv[1:]))\n"
    )
    good = tmp_path / "good.safetensors"
    save_file({"fc1.weight": np.ones((50, 60), np.float32)}, good)
    words = ["export", str(good), str(tmp_path / "net.graphml")]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert str(tmp_path / "net.graphml") in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["good.safetensors"]


@pytest.mark.parametrize("words", [[], ["data"]])
def test_a_group_without_a_command_shows_its_help(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("Usage: topokit")
    assert "\nCommands:\n" in captured.err


def test_one_unknown_data_set_stops_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "'mnist'" in failure(["data", "fetch", "digits", "mnits", "--to", str(tmp_path / "data")], capsys)
    assert not (tmp_path / "data").exists()


def test_bench_ends_with_a_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert "no_such_benchmark" in failure(["bench", "no_such_benchmark"], capsys)


def test_debug_shows_the_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--debug", "inspect", str(tmp_path / "none.pt")]) == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("words", ["list formats", "inspect good.safetensors", "inspect good.safetensors --json"])
def test_a_closed_pipe_is_no_error(words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_file(GOOD, tmp_path / "good.safetensors")
    monkeypatch.chdir(tmp_path)
    shell = f"{sys.executable} -m topokit {words} | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, env=os.environ)
    assert (done.returncode, done.stderr) == (0, "")
