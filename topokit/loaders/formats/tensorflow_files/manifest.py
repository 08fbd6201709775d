"""The weights manifest of TensorFlow.js: tensors one after the other in files that follow each other.

Layout: https://github.com/tensorflow/tfjs/blob/master/tfjs-core/src/io/types.ts (WeightsManifestConfig).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.errors import CorruptCheckpointError
from topokit.loaders.checkpoint import Quantisation, TensorEntry, check_rank
from topokit.loaders.formats.common.contained import contained
from topokit.loaders.formats.common.dtypes import BITS, Raw, check_readable, decode, stored_bytes
from topokit.loaders.formats.common.mapping import mapped
from topokit.loaders.limits import Limits

_TEXT = "string"
_LENGTH = 4


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """Files that hold one run of bytes."""

    path: Path
    format: str
    files: tuple[Path, ...]

    def sizes(self) -> list[int]:
        return [file.stat().st_size for file in self.files]

    def read(self, start: int, count: int) -> Raw:
        """Bytes of the run: a view where one file holds them, joined where several do."""
        parts = []
        for file, end, size in zip(self.files, accumulate(self.sizes()), self.sizes(), strict=True):
            first, last = max(start, end - size), min(start + count, end)
            if first < last:
                parts.append(mapped(file, first - (end - size), last - first))
        if sum(map(len, parts)) != count:
            raise ValueError(f"bytes {start} to {start + count} lie beyond the end of the files")
        return parts[0] if len(parts) == 1 else np.concatenate([np.empty(0, np.uint8), *parts])


def manifest_entries(
    groups: Sequence[Mapping[str, Any]], path: Path, format: str, limits: Limits
) -> tuple[list[TensorEntry], tuple[Path, ...]]:
    """The tensors of a manifest, and the files that hold them; none is read.

    Raises
    ------
    CorruptCheckpointError
        Files of another length than the tensors need.
    UnsafePathError
        A file name that leaves the folder.
    """
    entries: list[TensorEntry] = []
    files: list[Path] = []
    for told in groups:
        paths = tuple(contained(path.parent, name, limits, format=format, named_in=path) for name in told["paths"])
        group = _Group(path, format, paths)
        entries.extend(_entries(group, told["weights"], limits))
        files.extend(paths)
    return entries, tuple(files)


def _entries(group: _Group, weights: Iterable[Mapping[str, Any]], limits: Limits) -> Iterator[TensorEntry]:
    position, present = 0, sum(group.sizes())
    for told in weights:
        entry, end = _entry(group, told, position, limits)
        if end > present:
            raise _corrupt(group, f"ends at byte {end:,} of {present:,}", told["name"])
        yield entry
        position = end
    if position != present:
        raise _corrupt(group, f"has {present:,} bytes of data where its manifest lists {position:,}", "weightsManifest")


def _entry(group: _Group, told: Mapping[str, Any], position: int, limits: Limits) -> tuple[TensorEntry, int]:
    name, shape = str(told["name"]), tuple(told["shape"])
    if not all(type(extent) is int and extent >= 0 for extent in shape):
        raise _corrupt(group, f"has shape {shape}", name)
    check_rank(len(shape), group.path, group.format, name, limits)
    packing = told.get("quantization") or {}
    dtype = str(packing.get("dtype") or told["dtype"])
    if dtype not in BITS and dtype != _TEXT:
        raise _corrupt(group, f"has type {dtype!r}", name)
    size = _text_size(group, shape, position, limits) if dtype == _TEXT else stored_bytes(dtype, shape)
    entry = TensorEntry(
        name=name,
        shape=shape,
        dtype=dtype,
        nbytes=size,
        path=group.path,
        format=group.format,
        reader=partial(_read, group, name, dtype, shape, position, size),
        aside="text" if dtype == _TEXT else "",
        quantisation=_quantisation(packing),
    )
    return entry, position + size


def _quantisation(packing: Mapping[str, Any]) -> Quantisation | None:
    """``min + scale * stored`` as ``scale * (stored - zero_point)``; half-precision floats are not quantised."""
    if "scale" not in packing or "min" not in packing:
        return None
    scale, least = float(packing["scale"]), float(packing["min"])
    zero = -least / scale if scale else 0.0
    nearest = round(zero)
    whole = nearest if abs(zero - nearest) < 1e-3 else zero
    return Quantisation(scale=np.array(scale), zero_point=np.array(whole))


def _text_size(group: _Group, shape: tuple[int, ...], position: int, limits: Limits) -> int:
    """Each text is preceded by its length."""
    count, end = int(np.prod(shape, dtype=object)), position
    if count > limits.tensors:
        raise _corrupt(group, f"lists {count:,} texts", "weightsManifest")
    for _ in range(count):
        end += _LENGTH + int.from_bytes(group.read(end, _LENGTH).tobytes(), "little")
    return end - position


def _read(group: _Group, name: str, dtype: str, shape: tuple[int, ...], position: int, size: int) -> NDArray[Any]:
    check_readable(dtype, group.path, group.format, name)
    return decode(group.read(position, size), dtype, shape)


def _corrupt(group: _Group, problem: str, name: str) -> CorruptCheckpointError:
    remedy = "put all files of the model into one folder"
    return CorruptCheckpointError(group.path, problem, format=group.format, place=repr(name), remedy=remedy)
