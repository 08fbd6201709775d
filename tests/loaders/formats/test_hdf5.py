"""HDF5 without its library: what h5py writes comes back bit by bit, and nothing leaves the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import h5py
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
from topokit.loaders.formats.hdf5_files import Object, data_reader, open_source, read_tree
from topokit.loaders.formats.hdf5_files.checksum import lookup3
from topokit.loaders.limits import Limits

LAYOUTS = ["earliest", "v108", "v110", "latest"]
FILTERS = [{}, {"compression": "gzip"}, {"shuffle": True, "compression": "gzip", "fletcher32": True}, {"shuffle": True}]


def tree(path: Path, start: int = 0, limits: Limits | None = None) -> Object:
    return read_tree(open_source(path, "hdf5", limits or Limits(), start=start))


def every(item: Object) -> Iterator[Object]:
    yield item
    for child in item.children.values():
        yield from every(child)


def fill_with_numbers(file: h5py.File) -> None:
    rng = np.random.default_rng(0)
    for name in ("float16", "float32", "float64", ">f4", "int8", "uint16", ">i8", "complex64", "bool"):
        file[f"types/{name.replace('>', 'big_')}"] = (rng.standard_normal((5, 3)) * 3).astype(name)
    file["single"] = 3.5
    for k, (chunks, how) in enumerate(product([(3, 4), (5, 7), (11, 9), (1, 2)], FILTERS)):
        file.create_dataset(f"chunked/{k}", data=rng.standard_normal((11, 9)), chunks=chunks, **how)
    file.create_dataset("growing", data=rng.standard_normal((11, 9)), chunks=(3, 3), maxshape=(None, None))
    file.create_dataset("absent", shape=(3, 4), dtype="f4", fillvalue=7.5)
    file.create_dataset("partly", shape=(8, 8), chunks=(4, 4), dtype="i4", fillvalue=2)[:3, :3] = 1
    file["shared type"] = np.dtype("f4")
    file.create_dataset("typed", data=np.ones((2, 3), "f4"), dtype=file["shared type"])
    for k in range(300):
        file[f"many/{k}"] = np.arange(k)


def fill_with_attributes(file: h5py.File) -> None:
    group = file.create_group("told")
    for k in range(40):
        group.attrs[f"text {k}"] = f"value {k}" * 30
    group.attrs["list"] = [f"layer {k}" for k in range(500)]
    group.attrs["fixed"] = np.array([b"ab", b"c"])
    group.attrs["numbers"] = np.arange(5.0)


@pytest.mark.parametrize("tracked", [False, True])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_numbers_come_back_bit_by_bit(layout: str, tracked: bool, tmp_path: Path) -> None:
    block = 512 if tracked else 0
    with h5py.File(tmp_path / "a.h5", "w", libver=layout, track_order=tracked, userblock_size=block) as file:
        fill_with_numbers(file)
        fill_with_attributes(file)
        expected = {}
        file.visititems(lambda name, item: expected.update({name: item[()]} if isinstance(item, h5py.Dataset) else {}))
    root = tree(tmp_path / "a.h5", block)
    found = {item.path: data_reader(item, item.data)() for item in every(root) if item.data is not None}
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert found[name].dtype == values.dtype, name
        assert found[name].shape == values.shape, name
        assert found[name].tobytes() == values.tobytes(), name


@pytest.mark.parametrize("layout", LAYOUTS)
def test_attributes_come_back(layout: str, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w", libver=layout, track_order=True) as file:
        fill_with_attributes(file)
    told = tree(tmp_path / "a.h5").children["told"]
    assert told.attribute("text 39") == "value 39" * 30
    assert told.attribute("list") == [f"layer {k}" for k in range(500)]
    assert told.attribute("fixed") == ["ab", "c"]
    assert np.array_equal(np.asarray(told.attribute("numbers")), np.arange(5.0))
    assert told.attribute("missing") is None


def test_the_hash_is_that_of_its_author() -> None:
    assert lookup3(b"Four score and seven years ago") == 0x17770551
    assert lookup3(b"") == 0xDEADBEEF


def test_plain_files_open_by_their_paths(tmp_path: Path) -> None:
    matrices = [np.eye(3, 4, dtype="f4"), np.ones((4, 2), "f4")]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for k, matrix in enumerate(matrices, start=1):
            file[f"net/fc{k}/W"] = matrix
    checkpoint = tk.open_checkpoint(tmp_path / "a.h5")
    assert checkpoint.format == "hdf5"
    assert list(checkpoint.tensors) == ["net/fc1/W", "net/fc2/W"]
    assert [layer.size for layer in tk.load(tmp_path / "a.h5").layers] == [3, 4, 2]
    assert "axes" in checkpoint.notes[0]


def test_two_names_of_one_dataset_share_their_storage(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["first"] = np.ones((3, 2))
        file["second"] = file["first"]
    tensors = tk.open_checkpoint(tmp_path / "a.h5").tensors
    assert tensors["first"].storage_id == tensors["second"].storage_id


def soft_link(file: h5py.File) -> None:
    file["w"] = h5py.SoftLink("/elsewhere")


def soft_cycle(file: h5py.File) -> None:
    file["g/again"] = h5py.SoftLink("/g")


def external_link(file: h5py.File) -> None:
    file["w"] = h5py.ExternalLink("/etc/hostname", "/x")


def external_storage(file: h5py.File) -> None:
    file.create_dataset("w", shape=(4, 4), dtype="u1", external=[("/etc/hostname", 0, 16)])


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("/etc/hostname", "x", (4,))
    file.create_virtual_dataset("w", layout)


def hard_cycle(file: h5py.File) -> None:
    file["a/b/w"] = np.ones((2, 2))
    file["a/b/again"] = file["a"]


def many_ways(file: h5py.File) -> None:
    file["a/0/w"] = np.ones((2, 2))
    file["a/1"] = file["a/0"]


def deep(file: h5py.File) -> None:
    file["/".join("g" * 100)] = np.ones((2, 2))


def promised(file: h5py.File) -> None:
    file.create_dataset("w", shape=(10**6, 10**6), dtype="f4")


def promised_in_chunks(file: h5py.File) -> None:
    file.create_dataset("w", shape=(10**6, 10**5), dtype="f4", chunks=(10, 10))[:5, :5] = 1


def deflated(file: h5py.File) -> None:
    """Sixteen gigabytes that were never written, behind a filter that would make them."""
    file.create_dataset("w", shape=(10**5, 20_000), dtype="f8", chunks=(10, 10), compression="gzip")[:5, :5] = 1


HOSTILE: dict[str, tuple[Callable[[h5py.File], None], type[CheckpointError], str]] = {
    "soft link": (soft_link, UnsafePathError, "soft or external link"),
    "soft cycle": (soft_cycle, UnsafePathError, "soft or external link"),
    "external link": (external_link, UnsafePathError, "soft or external link"),
    "external storage": (external_storage, UnsafePathError, "in another file"),
    "virtual dataset": (virtual, UnsafePathError, "in another file"),
    "hard cycle": (hard_cycle, CorruptCheckpointError, "by two ways"),
    "one group under two names": (many_ways, CorruptCheckpointError, "by two ways"),
    "deep groups": (deep, LimitExceededError, "64 deep"),
    "shape without numbers": (promised, LimitExceededError, "stores none"),
    "chunks without numbers": (promised_in_chunks, LimitExceededError, "more than the file has"),
    "much to unpack": (deflated, LimitExceededError, "unpack"),
}


@pytest.mark.parametrize("layout", ["earliest", "latest"])
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused(name: str, layout: str, tmp_path: Path) -> None:
    make, kind, words = HOSTILE[name]
    with h5py.File(tmp_path / "a.h5", "w", libver=layout) as file:
        make(file)
    with pytest.raises(kind, match=words) as caught:
        tk.open_checkpoint(tmp_path / "a.h5")
    assert "\n" not in str(caught.value)
    assert caught.value.remedy


UNREAD: dict[str, dict[str, Any]] = {
    "compressed by lzf": {"data": np.ones((20, 20)), "compression": "lzf"},
    "variable-length": {"data": [["a", "bc"], ["d", "e"]]},
    "compound": {"data": np.zeros((2, 2), [("a", "f4"), ("b", "i4")])},
}


@pytest.mark.parametrize("words", UNREAD)
def test_what_is_no_number_is_listed_and_not_read(words: str, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("w", **UNREAD[words])
        file["v"] = np.ones((2, 3))
    tensors = tk.open_checkpoint(tmp_path / "a.h5").tensors
    assert tensors["v"].read().shape == (2, 3)
    with pytest.raises(UnsupportedFeatureError, match=words):
        tensors["w"].read()


def test_headers_inside_each_other_exhaust_the_budget(tmp_path: Path) -> None:
    """Every name of the group leads to the same large header, of which each would be read anew."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("w", data=np.ones((2, 2)))
        file["w"].attrs["large"] = np.zeros(60_000, np.uint8)
        for k in range(400):
            file[f"w{k}"] = file["w"]
    assert (tmp_path / "a.h5").stat().st_size < 200_000
    with pytest.raises(LimitExceededError, match="headers"):
        tk.open_checkpoint(tmp_path / "a.h5")


@pytest.mark.parametrize("layout", ["earliest", "latest"])
def test_truncated_files_are_corrupt(layout: str, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w", libver=layout) as file:
        file["w"] = np.ones((40, 40))
    whole = (tmp_path / "a.h5").read_bytes()
    for count in (10, 60, 200, len(whole) - 1):
        (tmp_path / "b.h5").write_bytes(whole[:count])
        with pytest.raises(CorruptCheckpointError):
            tk.open_checkpoint(tmp_path / "b.h5")


def test_two_objects_of_one_name_are_refused(tmp_path: Path) -> None:
    """Readers would disagree which of the two is meant."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["kernel_a"], file["kernel_b"] = np.ones((2, 3)), np.zeros((2, 3))
    path.write_bytes(path.read_bytes().replace(b"kernel_b", b"kernel_a"))
    with pytest.raises(CorruptCheckpointError, match="'kernel_a' twice"):
        tk.open_checkpoint(path)
