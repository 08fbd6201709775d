"""What a group of an HDF5 file holds: names and places, in each of the three ways to store them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from topokit.errors import UnsafePathError
from topokit.loaders.formats.hdf5_files.btrees import new_records, old_leaves
from topokit.loaders.formats.hdf5_files.fractal_heap import fractal_heap
from topokit.loaders.formats.hdf5_files.headers import LINK, LINK_INFO, SYMBOL_TABLE, Message
from topokit.loaders.formats.hdf5_files.heaps import LocalHeap, local_heap
from topokit.loaders.formats.hdf5_files.source import Cursor, Source

_HARD = 0
_SOFT_IN_TABLE = 2
_NAME_RECORD_HASH, _HEAP_ID = 4, 7


def links_of(messages: Sequence[Message], source: Source, path: str) -> dict[str, int]:
    """Header addresses by name.

    Raises
    ------
    UnsafePathError
        A link that is not hard: it leads to another file, or by name to anywhere.
    CorruptCheckpointError
        A name twice.
    """
    found: dict[str, int] = {}
    for name, address in _all_links(messages, source, path):
        if name in found:
            raise source.corrupt(f"has the name {name!r} twice in {path or '/'!r}")
        found[name] = address
    return found


def _all_links(messages: Sequence[Message], source: Source, path: str) -> Iterator[tuple[str, int]]:
    for message in messages:
        body = Cursor(message.body, source)
        if message.kind == SYMBOL_TABLE:
            yield from _table(body, source, path)
        elif message.kind == LINK:
            yield _link(body, source, path)
        elif message.kind == LINK_INFO:
            yield from _dense(body, source, path)


def _table(body: Cursor, source: Source, path: str) -> Iterator[tuple[str, int]]:
    tree, heap_address = body.address(), body.address()
    if tree is None or heap_address is None:
        return
    heap = local_heap(source, heap_address)
    for _, node in old_leaves(source, tree, 0, source.length_size):
        yield from _symbols(source, node, heap, path)


def _symbols(source: Source, address: int, names: LocalHeap, path: str) -> Iterator[tuple[str, int]]:
    head = source.cursor(address, 8)
    head.expect(b"SNOD")
    head.skip(2)
    count = head.uint(2)
    body = source.cursor(address + 8, count * (2 * source.offset_size + 24))
    for _ in range(count):
        offset, target = body.uint(source.offset_size), body.address()
        kind = body.uint(4)
        body.skip(20)
        name = names.name(offset)
        if kind == _SOFT_IN_TABLE or target is None:
            raise _unsafe(source, path, name)
        yield name, target


def _dense(body: Cursor, source: Source, path: str) -> Iterator[tuple[str, int]]:
    body.skip(1)
    body.skip(8 if body.uint(1) & 1 else 0)
    heap_address, tree_address = body.address(), body.address()
    if heap_address is None or tree_address is None:
        return
    heap = fractal_heap(source, heap_address)
    for record in new_records(source, tree_address):
        record.skip(_NAME_RECORD_HASH)
        yield _link(heap.item(record.take(_HEAP_ID)), source, path)


def _link(body: Cursor, source: Source, path: str) -> tuple[str, int]:
    version, flags = body.uint(1), body.uint(1)
    if version != 1:
        raise source.unsupported(f"has links of version {version}")
    kind = body.uint(1) if flags & 0x08 else _HARD
    body.skip((8 if flags & 0x04 else 0) + (1 if flags & 0x10 else 0))
    name = body.take(body.uint(1 << (flags & 3))).decode()
    if kind != _HARD:
        raise _unsafe(source, path, name)
    target = body.address()
    if target is None:
        raise source.corrupt(f"has a link {name!r} that leads nowhere")
    return name, target


def _unsafe(source: Source, path: str, name: str) -> UnsafePathError:
    return UnsafePathError(
        source.place.path,
        "is a soft or external link, which is never followed",
        format=source.place.format,
        place=repr(f"{path}/{name}"),
        remedy="copy what it means into the file",
    )
