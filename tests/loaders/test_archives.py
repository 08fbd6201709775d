"""Zip archives that lie about themselves, or that would write or unpack where they must not."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import topokit as tk
from topokit.errors import (
    CheckpointError,
    CorruptCheckpointError,
    LimitExceededError,
    UnsafePathError,
    UnsupportedFeatureError,
)
from topokit.loaders.formats.common.archive import open_archive
from topokit.loaders.limits import Limits


def npy_bytes(array: object) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(array))
    return buffer.getvalue()


ARRAY = npy_bytes(np.arange(6.0).reshape(2, 3))


def archive(path: Path, members: list[tuple[str, bytes]], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as made:
        for name, content in members:
            made.writestr(name, content)
    return path


def opened(path: Path, limits: Limits | None = None) -> object:
    return open_archive(path, "test", limits or Limits())


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_come_back(compression: int, tmp_path: Path) -> None:
    contents = [("a.npy", ARRAY), ("b.npy", b""), ("d/c.npy", bytes(range(256)) * 100)]
    made = open_archive(archive(tmp_path / "x.zip", contents, compression), "test", Limits())
    for name, content in contents:
        assert made.data(name).tobytes() == content
        assert made.head(name, 50) == content[:50]
    with pytest.raises(CorruptCheckpointError, match=r"'z' *: is missing"):
        made.data("z")


@pytest.mark.parametrize("name", ["../w.npy", "/w.npy", "a/../../w.npy", "..", "a\\..\\w.npy", "a/.."])
def test_names_that_climb_out_are_refused(name: str, tmp_path: Path) -> None:
    path = archive(tmp_path / "x.npz", [(name, ARRAY), ("v.npy", ARRAY)])
    with pytest.raises(UnsafePathError):
        opened(path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["x.npz"]


def test_a_name_with_a_hidden_end_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.npz", [("w.npyX.py", ARRAY)])
    path.write_bytes(path.read_bytes().replace(b"w.npyX.py", b"w.npy\0.py"))
    with pytest.raises(UnsafePathError):
        opened(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorruptCheckpointError, match="twice"):
        tk.load(archive(tmp_path / "x.npz", [("w.npy", ARRAY), ("w.npy", npy_bytes(np.zeros((2, 3))))]))


def test_encrypted_members_and_other_compressions_are_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.npz", [("w.npy", ARRAY)])
    data = bytearray(path.read_bytes())
    central = data.index(b"PK\x01\x02")
    data[6] |= 1
    data[central + 8] |= 1
    path.write_bytes(bytes(data))
    with pytest.raises(UnsupportedFeatureError, match="encrypted"):
        tk.load(path)
    for compression in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        with pytest.raises(UnsupportedFeatureError, match="compressed"):
            tk.load(archive(tmp_path / "y.npz", [("w.npy", ARRAY)], compression))


# Offsets in a local header: flags 6, method 8, checksum 14, packed size 18, size 22, name length 26, name 30.
LOCAL_LIES: dict[str, Callable[[bytearray], None]] = {
    "name": lambda data: data.__setitem__(30, ord("v")),
    "method": lambda data: data.__setitem__(8, 8),
    "checksum": lambda data: data.__setitem__(14, data[14] ^ 1),
    "packed size": lambda data: data.__setitem__(18, data[18] ^ 1),
    "size": lambda data: data.__setitem__(22, data[22] ^ 1),
    "name length": lambda data: data.__setitem__(26, data[26] - 1),
    "encrypted": lambda data: data.__setitem__(6, 1),
    "signature": lambda data: data.__setitem__(2, 9),
}


@pytest.mark.parametrize("lie", LOCAL_LIES.values(), ids=LOCAL_LIES)
def test_a_member_that_contradicts_the_directory_is_refused(lie: Callable[[bytearray], None], tmp_path: Path) -> None:
    path = archive(tmp_path / "x.npz", [("w.npy", ARRAY)])
    data = bytearray(path.read_bytes())
    lie(data)
    path.write_bytes(bytes(data))
    with pytest.raises(CheckpointError):
        opened(path)


def test_overlapping_members_are_refused(tmp_path: Path) -> None:
    """The quoted-overlap bomb: every directory entry points at the same bytes."""
    path = archive(tmp_path / "x.npz", [("v.npy", ARRAY), ("w.npy", ARRAY)])
    data = bytearray(path.read_bytes())
    second = data.rindex(b"PK\x01\x02")
    data[second + 42 : second + 46] = (0).to_bytes(4, "little")
    data[second + 46] = ord("v")
    path.write_bytes(bytes(data))
    with pytest.raises(CorruptCheckpointError):
        opened(path)


def test_a_member_inside_another_is_refused(tmp_path: Path) -> None:
    """Each has a header of its own that agrees with the directory, and the same bytes are in both."""
    inner = archive(tmp_path / "inner.zip", [("v.npy", ARRAY)]).read_bytes()
    local, listed = inner[: inner.index(b"PK\x01\x02")], inner[inner.index(b"PK\x01\x02") : inner.index(b"PK\x05\x06")]
    outer = archive(tmp_path / "x.npz", [("w.npy", local)]).read_bytes()
    directory, end = outer.index(b"PK\x01\x02", 30 + len(local)), outer.rindex(b"PK\x05\x06")
    places = {8: 2, 10: 2, 12: len(listed) + end - directory}
    tail = bytearray(outer[end:])
    for place, number in places.items():
        size = 4 if place == 12 else 2
        tail[place : place + size] = number.to_bytes(size, "little")
    moved = bytearray(listed)
    moved[42:46] = outer.index(local).to_bytes(4, "little")
    (tmp_path / "x.npz").write_bytes(outer[:end] + moved + tail)
    with pytest.raises(CorruptCheckpointError, match="overlaps"):
        opened(tmp_path / "x.npz")


# The packed size lies at 18 in a member's header and at 20 in the directory, the other one behind it.
@pytest.mark.parametrize(("fields", "words"), [((0, 4), "ends beyond the file"), ((4,), "two sizes")])
def test_sizes_that_header_and_directory_agree_on_are_refused(
    fields: tuple[int, ...], words: str, tmp_path: Path
) -> None:
    path = archive(tmp_path / "x.npz", [("w.npy", ARRAY)])
    data = bytearray(path.read_bytes())
    for start in (18, data.rindex(b"PK\x01\x02") + 20):
        for field in fields:
            data[start + field : start + field + 4] = (10**6).to_bytes(4, "little")
    path.write_bytes(bytes(data))
    with pytest.raises(CorruptCheckpointError, match=words):
        opened(path)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_bytes_that_do_not_match_their_checksum_are_refused(compression: int, tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", [("w", b"weights" * 9)], compression)
    checksum = zlib.crc32(b"weights" * 9).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(checksum, b"\1\2\3\4"))
    with pytest.raises(CorruptCheckpointError, match="does not match its checksum"):
        open_archive(path, "test", Limits()).data("w")


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.npz", [(f"{k}.npy", ARRAY) for k in range(20)])
    with pytest.raises(LimitExceededError, match="20 members"):
        opened(path, Limits(tensors=10))


def test_zip64_sizes_in_a_local_header_are_believed_only_when_they_agree(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", w=np.arange(6.0).reshape(2, 3))
    data = bytearray((tmp_path / "x.npz").read_bytes())
    name_length, extra_length = struct.unpack_from("<HH", data, 26)
    assert extra_length >= 20
    # Some versions of Python write the sizes in both places.
    struct.pack_into("<II", data, 18, 2**32 - 1, 2**32 - 1)
    (tmp_path / "x.npz").write_bytes(bytes(data))
    assert tk.load(tmp_path / "x.npz").n_edges == 5
    data[30 + name_length + 4] ^= 1
    (tmp_path / "x.npz").write_bytes(bytes(data))
    with pytest.raises(CorruptCheckpointError, match="contradicts the directory"):
        tk.load(tmp_path / "x.npz")


def test_a_deflated_member_that_ends_early_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.npz", [("w.npy", ARRAY * 50)], zipfile.ZIP_DEFLATED)
    data = bytearray(path.read_bytes())
    middle = len(zlib.compress(ARRAY * 50)) // 2
    data[35 + middle : 35 + middle + 4] = b"\0\0\0\0"
    path.write_bytes(bytes(data))
    with pytest.raises(CorruptCheckpointError):
        tk.load(path)


@pytest.mark.parametrize("difference", [-1, 1, 10**6])
def test_a_deflated_member_of_another_size_is_refused(difference: int, tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", [("w.npy", bytes(10**5))], zipfile.ZIP_DEFLATED)
    size = (10**5).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(size, (10**5 + difference).to_bytes(4, "little")))
    with pytest.raises(CorruptCheckpointError, match="another size"):
        open_archive(path, "test", Limits()).data("w.npy")


def test_deflated_bytes_are_in_memory_only_once(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", [("w.npy", bytes(10**8))], zipfile.ZIP_DEFLATED)
    tracemalloc.start()
    content = open_archive(path, "test", Limits()).data("w.npy")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(content) == 10**8
    assert peak < 1.5 * 10**8
