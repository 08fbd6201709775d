"""The trees that order links, attributes and chunks in an HDF5 file (specification, III.A)."""

from __future__ import annotations

from collections.abc import Iterator

from topokit.loaders.formats.hdf5_files.checksum import check_sum
from topokit.loaders.formats.hdf5_files.source import Cursor, Source

_HIGHEST = 16
_V2_HEAD = 6
_AROUND = 10


def old_leaves(source: Source, address: int, kind: int, key_size: int) -> Iterator[tuple[Cursor, int]]:
    """The entries of the leaves of a tree of version 1, from left to right: the key before each, and its address.

    Raises
    ------
    CorruptCheckpointError
        A node is damaged, or within itself.
    """
    waiting, seen = [(address, _HIGHEST)], set()
    while waiting:
        node, highest = waiting.pop()
        if node in seen:
            raise source.corrupt("has a tree that contains itself")
        seen.add(node)
        level, entries = _old_node(source, node, kind, key_size)
        if level > highest:
            raise source.corrupt("has a tree that grows downwards")
        if level == 0:
            yield from entries
        else:
            waiting.extend((child, level - 1) for _, child in reversed(entries))


def _old_node(source: Source, address: int, kind: int, key_size: int) -> tuple[int, list[tuple[Cursor, int]]]:
    head = source.cursor(address, 8)
    head.expect(b"TREE")
    if head.uint(1) != kind:
        raise source.corrupt("has a tree of another kind than it should be")
    level, count = head.uint(1), head.uint(2)
    step = key_size + source.offset_size
    body = source.cursor(address + 8 + 2 * source.offset_size, count * step)
    entries = []
    for _ in range(count):
        key = Cursor(body.raw[body.at : body.at + key_size], source)
        body.skip(key_size)
        child = body.address()
        if child is None:
            raise source.corrupt("has a tree with a branch that leads nowhere")
        entries.append((key, child))
    return level, entries


def new_records(source: Source, address: int) -> Iterator[Cursor]:
    """The records of a tree of version 2; their order is that of its hashes."""
    head = source.cursor(address, 16 + source.offset_size + 2 + source.length_size)
    head.expect(b"BTHD")
    head.skip(2)
    node_size, record_size, depth = head.uint(4), head.uint(2), head.uint(2)
    head.skip(2)
    root, count = head.address(), head.uint(2)
    if root is None:
        return
    if not record_size or depth > _HIGHEST:
        raise source.corrupt("has a tree of impossible size")
    widths = _count_widths(node_size, record_size, depth, source.offset_size)
    waiting, seen = [(root, count)], set()
    levels = {root: depth}
    while waiting:
        node, count = waiting.pop()
        if node in seen:
            raise source.corrupt("has a tree that contains itself")
        seen.add(node)
        records, children = _new_node(source, node, count, record_size, widths[levels[node]])
        yield from records
        waiting.extend(children)
        levels.update((child, levels[node] - 1) for child, _ in children)


def _new_node(
    source: Source, address: int, count: int, record_size: int, widths: tuple[int, int]
) -> tuple[list[Cursor], list[tuple[int, int]]]:
    """The records of a node, and the place and number of records of its children."""
    is_inner = widths != (0, 0)
    child_size = source.offset_size + sum(widths) if is_inner else 0
    size = _V2_HEAD + count * record_size + (count + 1) * child_size
    check_sum(source, address, size)
    body = source.cursor(address, size)
    body.expect(b"BTIN" if is_inner else b"BTLF")
    body.skip(2)
    records = [Cursor(memoryview(body.take(record_size)), source) for _ in range(count)]
    children = []
    for _ in range(count + 1 if is_inner else 0):
        child, inside = body.address(), body.uint(widths[0])
        body.skip(widths[1])
        if child is None:
            raise source.corrupt("has a tree with a branch that leads nowhere")
        children.append((child, inside))
    return records, children


def _count_widths(node_size: int, record_size: int, depth: int, offset_size: int) -> list[tuple[int, int]]:
    """For each level, the bytes of the two counts beside a child: its records, and all below it."""
    below = max(1, (node_size - _AROUND) // record_size)
    own, widths = _bytes_of(below), [(0, 0)]
    for level in range(1, depth + 1):
        widths.append((own, _bytes_of(below) if level > 1 else 0))
        pointer = offset_size + sum(widths[-1])
        most = max(1, (node_size - _AROUND - pointer) // (record_size + pointer))
        below = (most + 1) * below + most
    return widths


def _bytes_of(number: int) -> int:
    return (number.bit_length() + 7) // 8
