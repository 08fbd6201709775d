"""Checkpoints inside archives: found, read in memory, and never written anywhere."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from checkpoint_files import SAVERS, same, state_dict

import topokit as tk
from topokit.dag.convert import save_graphml
from topokit.errors import (
    CheckpointError,
    CorruptCheckpointError,
    LimitExceededError,
    UnknownFormatError,
    UnsafeLinkError,
    UnsafePathError,
    UnsafePickleError,
    UnsupportedFeatureError,
)
from topokit.loaders.limits import Limits

SINGLE = [name for name in SAVERS if name != "scipy-sparse-folder"]


def tarred(path: Path, members: dict[str, bytes], mode: str = "w", format: int = tarfile.PAX_FORMAT) -> Path:
    with tarfile.open(path, mode, format=format) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


PACKERS: dict[str, Callable[[Path, str, bytes], Path]] = {
    "tar": lambda folder, name, data: tarred(folder / "x.tar", {"notes/a.md": b"# a", name: data}),
    "ustar": lambda folder, name, data: tarred(folder / "x.tar", {name: data}, "w", tarfile.USTAR_FORMAT),
    "gnu": lambda folder, name, data: tarred(folder / "x", {"d" * 150 + "/" + name: data}, "w", tarfile.GNU_FORMAT),
    "tar.gz": lambda folder, name, data: tarred(folder / "x.tgz", {"a.md": b"# a", name: data}, "w:gz"),
    "tar.bz2": lambda folder, name, data: tarred(folder / "x", {name: data}, "w:bz2"),
    "tar.xz": lambda folder, name, data: tarred(folder / "x", {name: data}, "w:xz"),
    "zip": lambda folder, name, data: zipped(folder / "x.zip", {"a/b.md": b"# a", "a/" + name: data}),
    "gz": lambda folder, name, data: packed(folder / f"{name}.gz", gzip.compress(data)),
    "bz2": lambda folder, name, data: packed(folder / f"{name}.bz2", bz2.compress(data)),
    "xz": lambda folder, name, data: packed(folder / f"{name}.xz", lzma.compress(data)),
}


def packed(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("name", SINGLE)
def test_the_one_checkpoint_inside_is_read(packer: str, name: str, tmp_path: Path) -> None:
    plain, folder = SAVERS[name](tmp_path), tmp_path / "packed"
    folder.mkdir()
    path = PACKERS[packer](folder, plain.name, plain.read_bytes())
    before = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")}
    checkpoint, expected = tk.open_checkpoint(path), tk.open_checkpoint(plain)
    assert checkpoint.format == "archive"
    assert checkpoint.metadata["archive"]["format"] == name
    assert checkpoint.metadata["archive"]["member"].endswith(plain.name)
    assert checkpoint.files == (path,)
    for key, entry in expected.tensors.items():
        assert same(tk.load(checkpoint).blocks[0].weights, tk.load(expected).blocks[0].weights)
        assert checkpoint.tensors[key].shape == entry.shape
    assert {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")} == before


def test_networks_in_text_files_are_read_where_nothing_else_is(tmp_path: Path) -> None:
    network = tk.load(SAVERS["npz"](tmp_path))
    save_graphml(network, tmp_path / "a.graphml")
    text = (tmp_path / "a.graphml").read_bytes()
    assert tk.load(zipped(tmp_path / "x.zip", {"a.graphml": text, "a.md": b"# a"})).n_edges == network.n_edges


def test_the_weights_of_a_nemo_archive_are_found_among_other_checkpoints(tmp_path: Path) -> None:
    plain = SAVERS["torch-zip"](tmp_path).read_bytes()
    members = {
        "./model_config.yaml": b"a: 1",
        "./model_weights.ckpt": plain,
        "./other.npy": SAVERS["npy"](tmp_path).read_bytes(),
    }
    path = tarred(tmp_path / "x.nemo", members, "w:gz")
    assert tk.open_checkpoint(path).metadata["archive"]["member"] == "./model_weights.ckpt"


def test_a_compressed_pickle_is_read_by_the_reader_of_pickles(tmp_path: Path) -> None:
    arrays = {name: tensor.numpy() for name, tensor in state_dict().items()}
    path = packed(tmp_path / "x.pkl.gz", gzip.compress(pickle.dumps(arrays)))
    assert tk.open_checkpoint(path).format == "joblib"
    assert set(tk.open_checkpoint(path).tensors) == set(arrays)


def test_no_file_in_memory_stays_open(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"a.pt": SAVERS["torch-zip"](tmp_path).read_bytes(), "b.md": b"# b"})
    tk.load(path)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        tk.load(path)
        tk.inspect(path)
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 1


def test_tensors_outlive_their_checkpoint(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"a.safetensors": SAVERS["safetensors"](tmp_path).read_bytes()})
    tensors = dict(tk.open_checkpoint(path).tensors)
    path.unlink()
    assert same(tensors["fc1.weight"].read(), state_dict()["fc1.weight"].numpy())


def test_errors_name_the_member(tmp_path: Path) -> None:
    data = bytearray(SAVERS["safetensors"](tmp_path).read_bytes())
    data[20] = 0xFF
    path = tarred(tmp_path / "x.tar", {"a/b.safetensors": bytes(data)})
    with pytest.raises(CorruptCheckpointError) as caught:
        tk.open_checkpoint(path)
    assert str(caught.value).startswith(f"{path}!a/b.safetensors [safetensors]")
    assert "/proc" not in str(caught.value)


class Attack:
    def __reduce__(self) -> tuple[object, ...]:
        return os.system, ("touch attacked",)


@pytest.mark.parametrize("packer", ["tar", "tar.gz", "zip", "gz"])
def test_attacks_inside_are_refused(packer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"w": torch.ones(2, 3), "a": Attack()}, tmp_path / "evil.pt")
    path = PACKERS[packer](tmp_path, "evil.pt", (tmp_path / "evil.pt").read_bytes())
    with pytest.raises(UnsafePickleError, match=r"evil\.pt .*nothing was run"):
        tk.load(path)
    assert not (tmp_path / "attacked").exists()


def special(kind: bytes, **told: Any) -> Callable[[Path, bytes], None]:
    def make(path: Path, data: bytes) -> None:
        with tarfile.open(path, "w") as archive:
            info = tarfile.TarInfo("evil")
            info.type = kind
            for name, value in told.items():
                setattr(info, name, value)
            archive.addfile(info)
            info = tarfile.TarInfo("a.npz")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))

    return make


def named(name: str) -> Callable[[Path, bytes], None]:
    def make(path: Path, data: bytes) -> None:
        tarred(path, {name: data})

    return make


def twice(path: Path, data: bytes) -> None:
    with tarfile.open(path, "w") as archive:
        for name in ("a.npz", "./a.npz"):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def damaged(place: int, value: bytes) -> Callable[[Path, bytes], None]:
    def make(path: Path, data: bytes) -> None:
        content = bytearray(tarred(path, {"a.npz": data}, "w", tarfile.USTAR_FORMAT).read_bytes())
        content[place : place + len(value)] = value
        path.write_bytes(content)

    return make


def cut(path: Path, data: bytes) -> None:
    path.write_bytes(tarred(path, {"a.npz": data}).read_bytes()[:1000])


EVIL: dict[str, tuple[Callable[[Path, bytes], None], type[CheckpointError], str]] = {
    "symbolic link": (special(tarfile.SYMTYPE, linkname="/etc/passwd"), UnsafeLinkError, "'evil': is a link"),
    "hard link": (special(tarfile.LNKTYPE, linkname="a.npz"), UnsafeLinkError, "'evil': is a link"),
    "device": (special(tarfile.CHRTYPE, devmajor=1, devminor=5), UnsafePathError, "device or pipe"),
    "pipe": (special(tarfile.FIFOTYPE), UnsafePathError, "device or pipe"),
    "sparse": (special(tarfile.GNUTYPE_SPARSE), UnsupportedFeatureError, "of the kind b'S'"),
    "absolute": (named("/a.npz"), UnsafePathError, "climbs out"),
    "climbs": (named("b/../../a.npz"), UnsafePathError, "climbs out"),
    "backslash": (named("..\\a.npz"), UnsafePathError, "climbs out"),
    "long and climbing": (named("x" * 200 + "/../../a.npz"), UnsafePathError, "climbs out"),
    "twice": (twice, CorruptCheckpointError, "twice"),
    "checksum": (damaged(20, b"x"), CorruptCheckpointError, "does not match its checksum"),
    "cut": (cut, CorruptCheckpointError, "ends"),
}


@pytest.mark.parametrize("name", EVIL)
def test_evil_archives_are_refused(name: str, tmp_path: Path) -> None:
    make, error, words = EVIL[name]
    make(tmp_path / "x.tar", SAVERS["npz"](tmp_path).read_bytes())
    with pytest.raises(error, match=words) as caught:
        tk.open_checkpoint(tmp_path / "x.tar")
    assert "\n" not in str(caught.value)


def test_what_holds_no_or_several_checkpoints_is_refused(tmp_path: Path) -> None:
    data = SAVERS["npz"](tmp_path).read_bytes()
    with pytest.raises(UnsupportedFeatureError, match=r"several checkpoints: 'a\.npz', 'b\.npz'; unpack it"):
        tk.open_checkpoint(zipped(tmp_path / "x.zip", {"a.npz": data, "b.npz": data}))
    inner = zipped(tmp_path / "inner.zip", {"a.npz": data, "a.md": b"# a"}).read_bytes()
    with pytest.raises(UnknownFormatError, match=r"archive of 1 files such as 'inner\.zip'.*unpack it"):
        tk.open_checkpoint(tarred(tmp_path / "x.tar", {"inner.zip": inner}))
    for path in (packed(tmp_path / "x.gz", gzip.compress(b"abc")), tarred(tmp_path / "x.tar", {"a.md": b"# a"})):
        with pytest.raises(UnknownFormatError, match="none of which is a checkpoint"):
            tk.open_checkpoint(path)


def test_bombs_are_limited(tmp_path: Path) -> None:
    head = SAVERS["safetensors"](tmp_path).read_bytes()
    bomb = packed(tmp_path / "bomb.safetensors.gz", gzip.compress(head + bytes(50_000_000)))
    with pytest.raises(LimitExceededError, match="unpacks to more than the 1,000,000 bytes"):
        tk.open_checkpoint(bomb, limits=Limits(decompressed_bytes=1_000_000))
    tar = tarred(tmp_path / "x.tar.gz", {"a.npz": bytes(50_000_000)}, "w:gz")
    with pytest.raises(LimitExceededError):
        tk.open_checkpoint(tar, limits=Limits(decompressed_bytes=1_000_000))
    with pytest.raises(LimitExceededError, match="more members than allowed"):
        tk.open_checkpoint(tarred(tmp_path / "y.tar", dict.fromkeys("abc", b"x")), limits=Limits(tensors=2))


def test_without_files_in_memory_the_way_out_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tarred(tmp_path / "x.tar", {"a.npz": SAVERS["npz"](tmp_path).read_bytes()})
    monkeypatch.delattr(os, "memfd_create")
    with pytest.raises(UnsupportedFeatureError, match=r"unpack it and give 'a\.npz'"):
        tk.open_checkpoint(path)
