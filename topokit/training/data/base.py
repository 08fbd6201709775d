"""What every data set offers, and where its files lie."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FOLDER_VARIABLE = "TOPOKIT_DATA"

Folder = str | os.PathLike[str]


@dataclass(frozen=True, eq=False)
class Data:
    """A data set in memory.

    Attributes
    ----------
    name : str
        Its name in the registry.
    train_x, test_x : ndarray of float32, shape (n, features)
        Inputs, features in the order of `shape`.
    train_y, test_y : ndarray of int64, shape (n,)
        Classes from 0.
    shape : tuple of int
        How the features lie: ``(28, 28)``, or ``(3, 32, 32)`` with the channel first.
    n_classes : int
        Number of classes.
    """

    name: str
    train_x: NDArray[np.float32]
    train_y: NDArray[np.int64]
    test_x: NDArray[np.float32]
    test_y: NDArray[np.int64]
    shape: tuple[int, ...]
    n_classes: int

    def __repr__(self) -> str:
        return (
            f"Data({self.name!r}, {len(self.train_x):,} + {len(self.test_x):,} samples of {self.shape}, "
            f"{self.n_classes} classes)"
        )


class Dataset(Protocol):
    """A data set that can be loaded; the registry table ``DATASETS`` holds one object of each."""

    @property
    def name(self) -> str:
        """Its name in the registry."""
        ...

    @property
    def shape(self) -> tuple[int, ...]:
        """How the features of one sample lie."""
        ...

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        ...

    @property
    def files(self) -> tuple[str, dict[str, str]]:
        """Folder below the data folder, and MD5 of each uncompressed file; nothing for sets that need no files."""
        ...

    def load(self, folder: Folder | None = None, *, raw: bool = False) -> Data:
        """Read it.

        Parameters
        ----------
        folder : path, optional
            The data folder; `default_folder` unless given.
        raw : bool
            Inputs in [0, 1] instead of normalised.

        Raises
        ------
        DataError
            A file is absent, or is not what its checksum says.
        """
        ...


def default_folder() -> Path:
    """The folder named by the environment variable TOPOKIT_DATA, else a folder in the user's cache."""
    if os.environ.get(FOLDER_VARIABLE):
        return Path(os.environ[FOLDER_VARIABLE])
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "topokit" / "datasets"


def data_folder(folder: Folder | None = None) -> Path:
    """The folder given, or `default_folder`."""
    return Path(folder) if folder is not None else default_folder()
