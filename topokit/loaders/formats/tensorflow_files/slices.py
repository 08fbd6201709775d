"""Keys under which a checkpoint keeps the slices of a partitioned variable.

Encoding: tensorflow/core/lib/strings/ordered_code.cc, tensorflow/core/util/saved_tensor_slice_util.cc.
"""

from __future__ import annotations

from collections.abc import Sequence

_ESCAPES = {0x00: b"\x00\xff", 0xFF: b"\xff\x00"}
_END = b"\x00\x01"
_SIGN_BITS = ("", "80", "c0", "e0", "f0", "f8", "fc", "fe", "ff", "ff80", "ffc0")
_WHOLE = -1

Extent = tuple[int, int]


def slice_key(name: str, extents: Sequence[Extent]) -> bytes:
    """The key of the slice that has these starts and lengths, -1 for all there is."""
    text = b"".join(_ESCAPES.get(byte, bytes([byte])) for byte in name.encode())
    places = b"".join(_signed(number) for extent in extents for number in extent)
    return _unsigned(0) + text + _END + _unsigned(len(extents)) + places


def resolved(extents: Sequence[Extent], shape: Sequence[int]) -> tuple[slice, ...]:
    """The slice as an index.

    Raises
    ------
    ValueError
        It lies outside the shape.
    """
    if len(extents) != len(shape):
        raise ValueError(f"a slice has {len(extents)} axes where the variable has {len(shape)}")
    index = []
    for (start, length), size in zip(extents, shape, strict=True):
        stop = size if length == _WHOLE else start + length
        if not 0 <= start <= stop <= size:
            raise ValueError(f"a slice from {start} to {stop} lies outside an axis of {size}")
        index.append(slice(start, stop))
    return tuple(index)


def _unsigned(number: int) -> bytes:
    digits = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return bytes([len(digits)]) + digits


def _signed(number: int) -> bytes:
    """Sign and length in the leading bits, so that bytes sort as the numbers do."""
    length = (number if number >= 0 else ~number).bit_length() // 7 + 1
    head = bytes.fromhex(_SIGN_BITS[length]).ljust(length, b"\0")
    digits = number.to_bytes(length, "big", signed=True)
    return bytes(a ^ b for a, b in zip(digits, head, strict=True))
