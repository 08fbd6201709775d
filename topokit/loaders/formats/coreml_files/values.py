"""Values of an ML program: written out in the model, or blobs of a weight file beside it.

Sources: ``MIL.proto`` of https://github.com/apple/coremltools/tree/main/mlmodel/format and
https://github.com/apple/coremltools/blob/main/mlmodel/src/MILBlob/Blob/StorageFormat.hpp.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.errors import CorruptCheckpointError, UnsafePathError, UnsupportedFeatureError
from topokit.loaders.checkpoint import Values, check_rank
from topokit.loaders.formats.common.contained import contained
from topokit.loaders.formats.common.dtypes import BITS, Raw, decode
from topokit.loaders.formats.common.mapping import mapped
from topokit.loaders.formats.common.protobuf import Message
from topokit.loaders.formats.coreml import NAME
from topokit.loaders.formats.coreml_files.bits import packed_bytes, unpacked
from topokit.loaders.formats.graphs.stored import Stored
from topokit.loaders.limits import Limits

DTYPES = {
    **{1: "bool", 2: "string", 10: "float16", 11: "float32", 12: "float64", 13: "bfloat16", 21: "int8", 22: "int16"},
    **{23: "int32", 24: "int64", 25: "int4", 31: "uint8", 32: "uint16", 33: "uint32", 34: "uint64", 35: "uint4"},
    **{36: "uint2", 37: "uint1", 38: "uint6", 39: "uint3", 40: "float8_e4m3fn", 41: "float8_e5m2"},
}
_NARROW = {"int4": 4, "uint4": 4, "uint2": 2, "uint1": 1, "uint6": 6, "uint3": 3}
_LISTS = ("floats", "doubles", "ints", "longs", "bools")
_BLOB = struct.Struct("<IIQQ")
_SENTINEL = 0xDEADBEEF
_MODEL_PATH = "@model_path/"


@dataclass(frozen=True, eq=False)
class ModelFiles:
    """Where the numbers of one model lie.

    Attributes
    ----------
    path : Path
        The file with the model's description.
    buffer : ndarray of uint8
        All of it.
    limits : Limits
        What it may ask for.
    outside : dict of str to Path
        The files beside it, by the name that it gives them; filled as values are described.
    """

    path: Path
    buffer: Raw = field(repr=False)
    limits: Limits
    outside: dict[str, Path] = field(default_factory=dict)

    def stored(self, value: Message, name: str) -> Stored:
        """A value of the program and how to read it.

        Raises
        ------
        CorruptCheckpointError
            A shape that contradicts the numbers, or a blob beyond its file.
        UnsafePathError
            A weight file outside the folder of the model.
        """
        dtype, shape = self.kind(value, name)
        check_rank(len(shape), self.path, NAME, name, self.limits)
        nbytes = stored_bytes(dtype, shape)
        blob = value["blob"]
        if blob is not None:
            path, start = self._blob(blob, name, nbytes)
            return self._made(name, shape, dtype, lambda: decoded(mapped(path, start, nbytes), dtype, shape))
        tensor = value["immediate"]["tensor"] if value["immediate"] is not None else None
        if tensor is None:
            raise self.corrupt("has no numbers", name)
        return self._made(name, shape, dtype, self._written(tensor, dtype, shape, name))

    def kind(self, value: Message, name: str) -> tuple[str, tuple[int, ...]]:
        """The type of numbers and the shape of a value."""
        told = value["type"]["tensor"] if value["type"] is not None else None
        dtype = None if told is None else DTYPES.get(told["dtype"])
        if told is None or dtype is None:
            problem = "has numbers of a type that is not known"
            remedy = "convert the model to float32 or float16 weights"
            raise UnsupportedFeatureError(self.path, problem, format=NAME, place=repr(name), remedy=remedy)
        shape = tuple(dim["constant"]["size"] if dim["constant"] is not None else -1 for dim in told["dims"])
        if any(extent < 0 for extent in shape):
            raise self.corrupt("has an extent that is not told", name)
        return dtype, shape

    def corrupt(self, problem: str, name: str) -> CorruptCheckpointError:
        """The error for a value that is not what it should be."""
        remedy = "copy or download it again"
        return CorruptCheckpointError(self.path, problem, format=NAME, place=repr(name), remedy=remedy)

    def _made(self, name: str, shape: tuple[int, ...], dtype: str, read: Callable[[], Values]) -> Stored:
        return Stored(name=name, shape=shape, dtype=dtype, nbytes=stored_bytes(dtype, shape), read=read)

    def _written(self, tensor: Message, dtype: str, shape: tuple[int, ...], name: str) -> Callable[[], NDArray[Any]]:
        """Numbers that stand in the model itself."""
        if tensor["bytes"] is not None:
            span = tensor["bytes"]["values"]
            if span is None or span.length != stored_bytes(dtype, shape):
                raise self.corrupt(f"has another size than its shape {shape} needs", name)
            return lambda: decoded(self.buffer[span.start : span.end], dtype, shape)
        listed = next((tensor[kind]["values"] for kind in _LISTS if tensor[kind] is not None), None)
        if listed is None or listed.nbytes < prod(shape):
            raise self.corrupt(f"has fewer numbers than its shape {shape} needs", name)

        def read() -> NDArray[Any]:
            values = listed.read()
            if values.size != prod(shape):
                raise self.corrupt(f"has {values.size:,} numbers where its shape is {shape}", name)
            return np.asarray(values.reshape(shape))

        return read

    def _blob(self, blob: Message, name: str, nbytes: int) -> tuple[Path, int]:
        """The file of a blob and where its numbers begin in it."""
        told = blob["file"]
        if told not in self.outside:
            if not told.startswith(_MODEL_PATH):
                problem = f"names the weight file {told!r}, which is not beside the model"
                raise UnsafePathError(self.path, problem, format=NAME, place=repr(name))
            folder = self.path.parent
            self.outside[told] = contained(folder, told.removeprefix(_MODEL_PATH), self.limits, format=NAME)
        path = self.outside[told]
        size = path.stat().st_size
        if blob["offset"] + _BLOB.size > size:
            raise self.corrupt(f"lies beyond the end of {path.name!r}", name)
        sentinel, _, length, start = _BLOB.unpack(mapped(path, blob["offset"], _BLOB.size).tobytes())
        if sentinel != _SENTINEL or length != nbytes or start + length > size:
            raise self.corrupt(f"is no blob of {nbytes:,} bytes in {path.name!r}", name)
        return path, start


def stored_bytes(dtype: str, shape: tuple[int, ...]) -> int:
    """Bytes that an array takes as stored."""
    return packed_bytes(_NARROW.get(dtype) or BITS.get(dtype, 8), prod(shape))


def decoded(raw: Raw, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """The values behind raw bytes; numbers of less than 8 bits come widened."""
    if dtype not in _NARROW:
        return decode(raw, dtype, shape)
    codes = unpacked(raw, _NARROW[dtype], prod(shape)).reshape(shape)
    if dtype.startswith("u"):
        return codes
    return (codes.astype(np.int8) ^ 8) - np.int8(8)
