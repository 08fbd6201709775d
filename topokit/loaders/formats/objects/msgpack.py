"""The structure of a MessagePack file, without the long strings of bytes in it.

https://github.com/msgpack/msgpack/blob/master/spec.md. The package `msgpack` reads values whole and tells no offsets.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from topokit.loaders.formats.objects.spans import Span
from topokit.loaders.limits import Limits

Extension = Callable[[int, Span], Any]

_FIXED = {0xC0: None, 0xC2: False, 0xC3: True}
_BINARY = {0xC4: 1, 0xC5: 2, 0xC6: 4}
_EXTENSION = {0xC7: 1, 0xC8: 2, 0xC9: 4}
_FIXED_EXTENSION = {0xD4: 1, 0xD5: 2, 0xD6: 4, 0xD7: 8, 0xD8: 16}
_FLOAT = {0xCA: ">f", 0xCB: ">d"}
_UNSIGNED = {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}
_SIGNED = {0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8}
_TEXT = {0xD9: 1, 0xDA: 2, 0xDB: 4}
_LIST = {0xDC: 2, 0xDD: 4}
_TABLE = {0xDE: 2, 0xDF: 4}


@dataclass(eq=False)
class Skimmer:
    """Reads values from front to back; strings of bytes come out as spans.

    Attributes
    ----------
    view : memoryview
        The whole file.
    limits : Limits
        Its `opcodes`, `nesting` and `string_bytes` bound what is made.
    extension : callable
        Makes something of an extension, given its code and where it is.
    position, stop : int
        Where the next value begins, and where the last one ends.
    """

    view: memoryview
    limits: Limits
    extension: Extension
    position: int
    stop: int
    _values: int = 0

    def value(self, depth: int = 0) -> Any:
        """The next value.

        Raises
        ------
        ValueError
            The bytes are no MessagePack, end early, name a key twice or by other than text and numbers.
        RecursionError, MemoryError
            Containers too deep, or too many values.
        """
        self._values += 1
        if depth > self.limits.nesting:
            raise RecursionError("containers too deep")
        if self._values > self.limits.opcodes:
            raise MemoryError("too many values")
        code = self._unsigned(1)
        if code < 0x80 or code >= 0xE0:
            return code if code < 0x80 else code - 0x100
        if code < 0x90:
            return self._table(code & 0x0F, depth)
        if code < 0xA0:
            return self._list(code & 0x0F, depth)
        return self._text(code & 0x1F) if code < 0xC0 else self._coded(code, depth)

    def _coded(self, code: int, depth: int) -> Any:
        if code in _FIXED:
            return _FIXED[code]
        if code in _UNSIGNED or code in _SIGNED:
            return self._number(code)
        if code in _FLOAT:
            return struct.unpack(_FLOAT[code], self._taken(struct.calcsize(_FLOAT[code])))[0]
        if code in _BINARY:
            return self._span(self._unsigned(_BINARY[code]))
        if code in _TEXT:
            return self._text(self._unsigned(_TEXT[code]))
        if code in _LIST:
            return self._list(self._unsigned(_LIST[code]), depth)
        if code in _TABLE:
            return self._table(self._unsigned(_TABLE[code]), depth)
        return self._extension(code)

    def _extension(self, code: int) -> Any:
        if code not in _EXTENSION and code not in _FIXED_EXTENSION:
            raise ValueError(f"byte {self.position - 1} begins no value")
        count = self._unsigned(_EXTENSION[code]) if code in _EXTENSION else _FIXED_EXTENSION[code]
        kind = int.from_bytes(self._taken(1), "big", signed=True)
        return self.extension(kind, self._span(count))

    def _number(self, code: int) -> int:
        if code in _UNSIGNED:
            return self._unsigned(_UNSIGNED[code])
        return int.from_bytes(self._taken(_SIGNED[code]), "big", signed=True)

    def _table(self, count: int, depth: int) -> dict[str | int, Any]:
        table: dict[str | int, Any] = {}
        for _ in range(count):
            key = self.value(depth + 1)
            if type(key) not in (str, int) or key in table:
                raise ValueError(f"a table has a {type(key).__name__} for a key, or a key twice")
            table[key] = self.value(depth + 1)
        return table

    def _list(self, count: int, depth: int) -> list[Any]:
        return [self.value(depth + 1) for _ in range(count)]

    def _text(self, count: int) -> str:
        if count > self.limits.string_bytes:
            raise MemoryError("a text too long")
        return str(self._taken(count), "utf-8")

    def _unsigned(self, size: int) -> int:
        return int.from_bytes(self._taken(size), "big")

    def _taken(self, count: int) -> memoryview:
        span = self._span(count)
        return self.view[span.start : span.start + span.count]

    def _span(self, count: int) -> Span:
        if count > self.stop - self.position:
            raise ValueError(f"{count:,} bytes are announced where {self.stop - self.position:,} follow")
        self.position += count
        return Span(self.position - count, count)
