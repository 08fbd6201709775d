"""Where the chunks of a dataset are, in each way to say so (specification, III.A and IV.A.2.i)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np

from topokit.loaders.formats.hdf5_files.btrees import new_records, old_leaves
from topokit.loaders.formats.hdf5_files.checksum import check_sum
from topokit.loaders.formats.hdf5_files.objects import Data
from topokit.loaders.formats.hdf5_files.source import Source

Corner = tuple[int, ...]

_SINGLE, _IMPLICIT, _FIXED_ARRAY, _TREE = 1, 2, 3, 5
_FILTERED_ENTRIES = 1


@dataclass(frozen=True, slots=True)
class Chunk:
    """One stored chunk: its corner in the dataset, its place, its bytes and the filters that it missed."""

    corner: Corner
    address: int
    size: int
    mask: int


def stored_chunks(source: Source, data: Data) -> Iterator[Chunk]:
    """The chunks that the file holds.

    Raises
    ------
    CorruptCheckpointError
        The index is damaged.
    UnsupportedFeatureError
        The index is one that only files opened for appending have.
    """
    address, index = data.layout.address, data.layout.index
    if address is None:
        return iter(())
    if index == 0:
        return _from_old_tree(source, data, address)
    if index == _SINGLE:
        size, mask = data.layout.single or (_whole(data), 0)
        return iter([Chunk((0,) * len(data.shape), address, size, mask)])
    if index == _IMPLICIT:
        whole = _whole(data)
        return (Chunk(corner, address + k * whole, whole, 0) for k, corner in enumerate(_corners(data)))
    if index == _FIXED_ARRAY:
        return _from_array(source, data, address)
    if index == _TREE:
        return _from_new_tree(source, data, address)
    raise source.unsupported("is stored in chunks indexed by an extensible array")


def _whole(data: Data) -> int:
    return prod(data.layout.chunk) * data.type.size


def _corners(data: Data) -> Iterator[Corner]:
    """The corners of all chunks, the last axis fastest."""
    chunk = data.layout.chunk
    counts = [-(-extent // step) for extent, step in zip(data.shape, chunk, strict=True)]
    for place in np.ndindex(*counts):
        yield tuple(k * step for k, step in zip(place, chunk, strict=True))


def _from_old_tree(source: Source, data: Data, address: int) -> Iterator[Chunk]:
    rank = len(data.shape)
    for key, place in old_leaves(source, address, 1, 8 + 8 * (rank + 1)):
        size, mask = key.uint(4), key.uint(4)
        yield Chunk(tuple(key.uint(8) for _ in range(rank)), place, size, mask)


def _from_new_tree(source: Source, data: Data, address: int) -> Iterator[Chunk]:
    rank = len(data.shape)
    for record in new_records(source, address):
        place, size, mask = record.address(), _whole(data), 0
        if data.filters:
            size, mask = record.uint(record.left - 4 - 8 * rank), record.uint(4)
        scaled = tuple(record.uint(8) for _ in range(rank))
        if place is not None:
            yield Chunk(tuple(k * step for k, step in zip(scaled, data.layout.chunk, strict=True)), place, size, mask)


def _from_array(source: Source, data: Data, address: int) -> Iterator[Chunk]:
    head = source.cursor(address, 8 + source.length_size + source.offset_size)
    check_sum(source, address, len(head.raw))
    head.expect(b"FAHD")
    head.skip(1)
    is_filtered, width, page_bits = head.uint(1) == _FILTERED_ENTRIES, head.uint(1), head.uint(1)
    count, block = head.length(), head.address()
    if block is None:
        return
    if count > 1 << page_bits:
        raise source.unsupported(f"is stored in {count:,} chunks with an index in pages")
    start = 6 + source.offset_size
    check_sum(source, block, start + count * width)
    body = source.cursor(block, start + count * width)
    body.expect(b"FADB")
    body.skip(start - 4)
    for _, corner in zip(range(count), _corners(data), strict=False):
        place, size, mask = body.address(), _whole(data), 0
        if is_filtered:
            size, mask = body.uint(width - source.offset_size - 4), body.uint(4)
        if place is not None:
            yield Chunk(corner, place, size, mask)
