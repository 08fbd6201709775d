from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich_networks import assert_identical, rich_dags

import topokit as tk
from topokit.dag import LayeredDAG
from topokit.dag.convert import load_npz
from topokit.errors import CheckpointError, CorruptCheckpointError, UnknownFormatError


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("npz") / "network.npz"


@given(network=rich_dags(taps=True))
def test_there_and_back_without_loss(network: LayeredDAG, path: Path) -> None:
    tk.save_npz(network, path)
    assert_identical(network, load_npz(path))


def test_numpy_alone_reads_it(path: Path) -> None:
    network = LayeredDAG.from_adjacencies([np.eye(40, dtype=np.float32) / 2])
    tk.save_npz(network, path)
    with np.load(path) as stored:
        header = json.loads(stored["header"].tobytes())
        assert header["layers"][0] == {"name": "input", "size": 40, "kind": "input", "shape": None}
        np.testing.assert_array_equal(stored["0.weights"], np.full(40, 0.5, np.float32))
        bits = np.unpackbits(stored["0.bitmap"], axis=1, count=40, bitorder="little")
        np.testing.assert_array_equal(bits, np.eye(40))


def test_the_name_is_kept_as_given(tmp_path: Path) -> None:
    network = LayeredDAG.from_adjacencies([np.ones((2, 2))])
    tk.save_npz(network, tmp_path / "plain", weights=False)
    assert [item.name for item in tmp_path.iterdir()] == ["plain"]
    assert load_npz(tmp_path / "plain").blocks[0].weights is None


def test_other_files_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no such file; check the path"):
        load_npz(tmp_path / "none.npz")
    np.savez(tmp_path / "foreign.npz", w=np.ones((2, 2)))
    with pytest.raises(UnknownFormatError, match=r"it has no 'header'; read it with topokit\.load"):
        load_npz(tmp_path / "foreign.npz")
    np.save(tmp_path / "lone.npy", np.ones((2, 2)))
    with pytest.raises(UnknownFormatError, match="no network that topokit wrote"):
        load_npz(tmp_path / "lone.npy")
    (tmp_path / "empty.npz").touch()
    (tmp_path / "text.npz").write_text("hello")
    os.mkfifo(tmp_path / "pipe.npz")
    for name in ("empty.npz", "text.npz", "pipe.npz", "."):
        with pytest.raises(CorruptCheckpointError, match=r"not a readable \.npz") as caught:
            load_npz(tmp_path / name)
        assert "allow_pickle" not in str(caught.value)


class Trap:
    def __reduce__(self) -> tuple[object, ...]:
        return os.system, ("touch trapped",)


def test_pickles_are_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez("trap.npz", header=np.array([Trap()], object))
    with pytest.raises(CorruptCheckpointError, match="not a readable"):
        load_npz("trap.npz")
    assert not Path("trapped").exists()


@settings(max_examples=200)
@given(data=st.data())
def test_damaged_files_are_refused_or_harmless(data: st.DataObject, path: Path) -> None:
    tk.save_npz(LayeredDAG.from_adjacencies([np.eye(9), np.ones((9, 2), bool)]), path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        load_npz(path).edges()
    except CheckpointError:
        return


def test_members_that_promise_too_much(path: Path) -> None:
    tk.save_npz(LayeredDAG.from_adjacencies([np.eye(9)]), path)
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    members["0.weights.npy"] = members["0.weights.npy"].replace(b"(9,), ", b"(9000000000000,), "[:6])
    for promise in (b"(9000000000000,)", b"(99,)"):
        head = members["0.weights.npy"][:128].replace(b"(9,)", promise)[:127].ljust(127) + b"\n"
        with zipfile.ZipFile(path, "w") as file:
            for name, content in members.items():
                file.writestr(name, head + content[128:] if name == "0.weights.npy" else content)
        with pytest.raises(CorruptCheckpointError):
            load_npz(path)
