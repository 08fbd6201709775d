"""The head of a GGUF file: what it says of the model, and where its tensors lie.

Layout: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from topokit.errors import CorruptCheckpointError, LimitExceededError, UnsupportedFeatureError
from topokit.loaders.checkpoint import check_rank
from topokit.loaders.formats.common.mapping import mapped
from topokit.loaders.limits import Limits

FORMAT_NAME = "gguf"
MAGIC = b"GGUF"

_VERSIONS = (2, 3)
_STRING, _ARRAY, _BOOL = 8, 9, 7
_SCALARS = {
    **{0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", _BOOL: "<?"},
    **{10: "<Q", 11: "<q", 12: "<d"},
}
_ALIGNMENT_KEY = "general.alignment"
_USUAL_ALIGNMENT = 32
_LONGEST_NAME = 2**16 - 1
_MOST_KEYS = 10_000
_LONGEST_KEPT, _MOST_KEPT = 1000, 256
"""Letters of a word and members of a list; longer ones (chat templates, vocabularies) are passed over."""
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """A tensor as the head lists it; `offset` is a byte of the file."""

    name: str
    shape: tuple[int, ...]
    kind: int
    offset: int


@dataclass(frozen=True, eq=False)
class GgufHeader:
    """What stands before the tensors.

    Attributes
    ----------
    metadata : dict
        By key; JSON-safe, long lists and words left out.
    tensors : tuple of TensorInfo
        In the order of the file.
    """

    metadata: dict[str, Any]
    tensors: tuple[TensorInfo, ...]


def read_gguf_header(path: Path, limits: Limits) -> GgufHeader:
    """Read the head of a GGUF file.

    The shapes are turned around: GGUF counts the fastest axis first, NumPy last, so that a linear layer is (out, in).

    Raises
    ------
    CorruptCheckpointError
        The head ends early, repeats a key or contradicts itself.
    LimitExceededError
        A head longer than `Limits.header_bytes`, too many tensors or axes.
    UnsupportedFeatureError
        Another version than 2 or 3, or numbers stored with their highest byte first.
    """
    return _Walker(path, limits).header()


class _Walker:
    """Reads one value after the other; a head that ends early is an error of `struct`, told in one place."""

    def __init__(self, path: Path, limits: Limits) -> None:
        size = path.stat().st_size
        self.path, self.limits = path, limits
        self.is_cut = size > limits.header_bytes
        self.data = memoryview(mapped(path, 0, min(size, limits.header_bytes)).data)
        self.place = len(MAGIC)

    def header(self) -> GgufHeader:
        try:
            return self._header()
        except struct.error as error:
            if self.is_cut:
                problem = f"has a head of more than the {self.limits.header_bytes:,} bytes allowed"
                raise LimitExceededError(self.path, problem, format=FORMAT_NAME) from error
            raise self._corrupt("ends inside its head") from error

    def _header(self) -> GgufHeader:
        self._check_version()
        n_tensors, n_keys = self._scalar("<Q"), self._scalar("<Q")
        if n_tensors > self.limits.tensors or n_keys > _MOST_KEYS:
            problem = f"declares {n_tensors:,} tensors and {n_keys:,} keys, more than allowed"
            raise LimitExceededError(self.path, problem, format=FORMAT_NAME)
        metadata = self._metadata(n_keys)
        listed = [self._tensor() for _ in range(n_tensors)]
        alignment = metadata.get(_ALIGNMENT_KEY, _USUAL_ALIGNMENT)
        if type(alignment) is not int or alignment < 1 or alignment & (alignment - 1):
            raise self._corrupt(f"aligns its tensors to {alignment!r} bytes, which is no power of 2")
        start = -(-self.place // alignment) * alignment
        return GgufHeader(metadata, tuple(self._placed(info, start, alignment) for info in listed))

    def _check_version(self) -> None:
        version = self._scalar("<I")
        if version in _VERSIONS:
            return
        swapped = int.from_bytes(version.to_bytes(4, "little"), "big") in _VERSIONS
        problem = "is written with the highest byte first" if swapped else f"is of GGUF version {version}"
        remedy = "convert it again with the current convert_hf_to_gguf.py of llama.cpp, without --bigendian"
        raise UnsupportedFeatureError(self.path, problem, format=FORMAT_NAME, remedy=remedy)

    def _metadata(self, count: int) -> dict[str, Any]:
        table: dict[str, Any] = {}
        seen: set[str] = set()
        for _ in range(count):
            key = self._string(_LONGEST_NAME)
            if key is None or key in seen:
                raise self._corrupt(f"has the key {key!r} twice" if key else "has a key of absurd length")
            seen.add(key)
            value = self._value(self._scalar("<I"), 0)
            if value is not None:
                table[key] = value
        return table

    def _value(self, kind: int, depth: int) -> Any:
        """A value of the metadata; None for one that is passed over."""
        if kind == _STRING:
            return self._string(_LONGEST_KEPT)
        if kind == _ARRAY:
            return self._array(depth + 1)
        if kind not in _SCALARS:
            raise self._corrupt(f"has a value of the unknown type {kind}")
        value = self._scalar(_SCALARS[kind])
        return str(value) if isinstance(value, float) and not isfinite(value) else value

    def _array(self, depth: int) -> list[Any] | None:
        kind, count = self._scalar("<I"), self._scalar("<Q")
        if count <= _MOST_KEPT and depth <= _DEEPEST:
            return [self._value(kind, depth) for _ in range(count)]
        if kind == _STRING:
            self._skip_strings(count)
        elif kind in _SCALARS:
            self._skip(count * struct.calcsize(_SCALARS[kind]))
        else:
            raise LimitExceededError(self.path, f"has {count:,} lists in a list, {depth} deep", format=FORMAT_NAME)
        return None

    def _tensor(self) -> TensorInfo:
        name = self._string(_LONGEST_NAME)
        if name is None:
            raise self._corrupt("has a tensor with a name of absurd length")
        rank = self._scalar("<I")
        check_rank(rank, self.path, FORMAT_NAME, name, self.limits)
        extents = tuple(self._scalar("<Q") for _ in range(rank))
        return TensorInfo(name, extents[::-1], self._scalar("<I"), self._scalar("<Q"))

    def _placed(self, info: TensorInfo, start: int, alignment: int) -> TensorInfo:
        if info.offset % alignment:
            raise self._corrupt(f"has tensor {info.name!r} at byte {info.offset}, which is not aligned to {alignment}")
        return TensorInfo(info.name, info.shape, info.kind, start + info.offset)

    def _scalar(self, layout: str) -> Any:
        (value,) = struct.unpack_from(layout, self.data, self.place)
        self.place += struct.calcsize(layout)
        return value

    def _string(self, longest: int) -> str | None:
        """A word; None when it is longer and passed over."""
        length = self._scalar("<Q")
        begin = self.place
        self._skip(length)
        return bytes(self.data[begin : self.place]).decode("utf-8", errors="replace") if length <= longest else None

    def _skip_strings(self, count: int) -> None:
        length_of, data, place = struct.Struct("<Q").unpack_from, self.data, self.place
        for _ in range(count):
            place += 8 + length_of(data, place)[0]
        self.place = place
        self._skip(0)

    def _skip(self, count: int) -> None:
        if self.place + count > len(self.data):
            raise struct.error("beyond the end")
        self.place += count

    def _corrupt(self, problem: str) -> CorruptCheckpointError:
        remedy = "copy or download it again"
        return CorruptCheckpointError(
            self.path, problem, format=FORMAT_NAME, place=f"byte {self.place:,}", remedy=remedy
        )
