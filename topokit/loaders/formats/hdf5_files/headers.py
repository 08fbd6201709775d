"""Object headers: the messages that say what an object of an HDF5 file is (specification, IV.A)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from topokit.loaders.formats.hdf5_files.checksum import check_sum
from topokit.loaders.formats.hdf5_files.source import Cursor, Source

DATASPACE, LINK_INFO, DATATYPE, OLD_FILL, FILL = 0x01, 0x02, 0x03, 0x04, 0x05
LINK, EXTERNAL_FILES, LAYOUT, FILTERS, ATTRIBUTE = 0x06, 0x07, 0x08, 0x0B, 0x0C
CONTINUATION, SYMBOL_TABLE, ATTRIBUTE_INFO = 0x10, 0x11, 0x15

_SHARED = 0x02
_PREFIX = 16


@dataclass(frozen=True, slots=True)
class Message:
    """One message of an object header."""

    kind: int
    body: memoryview
    is_shared: bool


def read_messages(source: Source, address: int) -> list[Message]:
    """The messages of the object whose header is at `address`.

    Raises
    ------
    CorruptCheckpointError
        There is no header, it is damaged, or its parts lie inside each other.
    LimitExceededError
        The file has more headers than bytes for them.
    """
    prefix = source.rest(address, _PREFIX)
    is_new = bytes(prefix.raw[:4]) == b"OHDR"
    block, has_order = _new_block(source, address) if is_new else (_old_block(source, prefix, address), False)
    blocks, seen, found = [block], {address}, []
    while blocks:
        for message in _messages(blocks.pop(0), is_new, has_order):
            if message.kind != CONTINUATION:
                found.append(message)
                continue
            place = Cursor(message.body, source)
            start, count = place.address(), place.length()
            if start is None or start in seen:
                raise source.corrupt("has an object header that continues in itself")
            seen.add(start)
            blocks.append(_continued(source, start, count, is_new))
    return found


def _old_block(source: Source, prefix: Cursor, address: int) -> Cursor:
    if prefix.uint(1) != 1:
        raise source.corrupt(f"has no object header at {address:,}")
    prefix.skip(7)
    return source.cursor(address + _PREFIX, prefix.uint(4))


def _new_block(source: Source, address: int) -> tuple[Cursor, bool]:
    block = source.rest(address, 64)
    block.expect(b"OHDR")
    version, flags = block.uint(1), block.uint(1)
    if version != 2:
        raise source.unsupported(f"has object headers of version {version}")
    block.skip((16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0))
    count = block.uint(1 << (flags & 3))
    check_sum(source, address, block.at + count)
    return source.cursor(address + block.at, count), bool(flags & 0x04)


def _continued(source: Source, start: int, count: int, is_new: bool) -> Cursor:
    if not is_new:
        return source.cursor(start, count)
    check_sum(source, start, count - 4)
    block = source.cursor(start, count - 4)
    block.expect(b"OCHK")
    return block


def _messages(block: Cursor, is_new: bool, has_order: bool) -> Iterator[Message]:
    smallest = 4 + 2 * has_order if is_new else 8
    while block.left >= smallest:
        kind, size = block.uint(1 if is_new else 2), block.uint(2)
        flags = block.uint(1)
        block.skip(2 * has_order if is_new else 3)
        start = block.at
        block.skip(size)
        yield Message(kind, block.raw[start : block.at], bool(flags & _SHARED))
