"""The bytes of a pickle and what the machine takes from them: counts, numbers, lines and strings.

Encodings of the arguments: https://docs.python.org/3/library/pickletools.html.
"""

from __future__ import annotations

import codecs
from struct import Struct
from typing import Any

Data = bytes | bytearray | memoryview

_FLOAT = Struct(">d")
_LINE_AT_ONCE = 256
_COPIED = 2**12


class Stream:
    """Bytes that are taken from the front; asking for more than there are raises ValueError.

    Attributes
    ----------
    view : memoryview
        All of them.
    position : int
        Where the next one lies.
    leaves_bytes : bool
        Whether long strings of bytes stay where they are.
    """

    leaves_bytes = False

    __slots__ = ("position", "view")

    def __init__(self, data: Data) -> None:
        self.view = memoryview(data).cast("B")
        self.position = 0

    def extend(self) -> bool:
        """Bring more bytes into view, where some are not there yet; returns whether any came."""
        return False

    def skip(self, count: int) -> int:
        """Pass `count` bytes; returns where they began."""
        start = self.position
        if not 0 <= count <= len(self.view) - start:
            raise ValueError(f"{count:,} bytes are announced where {len(self.view) - start:,} follow")
        self.position = start + count
        return start

    def take(self, count: int) -> memoryview:
        """The next `count` bytes, as a view."""
        start = self.skip(count)
        return self.view[start : start + count]

    def literal(self, count: int) -> Any:
        """The next `count` bytes as a literal: bytes, or a view of them when they are many."""
        raw = self.take(count)
        return raw.toreadonly() if count > _COPIED else bytes(raw)

    def count(self, size: int) -> int:
        """The unsigned whole number in the next `size` bytes."""
        return int.from_bytes(self.take(size), "little")

    def signed(self, size: int) -> int:
        """The signed whole number in the next `size` bytes."""
        return int.from_bytes(self.take(size), "little", signed=True)

    def float(self) -> float:
        """The big-endian double in the next eight bytes."""
        value: float = _FLOAT.unpack(self.take(_FLOAT.size))[0]
        return value

    def line(self, longest: int) -> bytes:
        """The bytes before the next newline, which is passed as well."""
        start = end = self.position
        while end < len(self.view) and end - start <= longest:
            found = bytes(self.view[end : end + _LINE_AT_ONCE]).find(b"\n")
            if found >= 0:
                self.position = end + found + 1
                return bytes(self.view[start : end + found])
            end += _LINE_AT_ONCE
        raise ValueError("a line has no end")


def unquoted(line: bytes) -> str:
    """The text of a string literal of Python 2, one character per byte."""
    literal = line.strip()
    if len(literal) < 2 or literal[:1] not in b"'\"" or literal[:1] != literal[-1:]:
        raise ValueError("a string has no quotes around it")
    return codecs.escape_decode(literal[1:-1])[0].decode("latin-1")


def whole_number(line: bytes) -> int | bool:
    """The number in a line of digits; ``00`` and ``01`` are the truth values."""
    if line in (b"00", b"01"):
        return line == b"01"
    return int(line.removesuffix(b"L"))
