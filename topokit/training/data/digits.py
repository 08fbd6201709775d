"""The 8 x 8 digits that come with scikit-learn (UCI optical recognition of handwritten digits, test part)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from topokit.errors import MissingExtraError
from topokit.training.data.base import Data, Folder

TEST_EVERY = 5


@dataclass(frozen=True)
class Digits:
    """1,797 images of 8 x 8 pixels, nothing to download.

    Of each class every fifth image, in the order of the file, is a test image: 1,442 train and 355 test, the classes
    in equal shares, the same on every machine.
    """

    name: str = "digits"
    shape: tuple[int, ...] = (8, 8)
    n_classes: int = 10
    files: tuple[str, dict[str, str]] = field(default=("", {}))

    def load(self, folder: Folder | None = None, *, raw: bool = False) -> Data:
        """Pixels in [0, 1] (the file has 0 to 16), `raw` or not; `folder` is not needed.

        Raises
        ------
        MissingExtraError
            scikit-learn is not installed.
        """
        try:
            from sklearn.datasets import load_digits
        except ImportError as error:
            raise MissingExtraError("scikit-learn", "the data set digits") from error
        images, labels = load_digits(return_X_y=True)
        x, y = (images / 16).astype(np.float32), labels.astype(np.int64)
        test = every_nth_of_each_class(y, TEST_EVERY)
        return Data(self.name, x[~test], y[~test], x[test], y[test], self.shape, self.n_classes)


def every_nth_of_each_class(labels: NDArray[np.int64], n: int) -> NDArray[np.bool_]:
    """Whether a sample is the n-th, 2n-th, ... of its class, (n_samples,)."""
    order = np.argsort(labels, kind="stable")
    counts = np.bincount(labels)
    rank = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    chosen = np.zeros(len(labels), np.bool_)
    chosen[order] = rank % n == n - 1
    return chosen


DIGITS = Digits()
