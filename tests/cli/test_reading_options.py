"""Every option of `topokit.load` is one of every command that reads checkpoints, and does the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pytest
from safetensors.numpy import save_file

import topokit as tk
from topokit.cli.loading import loading_options
from topokit.cli.main import run
from topokit.loaders.assembly.options import LoadOptions

READING = ("inspect", "analyze", "compare", "distances", "convert", "export")


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """Dense 6-6-6 with small weights among large ones."""
    rng = np.random.default_rng(0)
    path = tmp_path / "net.safetensors"
    save_file({f"fc{k}.weight": rng.normal(size=(6, 6)).astype(np.float32) for k in (1, 2)}, path)
    return path


def told(words: list[Any], capsys: pytest.CaptureFixture[str]) -> Any:
    capsys.readouterr()
    status = run([str(word) for word in words])
    captured = capsys.readouterr()
    assert status == 0, captured.err
    return json.loads(captured.out)


def test_each_option_has_a_flag_and_words() -> None:
    options = {option.name.removeprefix("load_"): option for option in loading_options()}
    assert options.keys() == get_type_hints(LoadOptions).keys()
    assert all(len(option.help) > 10 for option in options.values())


@pytest.mark.parametrize("command", READING)
def test_each_command_explains_them(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--help"]) == 0
    text = capsys.readouterr().out
    assert text.count("Reading checkpoints:") == 1
    for option in loading_options():
        assert option.opts[0] in text


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (["--order", "fc2,fc1"], {"order": ["fc2", "fc1"]}),
        (["--order", "none"], {"order": "none"}),
        (["--axes", "source-target"], {"axes": "source-target"}),
        (["--weight-threshold", "0.5"], {"threshold": 0.5}),
        (["--bias-row", "last", "--axes", "source-target", "--order", "fc1"], None),
        (["--bias-row", "none"], {"bias_row": None}),
        (["--structure", "values"], {"structure": "values"}),
        (["--embeddings"], {"embeddings": True}),
        (["--format", "safetensors"], {"format": "safetensors"}),
        (["--exclude", "fc2.weight"], {"exclude": ["fc2.weight"]}),
    ],
)
def test_inspect_does_what_the_library_does(
    words: list[str], options: dict[str, Any] | None, checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = {"bias_row": "last", "axes": "source-target", "order": ["fc1"]} if options is None else options
    assert told(["inspect", checkpoint, "--json", *words], capsys) == json.loads(
        json.dumps(tk.inspect(checkpoint, **options).to_dict())
    )


def test_a_mask_file(checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "masks.npz", fc1=np.eye(6, dtype=bool), fc2=np.eye(6, dtype=bool))
    found = told(["inspect", checkpoint, "--json", "--mask", tmp_path / "masks.npz"], capsys)
    assert [block["edges"] for block in found["blocks"]] == [6, 6]
    compared = told(["compare", checkpoint, checkpoint, "--json", "--mask", tmp_path / "masks.npz"], capsys)
    assert compared["a"]["edges"] == 12


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_convert_loads_back_equal(
    suffix: str, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / f"out{suffix}"
    assert run(["convert", str(checkpoint), str(out), "--weight-threshold", "0.5"]) == 0
    network = tk.load(checkpoint, threshold=0.5)
    assert tk.load(out).equals(network)
    assert 0 < network.n_edges < 72
    assert f"{network.n_edges} edges" in capsys.readouterr().out
    assert run(["convert", str(checkpoint), str(out)]) == 2
    assert "exists" in capsys.readouterr().err


def test_convert_takes_the_last_frame_of_a_recording(tmp_path: Path, checkpoint: Path) -> None:
    recorder = tk.TopologyRecorder(tmp_path / "run", lambda: tk.load(checkpoint))
    recorder.record(step=7, epoch=1)
    assert run(["convert", str(tmp_path / "run"), str(tmp_path / "out.safetensors")]) == 0
    assert tk.load(tmp_path / "out.safetensors").equals(tk.load(checkpoint))


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["convert", "{file}", "{folder}/out.pt"], "unknown suffix '.pt': did you mean '.npz'?"),
        (["inspect", "{file}", "--weight-threshold", "much"], "'much': write NUMBER"),
        (["inspect", "{file}", "--axes", "both"], "'both' is not one of"),
        (["inspect", "{file}", "--input-shape", "3,x"], "'3,x': write 3,32,32"),
        (["export", "{run}", "{folder}/out.csv", "--order", "a"], "is a recording, to which order does not apply"),
    ],
)
def test_bad_words(
    words: list[str], named: str, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tk.TopologyRecorder(tmp_path / "run", lambda: tk.load(checkpoint)).record(step=1)
    places = {"file": checkpoint, "folder": tmp_path, "run": tmp_path / "run"}
    assert run([word.format(**places) for word in words]) == 2
    assert named in capsys.readouterr().err
    assert not list(tmp_path.glob("out*"))


def test_repeated_layers_are_listed_in_one_row_unless_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    path = tmp_path / "deep.safetensors"
    save_file({f"layers.{k}.weight": np.ones((3, 3), np.float32) for k in range(40)}, path)
    assert run(["inspect", str(path)]) == 0
    text = capsys.readouterr().out
    assert "layers.{1-39}.weight" in text
    assert "layers.17.weight" not in text
    assert (
        text.splitlines()[-1]
        == "dense weights and no mask: was the mask saved elsewhere? Give it with masks= or --mask"
    )
    assert "40 tensors, 360 parameters, 360 of them not 0 (100.00%)" in text.splitlines()[0]
    assert run(["inspect", str(path), "--all"]) == 0
    assert "layers.17.weight" in capsys.readouterr().out


def test_formats_are_described(capsys: pytest.CaptureFixture[str]) -> None:
    listed = {entry["name"]: entry for entry in told(["list", "formats", "--json"], capsys)}
    assert listed["npy"]["summary"].startswith("One NumPy array in a file of its own")
    assert all(entry["summary"] for entry in listed.values())
