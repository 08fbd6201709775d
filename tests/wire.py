"""Protocol buffers byte by byte, to write what no library would."""

from __future__ import annotations


def varint(number: int) -> bytes:
    """A number in groups of seven bits; negative ones as 64-bit two's complement."""
    number %= 2**64
    made = bytearray()
    while number >= 0x80:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*made, number])


def integer(field: int, number: int) -> bytes:
    """A field that holds a varint."""
    return varint(field << 3) + varint(number)


def message(field: int, content: bytes) -> bytes:
    """A field that holds bytes, a text or a message."""
    return varint(field << 3 | 2) + varint(len(content)) + content


def fixed32(field: int, number: int) -> bytes:
    """A field that holds four bytes."""
    return varint(field << 3 | 5) + number.to_bytes(4, "little")
