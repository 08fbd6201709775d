"""Protocol buffers on the wire: fields one after the other, and the numbers in them.

Wire format: https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from topokit.loaders.formats.common.dtypes import Raw

VARINT, FIXED64, DELIMITED, FIXED32 = 0, 1, 2, 5

_WIDTHS = {FIXED64: 8, FIXED32: 4}
_LARGEST_FIELD = 2**29 - 1
_LONGEST_VARINT = 10


class Span(NamedTuple):
    """Where bytes lie in the buffer."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """How many they are."""
        return self.end - self.start


Content = int | Span


def fields(data: memoryview, span: Span) -> Iterator[tuple[int, int, Content]]:
    """Field number, wire type and content of each field between two bytes, nothing inside them read.

    The content is an unsigned number for `VARINT`, else the bytes' place.

    Raises
    ------
    ValueError
        The bytes are no message; raised when the place is reached.
    """
    position, end = span
    while position < end:
        start = position
        key, position = varint(data, position, end)
        number, wire = key >> 3, key & 7
        if not 0 < number <= _LARGEST_FIELD:
            raise ValueError(f"no field begins at byte {start}")
        if wire == VARINT:
            value, position = varint(data, position, end)
            yield number, wire, value
        else:
            content = _content(data, position, end, wire)
            yield number, wire, content
            position = content.end


def _content(data: memoryview, position: int, end: int, wire: int) -> Span:
    if wire == DELIMITED:
        length, position = varint(data, position, end)
    elif wire in _WIDTHS:
        length = _WIDTHS[wire]
    else:
        raise ValueError(f"wire type {wire} before byte {position} is not in use")
    if length > end - position:
        raise ValueError(f"byte {position} begins {length:,} bytes where {end - position:,} are left")
    return Span(position, position + length)


def varint(data: memoryview, position: int, end: int) -> tuple[int, int]:
    """The number that begins there, and where the next byte is.

    Raises
    ------
    ValueError
        It is cut short or longer than 64 bits.
    """
    value = 0
    for place in range(_LONGEST_VARINT):
        if position + place >= end:
            raise ValueError(f"ends inside the number at byte {position}")
        byte = data[position + place]
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            if value >= 2**64:
                break
            return value, position + place + 1
    raise ValueError(f"the number at byte {position} is longer than 64 bits")


def packed_varints(raw: Raw) -> NDArray[np.uint64]:
    """Numbers that follow each other without field keys.

    Raises
    ------
    ValueError
        The last is cut short or one is longer than 64 bits.
    """
    ends = np.flatnonzero(raw < 0x80)
    if raw.size and (not ends.size or ends[-1] != raw.size - 1):
        raise ValueError("packed numbers end inside a number")
    starts = np.concatenate([[0], ends[:-1] + 1])[: ends.size]
    lengths = ends - starts + 1
    longest = int(lengths.max(initial=0))
    if longest > _LONGEST_VARINT or np.any(raw[ends[lengths == _LONGEST_VARINT]] > 1):
        raise ValueError("a packed number is longer than 64 bits")
    values = np.zeros(ends.size, np.uint64)
    for place in range(longest):
        has = np.flatnonzero(lengths > place)
        values[has] |= (raw[starts[has] + place] & 0x7F).astype(np.uint64) << np.uint64(7 * place)
    return values


def _unzigzagged(values: NDArray[np.uint64]) -> NDArray[np.int64]:
    return (values >> np.uint64(1)).view(np.int64) ^ -((values & np.uint64(1)).view(np.int64))


_VARINTS: Mapping[str, Callable[[NDArray[np.uint64]], NDArray[Any]]] = {
    "int": lambda values: values.view(np.int64),
    "uint": lambda values: values,
    "sint": _unzigzagged,
    "bool": lambda values: values != 0,
}
_FIXED: Mapping[str, np.dtype[Any]] = {
    **{"float": np.dtype("<f4"), "fixed32": np.dtype("<u4"), "sfixed32": np.dtype("<i4")},
    **{"double": np.dtype("<f8"), "fixed64": np.dtype("<u8"), "sfixed64": np.dtype("<i8")},
}

NUMBERS: Mapping[str, np.dtype[Any]] = {
    **{"int": np.dtype("<i8"), "uint": np.dtype("<u8"), "sint": np.dtype("<i8"), "bool": np.dtype("?")},
    **_FIXED,
}
"""The kinds of numbers and what they become."""


def wire_type(kind: str) -> int:
    """How a number of that kind is written when it is not packed."""
    if kind in _VARINTS:
        return VARINT
    return FIXED64 if _FIXED[kind].itemsize == 8 else FIXED32


def smallest(kind: str) -> int:
    """The fewest bytes that a packed number of that kind takes."""
    return 1 if kind in _VARINTS else _FIXED[kind].itemsize


def numbers_in(kind: str, data: memoryview, content: Content) -> NDArray[Any]:
    """The numbers of a field: one when it is not packed; fixed-width ones are a view of the buffer.

    Raises
    ------
    ValueError
        The bytes hold no whole number of them.
    """
    if isinstance(content, int):
        return _VARINTS[kind](np.array([content], np.uint64))
    raw = np.frombuffer(data[content.start : content.end], np.uint8)
    return _VARINTS[kind](packed_varints(raw)) if kind in _VARINTS else raw.view(_FIXED[kind])
