"""The messages of an object header that describe data: extent, type, place and filters (specification, IV.A.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from topokit.loaders.checkpoint import check_rank
from topokit.loaders.formats.hdf5_files.headers import DATATYPE, Message, read_messages
from topokit.loaders.formats.hdf5_files.source import Cursor, Source
from topokit.loaders.formats.hdf5_files.types import Type, parse_type

LayoutKind = Literal["compact", "contiguous", "chunked", "virtual"]

_KINDS: dict[int, LayoutKind] = {0: "compact", 1: "contiguous", 2: "chunked", 3: "virtual"}
_COMMITTED_SINCE_3 = 2


@dataclass(frozen=True, slots=True)
class Filter:
    """One step that chunks went through before they were stored."""

    number: int
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """How data lie in the file.

    Attributes
    ----------
    kind : {'compact', 'contiguous', 'chunked', 'virtual'}
        Inside the header, in one piece, in chunks, or in other files.
    address : int, optional
        Of the data or of the index of chunks; None when nothing is stored.
    size : int, optional
        Bytes of contiguous data.
    inside : bytes
        Compact data.
    chunk : tuple of int
        Shape of a chunk.
    index : int
        Kind of the index of chunks; 0 is the B-tree of version 1.
    single : tuple of int, optional
        Bytes and filter mask of a filtered chunk that is the only one.
    """

    kind: LayoutKind
    address: int | None = None
    size: int | None = None
    inside: bytes = b""
    chunk: tuple[int, ...] = ()
    index: int = 0
    single: tuple[int, int] | None = None


def parse_dataspace(body: Cursor, source: Source, name: str) -> tuple[int, ...] | None:
    """The shape; None for no data at all."""
    version, rank = body.uint(1), body.uint(1)
    body.skip(1)
    check_rank(rank, source.place.path, source.place.format, name, source.limits)
    if version not in (1, 2):
        raise source.unsupported(f"has extents of version {version}", repr(name))
    if version == 2 and body.uint(1) == 2:
        return None
    body.skip(5 if version == 1 else 0)
    return tuple(body.length() for _ in range(rank))


def message_type(message: Message, source: Source) -> Type:
    """The type in a datatype message, which may be the place of a type that many objects share."""
    if not message.is_shared:
        return parse_type(Cursor(message.body, source), source)
    body = Cursor(message.body, source)
    version, kind = body.uint(1), body.uint(1)
    body.skip(6 if version == 1 else 0)
    address = body.address()
    if address is None or (version == 3 and kind != _COMMITTED_SINCE_3):
        raise source.unsupported("shares a type in a way that is not supported")
    for shared in read_messages(source, address):
        if shared.kind == DATATYPE and not shared.is_shared:
            return parse_type(Cursor(shared.body, source), source)
    raise source.corrupt("names a shared type that is not there")


def parse_layout(body: Cursor, source: Source, name: str) -> Layout:
    """Where the data are."""
    version = body.uint(1)
    if version in (1, 2):
        return _old_layout(body, source)
    if version not in (3, 4, 5):
        raise source.unsupported(f"is laid out in version {version}", repr(name))
    kind = _KINDS.get(body.uint(1))
    if kind is None:
        raise source.corrupt("has data laid out in an unknown way")
    if kind == "compact":
        return Layout(kind, inside=body.take(body.uint(2)))
    if kind == "contiguous":
        return Layout(kind, body.address(), body.length())
    if kind == "virtual":
        return Layout(kind)
    return _chunks(body) if version == 3 else _newer_chunks(body, source)


def _old_layout(body: Cursor, source: Source) -> Layout:
    rank, kind = body.uint(1), _KINDS.get(body.uint(1))
    body.skip(5)
    address = None if kind == "compact" else body.address()
    extents = tuple(body.uint(4) for _ in range(rank))
    if kind == "compact":
        return Layout(kind, inside=body.take(body.uint(4)))
    if kind == "contiguous":
        return Layout(kind, address)
    if kind == "chunked":
        return Layout(kind, address, chunk=extents[:-1])
    raise source.corrupt("has data laid out in an unknown way")


def _chunks(body: Cursor) -> Layout:
    rank = body.uint(1)
    address = body.address()
    return Layout("chunked", address, chunk=tuple(body.uint(4) for _ in range(rank))[:-1])


def _newer_chunks(body: Cursor, source: Source) -> Layout:
    flags, rank, width = body.uint(1), body.uint(1), body.uint(1)
    chunk = tuple(body.uint(width) for _ in range(rank))[:-1]
    index, single = body.uint(1), None
    if index == 1 and flags & 2:
        single = (body.length(), body.uint(4))
    body.skip({1: 0, 2: 0, 3: 1, 4: 5, 5: 6}.get(index, 0))
    return Layout("chunked", body.address(), chunk=chunk, index=index, single=single)


def parse_filters(body: Cursor, source: Source) -> tuple[Filter, ...]:
    """The filters of a dataset, in the order in which they were applied."""
    version, count = body.uint(1), body.uint(1)
    if version not in (1, 2):
        raise source.unsupported(f"lists filters in version {version}")
    body.skip(6 if version == 1 else 0)
    return tuple(_filter(body, version) for _ in range(count))


def _filter(body: Cursor, version: int) -> Filter:
    number = body.uint(2)
    name_length = body.uint(2) if version == 1 or number >= 256 else 0
    body.skip(2)
    count = body.uint(2)
    body.skip(name_length)
    values = tuple(body.uint(4) for _ in range(count))
    body.skip(4 if version == 1 and count % 2 else 0)
    return Filter(number, values)


def parse_fill(body: Cursor, *, is_old: bool) -> bytes:
    """The bytes of the element that stands where nothing is stored; none for zeros."""
    if is_old:
        return body.take(body.uint(4))
    version, flags = body.uint(1), body.uint(1)
    if version == 3:
        return body.take(body.uint(4)) if flags & 0x20 else b""
    body.skip(1)
    is_defined = body.uint(1)
    return body.take(body.uint(4)) if is_defined and body.left >= 4 else b""
