"""The heaps of an HDF5 file that hold names and strings (specification, III.D and III.E)."""

from __future__ import annotations

from dataclasses import dataclass, field

from topokit.loaders.formats.hdf5_files.source import Source

_LONGEST_NAME = 65_536


@dataclass(frozen=True, slots=True)
class LocalHeap:
    """The names of a group of the older kind."""

    source: Source
    address: int
    size: int

    def name(self, offset: int) -> str:
        """The name that begins at `offset` and ends with a zero."""
        if not 0 <= offset < self.size:
            raise self.source.corrupt("names a link outside its heap")
        start = self.address + offset
        raw = self.source.rest(start, min(self.size - offset, 64)).raw.tobytes()
        if b"\0" not in raw:
            raw = self.source.rest(start, min(self.size - offset, _LONGEST_NAME)).raw.tobytes()
        name, end, _ = raw.partition(b"\0")
        if not end:
            raise self.source.corrupt("has a name without an end")
        return name.decode()


def local_heap(source: Source, address: int) -> LocalHeap:
    """The heap whose header is at `address`."""
    head = source.cursor(address, 8 + 2 * source.length_size + source.offset_size)
    head.expect(b"HEAP")
    head.skip(4)
    size = head.length()
    head.skip(source.length_size)
    start = head.address()
    if start is None:
        raise source.corrupt("has a heap of names without a place")
    return LocalHeap(source, start, size)


@dataclass(frozen=True, slots=True)
class GlobalHeap:
    """The strings of variable length; each collection is read once."""

    source: Source
    collections: dict[int, dict[int, memoryview]] = field(default_factory=dict)

    def item(self, address: int, index: int) -> memoryview:
        """The bytes of one object of a collection."""
        if address not in self.collections:
            self.collections[address] = self._read(address)
        if index not in self.collections[address]:
            raise self.source.corrupt("names a string that is not there")
        return self.collections[address][index]

    def _read(self, address: int) -> dict[int, memoryview]:
        source = self.source
        head = source.cursor(address, 8 + source.length_size)
        head.expect(b"GCOL")
        head.skip(4)
        body = source.cursor(address, head.length())
        body.skip(head.at)
        items: dict[int, memoryview] = {}
        while body.left >= 8 + source.length_size:
            index = body.uint(2)
            body.skip(6)
            size = body.length()
            if not index:
                break
            start = body.at
            body.skip(size)
            items[index] = body.raw[start : body.at]
            body.align(8)
        return items
