"""Files are read as what they are said to be, or refused with what to do."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from topokit.errors import DataError, UnknownNameError
from topokit.registry import DATASETS
from topokit.training.data import Dataset, default_folder
from topokit.training.data.cifar import CIFAR_100, RECORD_BYTES, decode_batch
from topokit.training.data.files import read_files, unzipped
from topokit.training.data.mnist import decode_idx
from topokit.training.data.pixels import normalised


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "cifar-10", "cifar-100"])
def test_an_absent_set_says_how_to_get_it(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=rf"{tmp_path}.*run `topokit data fetch {name} --to {tmp_path}`"):
        DATASETS.load(name).load(tmp_path)


def test_the_remedy_brings_the_files_to_where_they_are_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOPOKIT_DATA", str(tmp_path / "usual"))
    elsewhere = tmp_path / "my data"
    (elsewhere / "mnist").mkdir(parents=True)
    with pytest.raises(DataError, match=r"run `topokit data fetch mnist`$"):
        DATASETS.load("mnist").load()
    with pytest.raises(DataError, match=rf"run `topokit data fetch mnist --to '{elsewhere}'`$"):
        DATASETS.load("mnist").load(elsewhere)
    (elsewhere / "mnist" / "train-images-idx3-ubyte").write_bytes(b"other")
    with pytest.raises(DataError, match=rf"remove it and run `topokit data fetch mnist --to '{elsewhere}'`$"):
        DATASETS.load("mnist").load(elsewhere)


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "cifar-10", "cifar-100"])
def test_a_wrong_sum_is_named_with_the_right_one(name: str, tmp_path: Path) -> None:
    dataset: Dataset = DATASETS.load(name)
    below, sums = dataset.files
    (tmp_path / below).mkdir()
    for file in sums:
        (tmp_path / below / file).write_bytes(b"other")
    with pytest.raises(DataError, match=f"{md5(b'other')}.*{next(iter(sums.values()))}"):
        dataset.load(tmp_path)


def test_unknown_set_names_the_near_one() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'fashion-mnist'"):
        DATASETS.load("fashion_mnist")


def test_every_set_has_its_facts() -> None:
    for name in DATASETS:
        dataset: Dataset = DATASETS.load(name)
        assert dataset.name == name
        assert dataset.n_classes == (100 if name == "cifar-100" else 10)
        assert all(len(md5sum) == 32 for md5sum in dataset.files[1].values())


def test_plain_and_packed_files_read_alike(tmp_path: Path) -> None:
    sums = {"a": md5(b"first"), "b": md5(b"second")}
    (tmp_path / "a").write_bytes(b"first")
    (tmp_path / "b.gz").write_bytes(gzip.compress(b"second"))
    assert read_files(tmp_path, sums, "set") == {"a": b"first", "b": b"second"}


@pytest.mark.parametrize("content", [b"", b"plain", gzip.compress(b"second")[:-3]], ids=["empty", "plain", "cut"])
def test_a_damaged_packed_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "b.gz").write_bytes(content)
    with pytest.raises(DataError, match=r"b\.gz: cannot be read.*topokit data fetch set"):
        read_files(tmp_path, {"b": md5(b"second")}, "set")


def test_a_packed_file_may_not_grow_without_limit() -> None:
    with pytest.raises(ValueError, match="larger than 1000 bytes"):
        unzipped(gzip.compress(bytes(10**6)), 1000)
    assert unzipped(gzip.compress(bytes(1000)), 1000) == bytes(1000)


@given(arrays(np.uint8, array_shapes(max_dims=3, min_side=0)))
def test_idx_comes_back(values: np.ndarray) -> None:
    header = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">u4").tobytes()
    np.testing.assert_array_equal(decode_idx(header + values.tobytes()), values)


@given(st.binary(max_size=40).filter(lambda content: content[:3] != b"\0\0\x08"))
def test_anything_else_is_no_idx(content: bytes) -> None:
    with pytest.raises(DataError, match="not an IDX file"):
        decode_idx(content)


@given(st.binary(max_size=40))
def test_an_idx_header_alone_is_refused(rest: bytes) -> None:
    with pytest.raises(DataError, match="IDX"):
        decode_idx(b"\0\0\x08\x03" + (2**31).to_bytes(4, "big") * 3 + rest)


def test_cifar_records_come_back() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 3, 32, 32), np.uint8)
    labels = np.arange(5, dtype=np.uint8)
    content = b"".join(bytes([label]) + image.tobytes() for label, image in zip(labels, pixels, strict=True))
    read, classes = decode_batch(content)
    np.testing.assert_array_equal(read.reshape(5, 3, 32, 32), pixels)
    np.testing.assert_array_equal(classes, labels)
    with pytest.raises(DataError, match=f"records of {RECORD_BYTES} bytes"):
        decode_batch(content[:-1])


def test_of_two_class_bytes_the_fine_one_counts(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    records = {file: rng.integers(0, 256, (n, 2 + 3 * 32 * 32), np.uint8) for file, n in (("train", 4), ("test", 3))}
    sums = {}
    for file, content in records.items():
        content[:, 1] %= 100
        (tmp_path / f"{file}.bin").write_bytes(content.tobytes())
        sums[f"{file}.bin"] = md5(content.tobytes())
    data = replace(CIFAR_100, below="", sums=sums).load(tmp_path, raw=True)
    assert data.train_y.tolist() == records["train"][:, 1].tolist()
    np.testing.assert_allclose(data.test_x, records["test"][:, 2:] / 255, rtol=1e-6)


def test_normalising_is_what_pytorch_computes() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (7, 3, 16), np.uint8)
    mean, std = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)
    tensor = torch.from_numpy(pixels).float().div(255)
    expected = tensor.sub(torch.tensor(mean)[:, None]).div(torch.tensor(std)[:, None])
    np.testing.assert_array_equal(normalised(pixels, mean, std), expected.reshape(7, -1).numpy())


def test_the_folder_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOPOKIT_DATA", str(tmp_path / "data"))
    assert default_folder() == tmp_path / "data"
    monkeypatch.delenv("TOPOKIT_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert default_folder() == tmp_path / "cache" / "topokit" / "datasets"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_folder() == tmp_path / ".cache" / "topokit" / "datasets"
