"""MNIST (LeCun et al. 1998) and Fashion-MNIST (Xiao et al. 2017) from their IDX files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from topokit.errors import DataError
from topokit.training.data.base import Data, Folder, data_folder
from topokit.training.data.files import read_files
from topokit.training.data.pixels import normalised


@dataclass(frozen=True)
class IdxDataset:
    """A set of 28 x 28 images, 60,000 to train and 10,000 to test, in four IDX files.

    Attributes
    ----------
    name : str
        Its name in the registry, and its folder below the data folder.
    mean, std : float
        The inputs are (pixel / 255 - mean) / std.
    sums : mapping of str to str
        MD5 of each uncompressed file.
    """

    name: str
    mean: float
    std: float
    sums: Mapping[str, str]
    shape: tuple[int, ...] = (28, 28)
    n_classes: int = 10

    @property
    def files(self) -> tuple[str, dict[str, str]]:
        """Folder below the data folder, and MD5 of each uncompressed file."""
        return self.name, dict(self.sums)

    def load(self, folder: Folder | None = None, *, raw: bool = False) -> Data:
        """Read the four files, plain or ``.gz``, and check their sums; see `Dataset.load`."""
        files = read_files(data_folder(folder) / self.name, self.sums, self.name)
        train_x, train_y, test_x, test_y = (decode_idx(content) for content in files.values())
        mean, std = ([0.0], [1.0]) if raw else ([self.mean], [self.std])
        return Data(
            self.name,
            normalised(train_x.reshape(len(train_x), 1, -1), mean, std),
            train_y.astype(np.int64),
            normalised(test_x.reshape(len(test_x), 1, -1), mean, std),
            test_y.astype(np.int64),
            self.shape,
            self.n_classes,
        )


def decode_idx(content: bytes) -> NDArray[np.uint8]:
    """The array of an IDX file of bytes: big-endian magic 0x08 and rank, one size per axis, then the values.

    Raises
    ------
    DataError
        Another magic number, or another length than the sizes say.
    """
    rank = content[3] if len(content) > 3 and content[:3] == b"\0\0\x08" else 0
    if not rank or len(content) < 4 + 4 * rank:
        raise DataError(f"not an IDX file of bytes: it begins with {content[:4].hex() or 'nothing'}")
    sizes = tuple(int(n) for n in np.frombuffer(content, ">u4", rank, 4))
    values = np.frombuffer(content, np.uint8, offset=4 + 4 * rank)
    if len(values) != int(np.prod(sizes, dtype=object)):
        raise DataError(f"an IDX file of shape {sizes} holds {len(values)} values: it is cut off")
    return values.reshape(sizes)


MNIST = IdxDataset(
    name="mnist",
    mean=0.1307,
    std=0.3081,
    sums={
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    },
)
"""MNIST (LeCun et al. 1998): handwritten digits, 60,000 + 10,000 images of 28 x 28 pixels."""

FASHION_MNIST = IdxDataset(
    name="fashion-mnist",
    mean=0.5,
    std=0.5,
    sums={
        "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
        "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
        "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
    },
)
"""Fashion-MNIST (Xiao et al. 2017): articles of clothing in 10 classes, sizes as of MNIST."""
