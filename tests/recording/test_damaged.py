"""Damaged recordings end in one line that names the file; nothing else escapes."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from topokit.dag import LayeredDAG
from topokit.errors import RecordingError, TopokitError
from topokit.recording import RecordingWriter, open_recording


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    writer = RecordingWriter(tmp_path / "run", {"method": "set"})
    for step in range(2):
        masks = [rng.random((6, 5)) < 0.5, rng.random((5, 400)) < 0.01]
        writer.write_frame(LayeredDAG.from_adjacencies([m * np.float32(2) for m in masks], masks=masks), step=step)
        writer.append_metrics({"step": step, "loss": 0.5})
    return tmp_path / "run"


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no such folder"):
        open_recording(tmp_path / "nothing")


def test_folder_without_run_file(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"no recording, it has no run\.json"):
        open_recording(tmp_path)


@pytest.mark.parametrize("name", ["run.json", "metrics.csv", "frames/000000001.safetensors"])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_pipes_and_folders_in_place_of_files(name: str, make: Callable[[Path], None], folder: Path) -> None:
    """Opening a pipe would wait for ever."""
    (folder / name).unlink()
    make(folder / name)
    with pytest.raises(RecordingError, match=name):
        open_recording(folder)


def test_run_without_frames(folder: Path) -> None:
    for path in (folder / "frames").iterdir():
        path.unlink()
    with pytest.raises(RecordingError, match="no frame"):
        open_recording(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 2}', "[" * 100_000])
def test_damaged_run_file(folder: Path, text: str) -> None:
    (folder / "run.json").write_text(text)
    with pytest.raises(RecordingError, match=r"run\.json: "):
        open_recording(folder)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("loss\n1.0\n", "line 1"),
        ("step,epoch,step\n1,2,3\n", "line 1"),
        ("step,epoch,loss\n0,,0.5\n1,,low\n", "line 3"),
        ("step,epoch,loss\n0,,0.5,7\n", "line 2"),
        ("step,epoch,loss\n,1,0.5\n", "line 2"),
        ("step,epoch,loss\nnan,1,0.5\n", "line 2"),
        ("step,epoch\n\n0,1\n", "line 2"),
    ],
)
def test_damaged_metrics(folder: Path, text: str, place: str) -> None:
    (folder / "metrics.csv").write_text(text)
    with pytest.raises(RecordingError, match=rf"metrics\.csv, {place}"):
        open_recording(folder)


def test_missing_metrics_are_an_empty_table(folder: Path) -> None:
    (folder / "metrics.csv").unlink()
    metrics = open_recording(folder).metrics
    assert (list(metrics.columns), len(metrics)) == (["step", "epoch"], 0)


def with_header(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Rewrite a frame with another header."""
    content = path.read_bytes()
    [length] = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + content[8 + length :])


def network_header(change: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    """A change of the network's own header."""

    def changed(header: dict[str, Any]) -> None:
        network = json.loads(header["__metadata__"]["topokit"])
        change(network)
        header["__metadata__"]["topokit"] = json.dumps(network)

    return changed


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"12345678"),
        lambda path: path.write_bytes(struct.pack("<Q", 2**63) + b"{}"),
        lambda path: path.write_bytes(struct.pack("<Q", 2) + b"[]"),
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(path.read_bytes() + b"0"),
        lambda path: with_header(path, lambda header: header.pop("__metadata__")),
        lambda path: with_header(path, lambda header: header["__metadata__"].update(topokit="no JSON")),
        lambda path: with_header(path, lambda header: header["__metadata__"].update(topokit="[]")),
        lambda path: with_header(path, lambda header: header["__metadata__"].update(step="first")),
        lambda path: with_header(path, lambda header: header["__metadata__"].update(epoch="nan")),
        lambda path: with_header(path, lambda header: header["__metadata__"].update(metrics="[1]")),
        lambda path: with_header(path, network_header(lambda network: network.update(layers=[]))),
        lambda path: with_header(path, network_header(lambda network: network["layers"][0].update(size=7))),
    ],
)
def test_damage_that_opening_sees(folder: Path, damage: Callable[[Path], None]) -> None:
    damage(folder / "frames" / "000000001.safetensors")
    with pytest.raises(RecordingError, match=r"000000001\.safetensors"):
        open_recording(folder)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: with_header(path, network_header(lambda network: network.update(schema=9))),
        lambda path: with_header(path, network_header(lambda network: network["blocks"][0].update(edges=1))),
        lambda path: with_header(path, network_header(lambda network: network["blocks"][0].update(source="other"))),
        lambda path: with_header(path, network_header(lambda network: network["blocks"][0].update(color="red"))),
        lambda path: with_header(path, network_header(lambda network: network.pop("provenance"))),
        lambda path: path.unlink(),
    ],
)
def test_damage_that_reading_sees(folder: Path, damage: Callable[[Path], None]) -> None:
    path = folder / "frames" / "000000001.safetensors"
    if damage.__code__.co_names == ("unlink",):
        recording = open_recording(folder)
        damage(path)
    else:
        damage(path)
        recording = open_recording(folder)
    assert recording[0].n_edges > 0
    with pytest.raises(RecordingError, match=r"000000001\.safetensors"):
        recording[1]


def opened_or_refused(folder: Path) -> str:
    """The one line an opened and read recording is refused with, or nothing."""
    try:
        assert [network.n_edges >= 0 for network in open_recording(folder)]
    except TopokitError as error:
        return str(error)
    return ""


def test_flipped_bits_and_cut_files_open_or_are_refused(folder: Path) -> None:
    rng = np.random.default_rng(3)
    path = folder / "frames" / "000000001.safetensors"
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    for _ in range(400):
        mutant = whole.copy()
        places = rng.integers(0, len(mutant), rng.integers(1, 9))
        mutant[places] ^= np.left_shift(1, rng.integers(0, 8, len(places))).astype(np.uint8)
        path.write_bytes(mutant.tobytes()[: rng.integers(len(mutant)) if rng.random() < 0.2 else None])
        assert "\n" not in opened_or_refused(folder)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to every value of a JSON document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in items:
        yield (*path, key)
        yield from places(child, (*path, key))


@pytest.mark.parametrize("value", [None, -1, 2**70, 1.5, "x", [], {}, [[1]], "input"])
def test_any_other_value_in_a_header_opens_or_is_refused(folder: Path, value: Any) -> None:
    path = folder / "frames" / "000000001.safetensors"
    whole = path.read_bytes()
    outer = json.loads(whole[8 : 8 + struct.unpack("<Q", whole[:8])[0]])
    inner = json.loads(outer["__metadata__"]["topokit"])
    for document, wrap in ((outer, lambda change: change), (inner, network_header)):
        for place in places(document):
            path.write_bytes(whole)
            with_header(path, wrap(lambda header, place=place: replaced(header, place, value)))
            assert "\n" not in opened_or_refused(folder)


def replaced(document: Any, place: tuple[Any, ...], value: Any) -> None:
    """Put `value` where `place` leads."""
    for key in place[:-1]:
        document = document[key]
    document[place[-1]] = value
