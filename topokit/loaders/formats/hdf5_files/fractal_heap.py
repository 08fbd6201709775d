"""Fractal heaps: where newer HDF5 groups and objects with many attributes keep them (specification, III.G)."""

from __future__ import annotations

from dataclasses import dataclass

from topokit.loaders.formats.hdf5_files.btrees import new_records
from topokit.loaders.formats.hdf5_files.checksum import check_sum
from topokit.loaders.formats.hdf5_files.source import Cursor, Source

_MANAGED, _HUGE, _TINY = 0, 1, 2
_MOST_ROWS = 64


@dataclass(frozen=True, slots=True)
class FractalHeap:
    """A heap whose blocks double in size from row to row.

    Attributes
    ----------
    source : Source
        The file.
    width : int
        Blocks of a row.
    first, largest : int
        Bytes of the smallest block, and of the largest that holds objects.
    offset_bytes, length_bytes : int
        Width of the two numbers that make an identifier.
    root, rows : int
        Address of the first block; how many rows it has, 0 when it holds the objects itself.
    huge : int, optional
        Address of the tree of objects too large for a block.
    """

    source: Source
    width: int
    first: int
    largest: int
    offset_bytes: int
    length_bytes: int
    root: int | None
    rows: int
    huge: int | None

    def item(self, identifier: bytes) -> Cursor:
        """The object that an identifier names."""
        kind = identifier[0] >> 4 & 3
        if kind == _TINY:
            return Cursor(memoryview(identifier)[1 : 2 + (identifier[0] & 15)], self.source)
        if kind == _HUGE:
            return self._huge(int.from_bytes(identifier[1:], "little"))
        if kind != _MANAGED:
            raise self.source.corrupt("has an object of an unknown kind in a heap")
        split = 1 + self.offset_bytes
        offset = int.from_bytes(identifier[1:split], "little")
        length = int.from_bytes(identifier[split : split + self.length_bytes], "little")
        return self.source.cursor(self._place(offset, length), length)

    def _huge(self, number: int) -> Cursor:
        for record in new_records(self.source, self.huge) if self.huge is not None else ():
            address, length = record.address(), record.length()
            if address is not None and record.length() == number:
                return self.source.cursor(address, length)
        raise self.source.corrupt("names an object that its heap has not")

    def _place(self, offset: int, length: int) -> int:
        """Where in the file the byte `offset` of the heap is."""
        if self.root is None:
            raise self.source.corrupt("names an object in an empty heap")
        address, rows, start = self.root, self.rows, 0
        for _ in range(_MOST_ROWS):
            if not rows:
                return address + offset - start
            child, begin, size, inner = self._entry(address, rows, start, offset)
            if not inner and offset + length > begin + size:
                raise self.source.corrupt("has an object across the blocks of its heap")
            address, rows, start = child, inner, begin
        raise self.source.corrupt("has a heap without an end")

    def _entry(self, address: int, rows: int, start: int, offset: int) -> tuple[int, int, int, int]:
        """The child of a block of rows that holds the byte: its place, begin, size and number of rows."""
        source = self.source
        head = 5 + source.offset_size + self.offset_bytes
        block = source.cursor(address, head + rows * self.width * source.offset_size)
        block.expect(b"FHIB")
        begin = start
        for row in range(rows):
            size = self.first << max(0, row - 1)
            if offset < begin + size * self.width:
                column = (offset - begin) // size
                block.skip(head - block.at + (row * self.width + column) * source.offset_size)
                child = block.address()
                if child is None:
                    break
                return child, begin + column * size, size, self._rows_of(size)
            begin += size * self.width
        raise source.corrupt("names an object outside its heap")

    def _rows_of(self, size: int) -> int:
        """Rows of a block of that size; none for one that holds objects."""
        return 0 if size <= self.largest else (size // (self.first * self.width)).bit_length()


def fractal_heap(source: Source, address: int) -> FractalHeap:
    """The heap whose header is at `address`."""
    lengths, offsets = source.length_size, source.offset_size
    size = 22 + 12 * lengths + 3 * offsets
    check_sum(source, address, size)
    head = source.cursor(address, size)
    head.expect(b"FRHP")
    head.skip(3)
    filtered = head.uint(2)
    head.skip(1)
    longest = head.uint(4)
    head.skip(lengths)
    huge = head.address()
    head.skip(9 * lengths + offsets)
    width, first, largest, bits = head.uint(2), head.length(), head.length(), head.uint(2)
    head.skip(2)
    root, rows = head.address(), head.uint(2)
    if filtered:
        raise source.unsupported("has a compressed heap of links or attributes")
    if not width or not first or rows > _MOST_ROWS:
        raise source.corrupt("has a heap of impossible size")
    length_bytes = min((longest.bit_length() + 7) // 8, (largest.bit_length() + 6) // 8)
    return FractalHeap(source, width, first, largest, (bits + 7) // 8, length_bytes, root, rows, huge)
