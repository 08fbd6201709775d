"""Data elements of a MATLAB 5 file: arrays, and the arrays inside cells and structures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Literal

from topokit.loaders.formats.matlab_files.stream import Stream

Order = Literal["<", ">"]

INT8, UINT8, INT16, UINT16, INT32, UINT32, SINGLE, DOUBLE, INT64, UINT64 = 1, 2, 3, 4, 5, 6, 7, 9, 12, 13
MATRIX, COMPRESSED = 14, 15

STORED = {
    **{INT8: "int8", UINT8: "uint8", INT16: "int16", UINT16: "uint16", INT32: "int32", UINT32: "uint32"},
    **{SINGLE: "float32", DOUBLE: "float64", INT64: "int64", UINT64: "uint64"},
}
CLASSES = {
    **{6: "float64", 7: "float32", 8: "int8", 9: "uint8", 10: "int16", 11: "uint16", 12: "int32", 13: "uint32"},
    **{14: "int64", 15: "uint64"},
}
CELL, STRUCT, OBJECT, SPARSE, OPAQUE = 1, 2, 3, 5, 17

_COMPLEX, _LOGICAL = 0x08, 0x02
_DEEPEST = 32
_LONGEST_NAME = 4096
_MOST_DIMS = 32


@dataclass(frozen=True, slots=True)
class Part:
    """Numbers of an array: where they begin within the variable, how many bytes, and as what they are stored."""

    offset: int
    size: int
    kind: int


@dataclass(frozen=True, slots=True)
class Array:
    """An array of numbers, or an object whose contents stay unread.

    Attributes
    ----------
    name : str
        As MATLAB would say it: ``net.layers{3}.W``.
    kind : int
        Its class.
    shape : tuple of int
        Its shape.
    is_logical, is_complex : bool
        What else its numbers are.
    parts : tuple of Part
        Its numbers; of a sparse matrix the rows, the columns' starts and the values.
    """

    name: str
    kind: int
    shape: tuple[int, ...]
    is_logical: bool = False
    is_complex: bool = False
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Elements:
    """A reader of the elements of one variable, for one byte order."""

    stream: Stream
    order: Order
    most: int

    def arrays(self, name: str | None = None, depth: int = 0) -> Iterator[Array]:
        """The arrays in the matrix that begins here; inner ones have the name of their place."""
        kind, size, is_small = self.tag()
        if kind != MATRIX or is_small or depth > _DEEPEST:
            raise ValueError(f"an element of type {kind} where an array belongs, or arrays nested too deep")
        end = self.stream.at + size
        if size:
            yield from self._matrix(name, depth, end)
        if not self.stream.at <= end:
            raise ValueError("an array is longer than it says")
        self.stream.skip(end - self.stream.at)

    def tag(self) -> tuple[int, int, bool]:
        """Type and size of the next element, and whether its data stand within the tag."""
        word = self._uint()
        if word >> 16:
            return word & 0xFFFF, word >> 16, True
        return word, self._uint(), False

    def _matrix(self, name: str | None, depth: int, end: int) -> Iterator[Array]:
        flags = self._data(16)
        bits = int.from_bytes(flags[:4], self._byte_order())
        kind, is_complex, is_logical = bits & 0xFF, bool(bits >> 8 & _COMPLEX), bool(bits >> 8 & _LOGICAL)
        if kind == OPAQUE:
            own = self._text()
            yield Array(own if name is None else name, kind, ())
            self.stream.skip(max(0, end - self.stream.at))
            return
        shape = self._shape()
        own = self._text()
        array = Array(own if name is None else name, kind, shape, is_logical, is_complex)
        yield from self._contents(array, depth, end)

    def _contents(self, array: Array, depth: int, end: int) -> Iterator[Array]:
        name, kind, shape = array.name, array.kind, array.shape
        if kind == CELL:
            for k in range(self._count(shape)):
                yield from self.arrays(f"{name}{{{k + 1}}}", depth + 1)
        elif kind in (STRUCT, OBJECT):
            if kind == OBJECT:
                self._text()
            yield from self._fields(name, self._count(shape), depth)
        elif kind in CLASSES or kind == SPARSE:
            count = 3 if kind == SPARSE else 1
            parts = tuple(self._part() for _ in range(count + array.is_complex))
            yield Array(name, kind, shape, array.is_logical, array.is_complex, parts)
        self.stream.skip(max(0, end - self.stream.at))

    def _fields(self, name: str, count: int, depth: int) -> Iterator[Array]:
        length = int.from_bytes(self._data(8), self._byte_order())
        names = self._data(self.most)
        if not 0 < length <= _LONGEST_NAME:
            raise ValueError(f"names of fields have {length} bytes")
        fields = [names[k : k + length].split(b"\0")[0].decode() for k in range(0, len(names), length)]
        for k in range(count):
            owner = name if count == 1 else f"{name}({k + 1})"
            for one in fields:
                yield from self.arrays(f"{owner}.{one}", depth + 1)

    def _count(self, shape: tuple[int, ...]) -> int:
        count = prod(shape)
        if count > self.most:
            raise ValueError(f"{count:,} cells or structures where {self.most:,} are allowed")
        return count

    def _shape(self) -> tuple[int, ...]:
        raw = self._data(4 * _MOST_DIMS)
        shape = tuple(int.from_bytes(raw[k : k + 4], self._byte_order(), signed=True) for k in range(0, len(raw), 4))
        if any(extent < 0 for extent in shape):
            raise ValueError(f"an array has shape {shape}")
        return shape

    def _text(self) -> str:
        return self._data(_LONGEST_NAME).decode()

    def _data(self, at_most: int) -> bytes:
        """All of a short element."""
        _, size, is_small = self.tag()
        if size > (4 if is_small else at_most):
            raise ValueError(f"a header of {size:,} bytes where {at_most:,} are allowed")
        raw = self.stream.read(size)
        self.stream.skip(4 - size if is_small else -size % 8)
        return raw

    def _part(self) -> Part:
        """Where the numbers of the next element are; they are skipped."""
        kind, size, is_small = self.tag()
        part = Part(self.stream.at, size, kind)
        self.stream.skip(4 if is_small else size + -size % 8)
        return part

    def _uint(self) -> int:
        return int.from_bytes(self.stream.read(4), self._byte_order())

    def _byte_order(self) -> Literal["little", "big"]:
        return "little" if self.order == "<" else "big"
