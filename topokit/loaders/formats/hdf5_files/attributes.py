"""Attributes of HDF5 objects: texts, lists of texts, and small arrays (specification, IV.A.2.m)."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.errors import LimitExceededError
from topokit.loaders.formats.common.dtypes import decode
from topokit.loaders.formats.hdf5_files.headers import DATATYPE, Message
from topokit.loaders.formats.hdf5_files.heaps import GlobalHeap
from topokit.loaders.formats.hdf5_files.messages import message_type, parse_dataspace
from topokit.loaders.formats.hdf5_files.source import Cursor, Source
from topokit.loaders.formats.hdf5_files.types import Type

AttributeValue = str | list[str] | NDArray[Any] | None

_SHARED_TYPE, _SHARED_SPACE = 1, 2


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute whose value is not read yet."""

    name: str
    type: Type
    shape: tuple[int, ...] | None
    data: memoryview


def parse_attribute(body: Cursor, source: Source) -> Attribute:
    """The name, type, shape and raw bytes of an attribute."""
    version, flags = body.uint(1), body.uint(1)
    if version not in (1, 2, 3):
        raise source.unsupported(f"has attributes of version {version}")
    sizes = [body.uint(2) for _ in range(3)]
    body.skip(1 if version == 3 else 0)
    parts = []
    for size in sizes:
        parts.append(memoryview(body.take(size)))
        body.skip(-size % 8 if version == 1 else 0)
    name = bytes(parts[0]).split(b"\0")[0].decode()
    if version > 1 and flags & _SHARED_SPACE:
        raise source.unsupported("shares the extent of an attribute", repr(name))
    message = Message(DATATYPE, parts[1], version > 1 and bool(flags & _SHARED_TYPE))
    shape = parse_dataspace(Cursor(parts[2], source), source, name)
    return Attribute(name, message_type(message, source), shape, body.raw[body.at :])


def attribute_value(attribute: Attribute, source: Source, heap: GlobalHeap) -> AttributeValue:
    """A text, a list of texts, an array of numbers, or None for what is neither.

    Raises
    ------
    CorruptCheckpointError
        Fewer bytes than the shape needs.
    LimitExceededError
        The texts are longer together than headers may be.
    """
    kind, shape, size = attribute.type, attribute.shape, attribute.type.size
    if shape is None or kind.kind not in ("string", "strings", "number"):
        return None
    count = prod(shape)
    data = Cursor(attribute.data, source)
    if count * size > data.left:
        raise source.corrupt(f"has an attribute {attribute.name!r} that ends early")
    if kind.kind == "number":
        return decode(np.frombuffer(data.take(count * size), np.uint8), kind.name, shape, kind.order)
    if kind.kind == "string":
        texts = [_text(data.take(size)) for _ in range(count)]
    else:
        texts = _heap_texts(data, count, source, heap)
    return texts if shape else texts[0]


def _heap_texts(data: Cursor, count: int, source: Source, heap: GlobalHeap) -> list[str]:
    texts, total = [], 0
    for _ in range(count):
        length, address, index = data.uint(4), data.address(), data.uint(4)
        raw = heap.item(address, index)[:length] if address and length else b""
        total += len(raw)
        if total > min(source.limits.header_bytes, len(source.raw)):
            problem = "has an attribute with more text than the file"
            raise LimitExceededError(source.place.path, problem, format=source.place.format)
        texts.append(_text(bytes(raw)))
    return texts


def _text(raw: bytes) -> str:
    return raw.split(b"\0")[0].rstrip(b" ").decode()
