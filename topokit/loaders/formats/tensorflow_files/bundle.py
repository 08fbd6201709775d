"""Tensor bundles: an ``.index`` that says where in which ``.data-*`` file each tensor lies.

Layout: tensorflow/core/protobuf/tensor_bundle.proto, tensorflow/core/util/tensor_bundle/tensor_bundle.h.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.errors import CorruptCheckpointError, UnsupportedFeatureError
from topokit.loaders.checkpoint import Role, TensorEntry
from topokit.loaders.formats.common.contained import contained
from topokit.loaders.formats.common.dtypes import BITS, Order, Raw, check_readable, decode, stored_bytes
from topokit.loaders.formats.common.mapping import mapped
from topokit.loaders.formats.common.protobuf import Message, Walker, many, one
from topokit.loaders.formats.common.protobuf_wire import DELIMITED, Span, fields, varint
from topokit.loaders.formats.tensorflow_files.crc32c import masked_crc32c
from topokit.loaders.formats.tensorflow_files.number_types import type_name
from topokit.loaders.formats.tensorflow_files.slices import Extent, resolved, slice_key
from topokit.loaders.formats.tensorflow_files.table import read_table
from topokit.loaders.limits import Limits

INDEX = ".index"

_SCHEMAS = {
    "Header": {1: one("shards", "int"), 2: one("big_endian", "int")},
    "Entry": {
        **{1: one("dtype", "int"), 2: one("shape", "Shape"), 3: one("shard", "int"), 4: one("offset", "int")},
        **{5: one("size", "int"), 6: one("crc", "fixed32"), 7: many("slices", "Slice")},
    },
    "Shape": {2: many("dims", "Dim"), 3: one("unknown", "bool")},
    "Dim": {1: one("size", "int")},
    "Slice": {1: many("extents", "Extent")},
    "Extent": {1: one("start", "int"), 2: one("length", "int")},
}
_CHECKSUM = 4
_WHOLE = -1


@dataclass(frozen=True, eq=False)
class Bundle:
    """A checkpoint's index.

    Attributes
    ----------
    path : Path
        The ``.index`` file.
    format : str
        Who reads it.
    shards : int
        Into how many files the data are cut.
    order : {'<', '>'}
        How bytes are ordered.
    entries : mapping of bytes to Message
        What the index says of each key.
    """

    path: Path
    format: str
    shards: int
    order: Order
    entries: Mapping[bytes, Message]
    limits: Limits
    _verified: set[bytes] = field(default_factory=set, repr=False)

    def names(self) -> list[str]:
        """Keys of the tensors; slices of one have no name of their own."""
        return [key.decode() for key in self.entries if key[:1] != b"\0"]

    def tensor(self, key: str, name: str, *, role: Role | None = None, aside: str = "") -> TensorEntry:
        """The tensor of that key, under a name that may be another."""
        stored = self.entries[key.encode()]
        dtype, shape = type_name(stored["dtype"]), shape_of(stored["shape"])
        return TensorEntry(
            name=name,
            shape=shape,
            dtype=dtype,
            nbytes=stored_bytes(dtype, shape) if dtype in BITS else stored["size"],
            path=self.path,
            format=self.format,
            reader=partial(self._read, key, dtype, shape),
            role=role,
            aside=aside or ("text" if dtype == "string" else ""),
        )

    def fingerprint(self, key: str) -> tuple[Any, ...]:
        """Equal for tensors of equal bytes."""
        stored = self.entries[key.encode()]
        return (stored["dtype"], shape_of(stored["shape"]), stored["size"], stored["crc"], bool(stored["slices"]))

    def text(self, key: str) -> bytes:
        """The bytes of a tensor that holds a single string."""
        raw = self._stored(key.encode())
        length, position = varint(raw.data, 0, len(raw))
        if position + _CHECKSUM + length != len(raw):
            raise self._corrupt(key, f"takes {len(raw)} bytes where its length says {position + _CHECKSUM + length}")
        checked = np.concatenate([np.frombuffer(length.to_bytes(_CHECKSUM, "little"), np.uint8), raw[position:]])
        self._verify(key.encode(), checked)
        return raw[position + _CHECKSUM :].tobytes()

    def files(self) -> tuple[Path, ...]:
        """The index and the files of data that it speaks of."""
        shards = sorted({stored["shard"] for stored in self.entries.values() if not stored["slices"]})
        return (self.path, *(self._shard(shard) for shard in shards))

    def _read(self, key: str, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
        check_readable(dtype, self.path, self.format, key)
        slices = self.entries[key.encode()]["slices"]
        if not slices:
            return self._array(key.encode(), dtype, shape)
        return self._assembled(key, dtype, shape, [_extents(piece) for piece in slices])

    def _assembled(
        self, key: str, dtype: str, shape: tuple[int, ...], slices: Sequence[Sequence[Extent]]
    ) -> NDArray[Any]:
        parts = [(resolved(extents, shape), slice_key(key, extents)) for extents in slices]
        for index, stored_key in parts:
            if stored_key not in self.entries:
                raise self._corrupt(key, f"lacks its slice {index}")
        arrays = [(index, self._array(stored, dtype, _extent(index))) for index, stored in parts]
        if sum(part.size for _, part in arrays) != prod(shape):
            raise self._corrupt(key, "has slices that overlap or leave gaps")
        covered, whole = np.zeros(shape, bool), np.empty(shape, arrays[0][1].dtype)
        for index, part in arrays:
            covered[index], whole[index] = True, part
        if not covered.all():
            raise self._corrupt(key, "has slices that overlap or leave gaps")
        return whole

    def _array(self, key: bytes, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
        raw = self._stored(key)
        expected = stored_bytes(dtype, shape)
        if len(raw) != expected:
            raise self._corrupt(_shown(key), f"takes {len(raw)} bytes where shape {shape} needs {expected}")
        self._verify(key, raw)
        return decode(raw, dtype, shape, self.order)

    def _stored(self, key: bytes) -> Raw:
        stored = self.entries[key]
        return mapped(self._shard(stored["shard"]), stored["offset"], stored["size"])

    def _shard(self, shard: int) -> Path:
        if not 0 <= shard < self.shards:
            raise self._corrupt(INDEX, f"speaks of file {shard} of {self.shards}")
        name = f"{self.path.name.removesuffix(INDEX)}.data-{shard:05d}-of-{self.shards:05d}"
        return contained(self.path.parent, name, self.limits, format=self.format, named_in=self.path)

    def _verify(self, key: bytes, raw: Raw) -> None:
        if key in self._verified:
            return
        if self.entries[key]["crc"] != masked_crc32c(raw):
            raise self._corrupt(_shown(key), "has a wrong checksum")
        self._verified.add(key)

    def _corrupt(self, key: str, problem: str) -> CorruptCheckpointError:
        remedy = "copy or download it again"
        return CorruptCheckpointError(self.path, problem, format=self.format, place=repr(key), remedy=remedy)


def open_bundle(path: Path, format: str, limits: Limits) -> Bundle:
    """Read an ``.index``.

    Raises
    ------
    CorruptCheckpointError
        A key twice, a wrong checksum, or no header.
    UnsupportedFeatureError
        A checkpoint in one file, as TensorFlow wrote before 0.12.
    """
    entries: dict[bytes, Message] = {}
    header: Message | None = None
    for key, value in read_table(path, format, limits):
        if not key:
            _check_version(value, path, format)
            header = Walker(value, path, format, _SCHEMAS, limits).read("Header")
            continue
        if key in entries:
            raise CorruptCheckpointError(path, "has a name twice", format=format, place=repr(_shown(key)))
        entries[key] = Walker(value, path, format, _SCHEMAS, limits).read("Entry")
    if header is None:
        raise CorruptCheckpointError(path, "has no header", format=format, remedy="copy or download it again")
    return Bundle(path, format, header["shards"], ">" if header["big_endian"] else "<", entries, limits)


def shape_of(shape: Message | None) -> tuple[int, ...]:
    """The extents of a shape that is known; those of none are ().

    Raises
    ------
    ValueError
        An extent below 0.
    """
    extents = tuple(dim["size"] for dim in shape["dims"]) if shape is not None else ()
    if min(extents, default=0) < 0:
        raise ValueError(f"a tensor has shape {extents}")
    return extents


def _check_version(header: Raw, path: Path, format: str) -> None:
    first = next(fields(header.data, Span(0, len(header))), None)
    if first is not None and first[:2] == (1, DELIMITED):
        problem = "is a checkpoint in one file, as TensorFlow wrote before version 0.12"
        remedy = "restore it with TensorFlow and save it again"
        raise UnsupportedFeatureError(path, problem, format=format, remedy=remedy)


def _extent(index: Sequence[slice]) -> tuple[int, ...]:
    return tuple(part.stop - part.start for part in index)


def _extents(piece: Message) -> tuple[Extent, ...]:
    return tuple((extent["start"], extent.get("length", _WHOLE)) for extent in piece["extents"])


def _shown(key: bytes) -> str:
    return key.decode(errors="replace")
