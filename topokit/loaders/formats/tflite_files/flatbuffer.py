"""FlatBuffers, walked where they lie: every offset and length is held against the file before it is followed.

Layout: https://flatbuffers.dev/internals/. A field is known by its slot, the place in which the schema declares it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.errors import CorruptCheckpointError, LimitExceededError
from topokit.loaders.formats.common.dtypes import Raw
from topokit.loaders.limits import Limits

_VISITS_OF_A_REPEAT = 1000
_BYTES_OF_AN_INTEGER = 32


class FlatBuffer:
    """The bytes of a file, and how much of them may still be taken: offsets may share what they lead to.

    Parameters
    ----------
    data : ndarray of uint8
        The file.
    path, format
        The file and its reader, for error messages.
    limits : Limits
        `opcodes` bounds the tables that are visited, `header_bytes` the words and lists that are copied.
    """

    def __init__(self, data: Raw, path: Path, format: str, limits: Limits) -> None:
        self.data, self.path, self.format = memoryview(data.data), path, format
        self._visits, self._copies = limits.opcodes, limits.header_bytes

    def root(self) -> Table:
        """The table that the file begins with."""
        return self.table(self.unpacked("<I", 0))

    def table(self, place: int, visits: int = 1) -> Table:
        """The table at a byte of the file."""
        self._visits -= visits
        self._check_budget()
        fields = place - self.unpacked("<i", place)
        return Table(self, place, fields, self.unpacked("<H", fields))

    def unpacked(self, layout: str, place: int) -> Any:
        """One number."""
        if not 0 <= place <= len(self.data) - struct.calcsize(layout):
            raise self.corrupt(f"an offset leads to byte {place:,} of {len(self.data):,}")
        return struct.unpack_from(layout, self.data, place)[0]

    def vector(self, place: int, size: int) -> tuple[int, int]:
        """Where the elements of a vector begin and how many there are, each of `size` bytes."""
        count = self.unpacked("<I", place)
        if place + 4 + count * size > len(self.data):
            raise self.corrupt(f"a list of {count:,} elements at byte {place:,} goes on beyond the end")
        return place + 4, count

    def charge(self, count: int) -> None:
        """Account for the bytes of what is about to be copied."""
        self._copies -= count
        self._check_budget()

    def _check_budget(self) -> None:
        if self._visits < 0 or self._copies < 0:
            problem = "leads to the same tables and lists over and over, or to more than allowed"
            remedy = "raise the limits if you trust the file"
            raise LimitExceededError(self.path, problem, format=self.format, remedy=remedy)

    def corrupt(self, problem: str) -> CorruptCheckpointError:
        """The error for a file that is not what it should be."""
        return CorruptCheckpointError(self.path, problem, format=self.format, remedy="copy or download it again")


class Table:
    """One table; what the file leaves out has its default."""

    __slots__ = ("_buffer", "_fields", "_place", "_size")

    def __init__(self, buffer: FlatBuffer, place: int, fields: int, size: int) -> None:
        self._buffer, self._place, self._fields, self._size = buffer, place, fields, size

    def number(self, slot: int, layout: str, default: Any = 0) -> Any:
        """A number or truth value; `layout` is that of `struct`."""
        place = self._field(slot)
        return default if place is None else self._buffer.unpacked(layout, place)

    def table(self, slot: int) -> Table | None:
        """A table, None where there is none."""
        place = self._target(slot)
        return None if place is None else self._buffer.table(place)

    def tables(self, slot: int) -> Iterator[Table]:
        """A list of tables; one that is there again, as empty ones are, costs as much as a thousand others."""
        start, count = self._vector(slot, 4)
        seen: set[int] = set()
        for place in range(start, start + 4 * count, 4):
            target = place + self._buffer.unpacked("<I", place)
            yield self._buffer.table(target, visits=_VISITS_OF_A_REPEAT if target in seen else 1)
            seen.add(target)

    def numbers(self, slot: int, dtype: str) -> NDArray[Any]:
        """A list of numbers, as a view."""
        start, count = self._vector(slot, np.dtype(dtype).itemsize)
        return np.frombuffer(self._buffer.data, dtype, count, start) if count else np.empty(0, dtype)

    def integers(self, slot: int) -> tuple[int, ...]:
        """A list of 32-bit integers, copied."""
        numbers = self.numbers(slot, "<i4")
        self._buffer.charge(_BYTES_OF_AN_INTEGER * len(numbers))
        return tuple(numbers.tolist())

    def text(self, slot: int) -> str:
        """A word, empty where there is none."""
        start, count = self._vector(slot, 1)
        self._buffer.charge(count)
        return bytes(self._buffer.data[start : start + count]).decode("utf-8", errors="replace")

    def span(self, slot: int) -> tuple[int, int]:
        """First byte and number of bytes of a list of bytes."""
        return self._vector(slot, 1)

    def _field(self, slot: int) -> int | None:
        entry = 4 + 2 * slot
        if entry + 2 > self._size:
            return None
        offset = self._buffer.unpacked("<H", self._fields + entry)
        return self._place + offset if offset else None

    def _target(self, slot: int) -> int | None:
        place = self._field(slot)
        return None if place is None else place + int(self._buffer.unpacked("<I", place))

    def _vector(self, slot: int, size: int) -> tuple[int, int]:
        place = self._target(slot)
        return (0, 0) if place is None else self._buffer.vector(place, size)
