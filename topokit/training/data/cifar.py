"""CIFAR-10 and CIFAR-100 (Krizhevsky 2009) from their binary files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from topokit.errors import DataError
from topokit.training.data.base import Data, Folder, data_folder
from topokit.training.data.files import read_files
from topokit.training.data.pixels import normalised

PIXEL_BYTES = 3 * 32 * 32
RECORD_BYTES = 1 + PIXEL_BYTES


@dataclass(frozen=True)
class CifarDataset:
    """50,000 + 10,000 images of 3 x 32 x 32 in binary files, the last of which are the test images.

    Attributes
    ----------
    name : str
        Its name in the registry.
    below : str
        Folder below the data folder.
    sums : mapping of str to str
        MD5 of each uncompressed file.
    mean, std : tuple of float
        The inputs are (pixel / 255 - mean) / std, channel by channel.
    n_classes : int
        Number of classes.
    label_bytes : int
        Classes before each image, coarse to fine; the last one counts.
    """

    name: str
    below: str
    sums: Mapping[str, str]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    n_classes: int
    label_bytes: int
    shape: tuple[int, ...] = (3, 32, 32)

    @property
    def files(self) -> tuple[str, dict[str, str]]:
        """Folder below the data folder, and MD5 of each uncompressed file."""
        return self.below, dict(self.sums)

    def load(self, folder: Folder | None = None, *, raw: bool = False) -> Data:
        """Read the files, plain or ``.gz``, and check their sums; see `Dataset.load`."""
        *train, test = read_files(data_folder(folder) / self.below, self.sums, self.name).values()
        mean, std = ((0.0,) * 3, (1.0,) * 3) if raw else (self.mean, self.std)
        train_pixels, train_y = decode_batch(b"".join(train), self.label_bytes)
        test_pixels, test_y = decode_batch(test, self.label_bytes)
        train_x, test_x = normalised(train_pixels, mean, std), normalised(test_pixels, mean, std)
        return Data(self.name, train_x, train_y, test_x, test_y, self.shape, self.n_classes)


def decode_batch(content: bytes, label_bytes: int = 1) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Pixels (n, 3, 1024) and classes (n,) of binary batches: class bytes, then red, green and blue row by row.

    Of several class bytes the last one, the finest, is taken.

    Raises
    ------
    DataError
        Not a whole number of records.
    """
    size = label_bytes + PIXEL_BYTES
    if len(content) % size:
        raise DataError(f"{len(content)} bytes are no whole number of CIFAR records of {size} bytes")
    records = np.frombuffer(content, np.uint8).reshape(-1, size)
    return records[:, label_bytes:].reshape(-1, 3, 1024), records[:, label_bytes - 1].astype(np.int64)


CIFAR_10 = CifarDataset(
    name="cifar-10",
    below="cifar-10-batches-bin",
    sums={
        "data_batch_1.bin": "5dd7e06a14cb22eb9f671a540d1b7c25",
        "data_batch_2.bin": "5ea93a67294ea407fff1d09f752e9692",
        "data_batch_3.bin": "942cd6a4bcdd0dd3c604fbe906cb4421",
        "data_batch_4.bin": "ae636b3ba5c66a11e91e8cb52e771fcb",
        "data_batch_5.bin": "53f37980c15c3d472c316c40844f3f0d",
        "test_batch.bin": "803d5f7f4d78ea53de84dbe85f74fb6d",
    },
    mean=(0.4914, 0.4822, 0.4465),
    std=(0.2023, 0.1994, 0.2010),
    n_classes=10,
    label_bytes=1,
)
"""CIFAR-10 (Krizhevsky 2009): 50,000 + 10,000 colour images of 32 x 32 pixels in 10 classes."""

CIFAR_100 = CifarDataset(
    name="cifar-100",
    below="cifar-100-binary",
    sums={"train.bin": "6172c7755cfe09b2fe270c85cebc1b15", "test.bin": "4499cfba6c016c1be1438163640a0898"},
    mean=(0.5070751592371323, 0.48654887331495095, 0.4409178433670343),
    std=(0.2673342858792401, 0.2564384629170883, 0.27615047132568404),
    n_classes=100,
    label_bytes=2,
)
"""CIFAR-100 (Krizhevsky 2009): 50,000 + 10,000 colour images of 32 x 32 pixels in 100 classes."""
