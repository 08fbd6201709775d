"""Sorted tables of keys and values in LevelDB's layout, as the ``.index`` of a TensorFlow checkpoint has it.

Layout: https://github.com/google/leveldb/blob/main/doc/table_format.md, tensorflow/core/lib/io/format.h.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from topokit.errors import CorruptCheckpointError, LimitExceededError, UnsupportedFeatureError
from topokit.loaders.formats.common.dtypes import Raw
from topokit.loaders.formats.common.mapping import mapped
from topokit.loaders.formats.common.protobuf_wire import Span, varint
from topokit.loaders.formats.tensorflow_files.crc32c import masked_crc32c
from topokit.loaders.limits import Limits

_MAGIC = bytes.fromhex("57fb808b247547db")
_FOOTER = 48
_TRAILER = 5
_WORD = 4


def is_table(path: Path) -> bool:
    """Whether the file ends as a table does."""
    size = path.stat().st_size
    return size >= _FOOTER and mapped(path, size - len(_MAGIC), len(_MAGIC)).tobytes() == _MAGIC


def read_table(path: Path, format: str, limits: Limits) -> Iterator[tuple[bytes, Raw]]:
    """Keys and values in their order.

    Raises
    ------
    CorruptCheckpointError
        A block's checksum is wrong.
    LimitExceededError
        The keys, written out, are longer than a header may be.
    UnsupportedFeatureError
        A compressed block.
    ValueError
        A place or length beyond the file.
    """
    raw = mapped(path, 0, path.stat().st_size)
    footer = len(raw) - _FOOTER
    _, position = _handle(raw.data, footer, len(raw))
    index, _ = _handle(raw.data, position, len(raw))
    left = limits.header_bytes
    for _, value in _entries(_block(raw, index, path, format)):
        place, _ = _handle(value.data, 0, len(value))
        for key, content in _entries(_block(raw, place, path, format)):
            left -= len(key)
            if left < 0:
                problem = f"has keys of more than {limits.header_bytes:,} bytes"
                raise LimitExceededError(path, problem, format=format, remedy="raise the limits if you trust the file")
            yield key, content


def _handle(data: memoryview, position: int, end: int) -> tuple[Span, int]:
    """The place of a block, and where the next byte is."""
    offset, position = varint(data, position, end)
    size, position = varint(data, position, end)
    return Span(offset, offset + size), position


def _block(raw: Raw, place: Span, path: Path, format: str) -> Raw:
    if place.end + _TRAILER > len(raw):
        raise ValueError(f"a block ends at byte {place.end + _TRAILER:,} of {len(raw):,}")
    packed, kind = raw[place.start : place.end + 1], raw[place.end]
    stored = int.from_bytes(raw[place.end + 1 : place.end + _TRAILER].tobytes(), "little")
    if stored != masked_crc32c(packed):
        remedy = "copy or download it again"
        raise CorruptCheckpointError(
            path, "has a block with a wrong checksum", format=format, place=f"byte {place.start}", remedy=remedy
        )
    if kind:
        problem = "has a compressed index, which TensorFlow reads and never writes"
        raise UnsupportedFeatureError(path, problem, format=format, remedy="save it again with TensorFlow")
    return packed[:-1]


def _entries(block: Raw) -> Iterator[tuple[bytes, Raw]]:
    """Each key is stored as what it does not share with the one before."""
    restarts = int(np.frombuffer(block[-_WORD:], "<u4")[0])
    data, position, key = block.data, 0, b""
    end = len(block) - _WORD * (restarts + 1)
    if end < 0:
        raise ValueError(f"a block of {len(block)} bytes has {restarts} restarts")
    while position < end:
        shared, position = varint(data, position, end)
        fresh, position = varint(data, position, end)
        length, position = varint(data, position, end)
        if shared > len(key) or fresh + length > end - position:
            raise ValueError(f"an entry before byte {position} of its block is longer than the block")
        key = key[:shared] + bytes(data[position : position + fresh])
        yield key, block[position + fresh : position + fresh + length]
        position += fresh + length
