"""Tensors that are cut into boxes, each a small PyTorch archive inside a larger file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.errors import CorruptCheckpointError
from topokit.loaders.formats.common.archive import open_archive
from topokit.loaders.formats.common.dtypes import check_readable
from topokit.loaders.formats.torch_files.objects import StridedTensor
from topokit.loaders.formats.torch_zip import PICKLE, ArchiveStorages, object_from, top_folder
from topokit.loaders.limits import Limits

Place = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A box of a tensor: its first corner, its extents, and the bytes of a file that hold it."""

    offsets: tuple[int, ...]
    sizes: tuple[int, ...]
    file: Path
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Chunks:
    """A tensor and the boxes that make it up.

    Raises
    ------
    ValueError
        The boxes overlap, or leave something out.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    chunks: tuple[Chunk, ...]

    def __post_init__(self) -> None:
        if any(len(chunk.offsets) != len(self.shape) or len(chunk.sizes) != len(self.shape) for chunk in self.chunks):
            raise ValueError(f"{self.name!r} has chunks of another number of axes")
        if 0 not in self.shape and not self._is_tiled():
            raise ValueError(f"the chunks of {self.name!r} overlap or leave part of it out")

    def _is_tiled(self) -> bool:
        """Whether the boxes tile the tensor: their corners, counted with alternating signs, are then its own."""
        corners: Counter[Place] = Counter()
        for chunk in self.chunks:
            _count_corners(corners, chunk.offsets, chunk.sizes, 1)
        _count_corners(corners, (0,) * len(self.shape), self.shape, -1)
        return not any(corners.values())


def _count_corners(corners: Counter[Place], offsets: tuple[int, ...], sizes: tuple[int, ...], by: int) -> None:
    for ends in product((0, 1), repeat=len(offsets)):
        corner = tuple(offset + end * size for offset, end, size in zip(offsets, ends, sizes, strict=True))
        corners[corner] += -by if sum(ends) % 2 else by


def check_apart(chunks: Iterable[Chunk], path: Path, format: str) -> None:
    """Refuse chunks that share bytes: they would promise more numbers than the files hold."""
    ordered = sorted(chunks, key=lambda chunk: (chunk.file, chunk.start))
    for left, right in pairwise(ordered):
        if left.file == right.file and left.start + left.length > right.start:
            problem = f"has two chunks in the same bytes of {left.file.name!r}"
            raise CorruptCheckpointError(path, problem, format=format, remedy="copy or download it again")


def chunked_values(tensor: Chunks, path: Path, format: str, limits: Limits) -> NDArray[Any]:
    """The numbers of a tensor: a view of the file when it is one chunk, assembled otherwise."""
    check_readable(tensor.dtype, path, format, tensor.name)
    if len(tensor.chunks) == 1:
        return _values(tensor, tensor.chunks[0], format, limits)
    whole: NDArray[Any] | None = None
    for chunk in tensor.chunks:
        part = _values(tensor, chunk, format, limits)
        whole = np.empty(tensor.shape, part.dtype) if whole is None else whole
        box = zip(chunk.offsets, chunk.sizes, strict=True)
        whole[tuple(slice(offset, offset + size) for offset, size in box)] = part
    return whole if whole is not None else np.empty(tensor.shape, np.float32)


def _values(tensor: Chunks, chunk: Chunk, format: str, limits: Limits) -> NDArray[Any]:
    archive = open_archive(chunk.file, format, limits, (chunk.start, chunk.length))
    storages = ArchiveStorages(archive, top_folder(archive.members) or "")
    found, _ = object_from(storages, PICKLE, limits)
    if not isinstance(found, StridedTensor) or (found.dtype, found.shape) != (tensor.dtype, chunk.sizes):
        raise archive.corrupt(f"holds another tensor than the chunk of {tensor.name!r} at {chunk.offsets}")
    return storages.values(found)
