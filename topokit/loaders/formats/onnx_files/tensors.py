"""Tensors of an ONNX file: in the message as bytes or numbers, or in a file beside it.

Source: https://github.com/onnx/onnx/blob/main/docs/ExternalData.md and ``TensorProto`` of onnx.proto.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.errors import CorruptCheckpointError, UnsupportedFeatureError
from topokit.loaders.checkpoint import check_rank
from topokit.loaders.formats.common.contained import contained
from topokit.loaders.formats.common.dtypes import BITS, Raw, decode
from topokit.loaders.formats.common.mapping import mapped
from topokit.loaders.formats.common.protobuf import Message, Numbers
from topokit.loaders.formats.graphs.stored import Stored
from topokit.loaders.formats.onnx import NAME
from topokit.loaders.limits import Limits

DTYPES = {
    **{1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 9: "bool"},
    **{10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 14: "complex64", 15: "complex128", 16: "bfloat16"},
    **{17: "float8_e4m3fn", 18: "float8_e4m3fnuz", 19: "float8_e5m2", 20: "float8_e5m2fnuz"},
    **{21: "uint4", 22: "int4", 23: "float4_e2m1", 24: "float8_e8m0fnu", 25: "uint2", 26: "int2"},
}
STRING = 8
_NARROW = {"uint4": 4, "int4": 4, "float4_e2m1": 4, "uint2": 2, "int2": 2}
_FLOAT4 = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6], np.float32)
_FIELDS = {
    **dict.fromkeys(("float32", "complex64"), "float_data"),
    **dict.fromkeys(("float64", "complex128"), "double_data"),
    **dict.fromkeys(("uint32", "uint64"), "uint64_data"),
    "int64": "int64_data",
}
_EXTERNAL = 1


@dataclass(frozen=True, eq=False)
class TensorFiles:
    """Where the tensors of one ONNX file lie.

    Attributes
    ----------
    path : Path
        The file.
    buffer : ndarray of uint8
        All of it.
    limits : Limits
        What it may ask for.
    outside : dict of str to Path
        The files beside it, by the name that it gives them; filled as tensors are described.
    """

    path: Path
    buffer: Raw = field(repr=False)
    limits: Limits
    outside: dict[str, Path] = field(default_factory=dict)

    def stored(self, message: Message, name: str) -> Stored:
        """A tensor and how to read it, once its shape fits what is there of it.

        Raises
        ------
        UnsupportedFeatureError
            Numbers of a type that nobody knows.
        CorruptCheckpointError
            A shape that contradicts the numbers, or external data beyond their file.
        """
        shape, dtype = tuple(message["dims"]), DTYPES.get(message["type"])
        check_rank(len(shape), self.path, NAME, name, self.limits)
        if dtype is None:
            problem = f"has numbers of the unknown type {message['type']}"
            raise UnsupportedFeatureError(self.path, problem, format=NAME, place=repr(name), remedy="convert it first")
        if any(extent < 0 for extent in shape):
            raise self._corrupt("has a negative extent", name)
        nbytes = -(-prod(shape) * bits(dtype) // 8)
        return Stored(name=name, shape=shape, dtype=dtype, nbytes=nbytes, read=self._reader(message, name, nbytes))

    def _reader(self, message: Message, name: str, nbytes: int) -> Callable[[], NDArray[Any]]:
        dtype, shape = DTYPES[message["type"]], tuple(message["dims"])
        if message["location"] == _EXTERNAL:
            path, start = self._outside(message, name, nbytes)
            return lambda: unpacked(mapped(path, start, nbytes), dtype, shape)
        if "raw_data" in message:
            span = message["raw_data"]
            if span.length != nbytes:
                raise self._corrupt(f"has {span.length:,} bytes where its shape {shape} needs {nbytes:,}", name)
            return lambda: unpacked(self.buffer[span.start : span.end], dtype, shape)
        listed: Numbers = message[_FIELDS.get(dtype, "int32_data")]
        if listed.nbytes < _count_of(dtype, shape):
            raise self._corrupt(f"has fewer numbers than its shape {shape} needs", name)
        return partial(self._listed, listed, dtype, shape, name)

    def _listed(self, listed: Numbers, dtype: str, shape: tuple[int, ...], name: str) -> NDArray[Any]:
        """Numbers that stand one by one: those of a smaller type in the least bits of each."""
        found = listed.read()
        if found.size != _count_of(dtype, shape):
            raise self._corrupt(f"has {found.size:,} numbers where its shape {shape} needs another count", name)
        if dtype.startswith("complex"):
            parts: NDArray[Any] = found.view(dtype)
            return parts.reshape(shape)
        if dtype in _NARROW:
            return unpacked(found.astype(np.uint8), dtype, shape)
        width = BITS[dtype] // 8
        as_stored = found if _FIELDS.get(dtype, "").startswith(("float", "double")) else found.astype(f"<i{width}")
        return decode(np.ascontiguousarray(as_stored).view(np.uint8), dtype, shape)

    def _outside(self, message: Message, name: str, nbytes: int) -> tuple[Path, int]:
        told = {pair["key"]: pair["value"] for pair in message["external"]}
        if "location" not in told:
            raise self._corrupt("lies in another file that is not named", name)
        location = told["location"]
        if location not in self.outside:
            self.outside[location] = contained(self.path.parent, location, self.limits, format=NAME, named_in=self.path)
        start, length = (_whole(told.get(key, default)) for key, default in (("offset", "0"), ("length", str(nbytes))))
        size = self.outside[location].stat().st_size
        if start is None or length != nbytes or start + nbytes > size:
            problem = f"needs {nbytes:,} bytes, which {location!r} of {size:,} bytes does not have where it says"
            raise self._corrupt(problem, name)
        return self.outside[location], start

    def _corrupt(self, problem: str, name: str) -> CorruptCheckpointError:
        remedy = "copy or download it again"
        return CorruptCheckpointError(self.path, problem, format=NAME, place=repr(name), remedy=remedy)


def bits(dtype: str) -> int:
    """Bits that one number of that type takes."""
    return _NARROW.get(dtype) or BITS[dtype]


def unpacked(raw: Raw, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """The values behind raw bytes; numbers of 2 or 4 bits, the first in the least bits, come widened to 8."""
    if dtype not in _NARROW:
        return decode(raw, dtype, shape)
    width = _NARROW[dtype]
    shifts = np.arange(0, 8, width, dtype=np.uint8)
    spread: Raw = (raw[:, None] >> shifts) & np.uint8((1 << width) - 1)
    codes = spread.reshape(-1)[: prod(shape)].reshape(shape)
    if dtype.startswith("float"):
        return np.take(_FLOAT4, codes)
    if dtype.startswith("u"):
        return codes
    signed = codes.astype(np.int8)
    return np.where(signed >= 1 << (width - 1), signed - (1 << width), signed).astype(np.int8)


def _count_of(dtype: str, shape: tuple[int, ...]) -> int:
    """How many listed numbers stand for an array."""
    count = prod(shape)
    if dtype in _NARROW:
        return -(-count * _NARROW[dtype] // 8)
    return 2 * count if dtype.startswith("complex") else count


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else None
