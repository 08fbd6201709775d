"""Where the numbers of a PyTorch file lie, and the values that tensors see in them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.errors import LimitExceededError
from topokit.loaders.formats.common.dtypes import BITS, Numbers, Order, Raw, decode
from topokit.loaders.formats.torch_files.objects import Storage, StridedTensor

_MOST_LOOKS = 16
_FREE_BYTES = 2**26


class Storages(ABC):
    """The runs of numbers in a file.

    Attributes
    ----------
    path : Path
        The file.
    format : str
        Who reads it, for error messages.
    order : {'<', '>'}
        Byte order of the numbers.
    """

    def __init__(self, path: Path, format: str, order: Order = "<") -> None:
        self.path, self.format, self.order = path, format, order

    @abstractmethod
    def checked(self, persistent_id: Any) -> Any:
        """What a persistent id stands for, once the file holds it."""

    @abstractmethod
    def raw(self, storage: Storage) -> Raw:
        """The bytes of a storage, all of what is stored under its key."""

    def values(self, tensor: StridedTensor, numbers: Numbers = decode) -> NDArray[Any]:
        """The numbers of a tensor, as a view of the file where NumPy has their type."""
        size = BITS[tensor.dtype] // 8
        first = tensor.storage.start * BITS[tensor.storage.dtype] // 8 + tensor.offset * size
        flat = numbers(self.raw(tensor.storage)[first:][: tensor.span * size], tensor.dtype, (tensor.span,), self.order)
        if not tensor.span:
            return np.empty(tensor.shape, flat.dtype)
        strides = tuple(stride * flat.itemsize for stride in tensor.strides)
        return np.lib.stride_tricks.as_strided(flat, tensor.shape, strides, writeable=False)


class Looks:
    """Counts how many bytes distinct tensors see in all: many views of one storage would be read again and again."""

    def __init__(self, storages: Storages) -> None:
        self._storages = storages
        self._keys: set[str] = set()
        self._seen: set[str] = set()
        self._stored = self._looked = 0

    def count(self, tensor: StridedTensor) -> None:
        """Count one more tensor.

        Raises
        ------
        LimitExceededError
            The tensors so far look at their storages too many times over.
        """
        if tensor.identity in self._seen:
            return
        self._seen.add(tensor.identity)
        self._stored += tensor.storage.nbytes if tensor.storage.key not in self._keys else 0
        self._keys.add(tensor.storage.key)
        self._looked += tensor.nbytes
        if self._looked > _FREE_BYTES + _MOST_LOOKS * self._stored:
            raise LimitExceededError(
                self._storages.path,
                f"has {len(self._seen):,} tensors that look at the same numbers more than {_MOST_LOOKS} times over",
                format=self._storages.format,
                remedy="save clones of the tensors that are views",
            )
