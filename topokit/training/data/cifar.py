"""CIFAR-10 (Krizhevsky 2009) from its binary batches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from topokit.errors import DataError
from topokit.training.data.base import Data, Folder, data_folder
from topokit.training.data.files import read_files
from topokit.training.data.pixels import normalised

RECORD_BYTES = 1 + 3 * 32 * 32

MEAN = (0.4914, 0.4822, 0.4465)
STD = (0.2023, 0.1994, 0.2010)

SUMS = {
    "data_batch_1.bin": "5dd7e06a14cb22eb9f671a540d1b7c25",
    "data_batch_2.bin": "5ea93a67294ea407fff1d09f752e9692",
    "data_batch_3.bin": "942cd6a4bcdd0dd3c604fbe906cb4421",
    "data_batch_4.bin": "ae636b3ba5c66a11e91e8cb52e771fcb",
    "data_batch_5.bin": "53f37980c15c3d472c316c40844f3f0d",
    "test_batch.bin": "803d5f7f4d78ea53de84dbe85f74fb6d",
}


@dataclass(frozen=True)
class Cifar10:
    """50,000 + 10,000 images of 3 x 32 x 32 in six binary files.

    The inputs are (pixel / 255 - mean) / std with `MEAN` and `STD` of each channel.
    """

    name: str = "cifar-10"
    shape: tuple[int, ...] = (3, 32, 32)
    n_classes: int = 10

    @property
    def files(self) -> tuple[str, dict[str, str]]:
        """Folder below the data folder, and MD5 of each uncompressed file."""
        return "cifar-10-batches-bin", dict(SUMS)

    def load(self, folder: Folder | None = None, *, raw: bool = False) -> Data:
        """Read the six files, plain or ``.gz``, and check their sums; see `Dataset.load`."""
        below, sums = self.files
        *train, test = read_files(data_folder(folder) / below, sums, self.name).values()
        mean, std = ((0.0,) * 3, (1.0,) * 3) if raw else (MEAN, STD)
        (train_pixels, train_y), (test_pixels, test_y) = decode_batch(b"".join(train)), decode_batch(test)
        train_x, test_x = normalised(train_pixels, mean, std), normalised(test_pixels, mean, std)
        return Data(self.name, train_x, train_y, test_x, test_y, self.shape, self.n_classes)


def decode_batch(content: bytes) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Pixels (n, 3, 1024) and classes (n,) of binary batches: a class byte, then red, green and blue row by row.

    Raises
    ------
    DataError
        Not a whole number of records.
    """
    if len(content) % RECORD_BYTES:
        raise DataError(f"{len(content)} bytes are no whole number of CIFAR-10 records of {RECORD_BYTES} bytes")
    records = np.frombuffer(content, np.uint8).reshape(-1, RECORD_BYTES)
    return records[:, 1:].reshape(-1, 3, 1024), records[:, 0].astype(np.int64)


CIFAR_10 = Cifar10()
