"""CRC-32C as TensorFlow stores it, many bytes at a time.

The remainder is linear over GF(2): that of joined pieces is the first's, moved on by the second's length, plus the
second's (Williams, A painless guide to CRC error detection algorithms, 1993). So the pieces of a long run go side by
side. Masking: tensorflow/core/lib/hash/crc32c.h.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from topokit.loaders.formats.common.dtypes import Raw

_POLYNOMIAL = np.uint32(0x82F63B78)
_START = np.uint32(0xFFFFFFFF)
_MASK_DELTA = 0xA282EAD8
_LANE = 2**8
_AT_ONCE = 2**24

Words = NDArray[np.uint32]


def masked_crc32c(raw: Raw) -> int:
    """The checksum of the bytes, masked as in the files: rotated and shifted by a constant."""
    remainder = _START
    whole = raw.size - raw.size % _LANE
    for start in range(0, whole, _AT_ONCE):
        piece = raw[start : min(start + _AT_ONCE, whole)]
        remainder = _moved(np.array([remainder]), _zeros(piece.size))[0] ^ _remainder(piece)
    crc = int(_one_by_one(int(remainder), raw[whole:])) ^ 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF


def _remainder(piece: Raw) -> np.uint32:
    """Of whole lanes, starting from 0."""
    pairs = np.ascontiguousarray(piece.reshape(-1, _LANE).view("<u2").T)
    lanes = np.zeros(pairs.shape[1], np.uint32)
    table = _table_of_pairs()
    for column in pairs:
        known = table.take((lanes & 0xFFFF).astype(np.uint16) ^ column, mode="clip")
        lanes = known ^ (lanes >> 16)
    return _joined(lanes)


def _joined(lanes: Words) -> np.uint32:
    """The remainder of all lanes one after the other; lanes of zeros in front change nothing."""
    count = 1 << (len(lanes) - 1).bit_length()
    lanes = np.concatenate([np.zeros(count - len(lanes), np.uint32), lanes])
    length = _LANE
    while len(lanes) > 1:
        lanes = _moved(lanes[0::2], _zeros(length)) ^ lanes[1::2]
        length *= 2
    joined: np.uint32 = lanes[0]
    return joined


def _one_by_one(remainder: int, raw: Raw) -> int:
    table = _table().tolist()
    for byte in raw.tolist():
        remainder = table[(remainder ^ byte) & 0xFF] ^ (remainder >> 8)
    return remainder


def _moved(words: Words, operator: Words) -> Words:
    """What becomes of the words when a linear operator, given by the images of the 32 bits, acts on them."""
    moved = np.zeros_like(words)
    for bit, image in enumerate(operator):
        moved ^= (words >> np.uint32(bit) & np.uint32(1)) * image
    return moved


@cache
def _zeros(count: int) -> Words:
    """The operator of `count` bytes of zeros."""
    if count == 1:
        bits = np.left_shift(np.uint32(1), np.arange(32, dtype=np.uint32))
        return np.asarray(_table()[bits & 0xFF] ^ (bits >> 8))
    half = _zeros(count // 2)
    twice = _moved(half, half)
    return _moved(twice, _zeros(1)) if count % 2 else twice


@cache
def _table() -> Words:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ _POLYNOMIAL, table >> 1)
    return table


@cache
def _table_of_pairs() -> Words:
    states = np.arange(2**16, dtype=np.uint32)
    for _ in range(2):
        states = _table()[states & 0xFF] ^ (states >> 8)
    return states
