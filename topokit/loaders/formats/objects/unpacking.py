"""Compressed files as streams: nothing is unpacked before it is asked for, and nothing is kept."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from topokit.errors import CorruptCheckpointError, LimitExceededError, MissingExtraError
from topokit.loaders.formats.common.dtypes import Raw
from topokit.loaders.formats.common.mapping import mapped
from topokit.loaders.limits import Limits

_PACKED_AT_ONCE, _UNPACKED_AT_ONCE = 2**16, 2**20
_DICTIONARY_BYTES = 2**28
_ZLIB_OR_GZIP = 32 + zlib.MAX_WBITS


class Decompressor(Protocol):
    """What `bz2`, `lzma` and `lz4.frame` offer alike."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes | None: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Inflater:
    """zlib's own object in the shape of the others."""

    def __init__(self, window: int = _ZLIB_OR_GZIP) -> None:
        self._inner = zlib.decompressobj(window)
        self._rest, self._hungry = b"", True

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return self._hungry

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        made = self._inner.decompress(self._rest + data, max_length)
        self._rest = self._inner.unconsumed_tail
        self._hungry = not self._rest and len(made) < max_length
        return made


def _lz4() -> Decompressor:
    try:
        from lz4.frame import LZ4FrameDecompressor
    except ImportError as error:
        raise MissingExtraError("lz4", "reading files that are compressed with LZ4") from error
    made: Decompressor = LZ4FrameDecompressor()
    return made


def _lzma() -> Decompressor:
    return lzma.LZMADecompressor(memlimit=_DICTIONARY_BYTES)


_DECOMPRESSORS: dict[str, Callable[[], Decompressor]] = {
    "gzip": _Inflater,
    "zlib": _Inflater,
    "deflate": lambda: _Inflater(-zlib.MAX_WBITS),
    "bz2": bz2.BZ2Decompressor,
    "xz": _lzma,
    "lzma": _lzma,
    "lz4": _lz4,
}
_MAGIC = {
    b"\x1f\x8b": "gzip",
    **dict.fromkeys((b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda"), "zlib"),
    b"BZh": "bz2",
    b"\xfd7zXZ\x00": "xz",
    b"\x5d\x00\x00": "lzma",
    b"\x04\x22\x4d\x18": "lz4",
}


def compression_of(head: bytes) -> str | None:
    """What a file that begins so is compressed by: gzip, zlib, bz2, xz, lzma or lz4; None when it is not."""
    return next((name for magic, name in _MAGIC.items() if head.startswith(magic)), None)


def unpacked_head(path: Path, compression: str, count: int) -> bytes:
    """The first bytes behind a compressed file.

    Raises
    ------
    CorruptCheckpointError
        It is damaged before them.
    MissingExtraError
        The package that unpacks it is not installed.
    """
    return Unpacked(path, compression, "", Limits(), piece=count).read(count)


@dataclass(eq=False)
class Unpacked:
    """The bytes behind a compressed file, from front to back.

    Attributes
    ----------
    path, compression, format
        The file, a word of `compression_of` or "deflate", and who reads it.
    limits : Limits
        Its `decompressed_bytes` bound what is unpacked.
    start, stop : int
        Where the compressed bytes lie in the file: all of it unless given.
    piece : int
        How many bytes are unpacked at once.
    position : int
        How many bytes have been read.
    """

    path: Path
    compression: str
    format: str
    limits: Limits
    start: int = 0
    stop: int | None = None
    piece: int = _UNPACKED_AT_ONCE
    position: int = 0
    _ready: bytes = b""

    def __post_init__(self) -> None:
        self._taken, self._stop = self.start, self.path.stat().st_size if self.stop is None else self.stop
        self._decompressor = self._new()

    def read(self, count: int) -> bytes:
        """The next `count` bytes, fewer at the end.

        Raises
        ------
        CorruptCheckpointError
            The compressed bytes are damaged or end early.
        LimitExceededError
            They unpack to more than is allowed.
        """
        pieces: list[bytes] = []
        while count > 0 and self._more():
            pieces.append(self._ready[:count])
            self._ready = self._ready[count:]
            count -= len(pieces[-1])
            self.position += len(pieces[-1])
        return b"".join(pieces)

    def skip(self, count: int) -> None:
        """Pass over `count` bytes.

        Raises
        ------
        CorruptCheckpointError
            There are fewer, or they are damaged.
        LimitExceededError
            They unpack to more than is allowed.
        """
        while count > 0:
            piece = len(self.read(min(count, _UNPACKED_AT_ONCE)))
            if not piece:
                raise self._corrupt("ends before the bytes that it announces")
            count -= piece

    def _more(self) -> bool:
        """Whether bytes are ready, after unpacking some if need be."""
        while not self._ready:
            if self._decompressor.eof and not self._restart():
                return False
            self._ready = self._unpack()
        return True

    def _unpack(self) -> bytes:
        hungry = self._decompressor.needs_input
        packed = self._packed() if hungry else b""
        try:
            made = self._decompressor.decompress(packed, self.piece)
        except (zlib.error, lzma.LZMAError, OSError, RuntimeError, ValueError, EOFError) as error:
            raise self._corrupt(f"is damaged ({' '.join(str(error).split())})") from error
        if hungry and not packed and not made and not self._decompressor.eof:
            raise self._corrupt("ends early")
        if self.position + len(made) > self.limits.decompressed_bytes:
            problem = f"unpacks to more than the {self.limits.decompressed_bytes:,} bytes that are allowed"
            remedy = "raise the limits if you trust the file"
            raise LimitExceededError(self.path, problem, format=self.format, remedy=remedy)
        return made

    def _packed(self) -> bytes:
        count = min(_PACKED_AT_ONCE, self._stop - self._taken)
        self._taken += count
        return mapped(self.path, self._taken - count, count).tobytes()

    def _restart(self) -> bool:
        """Begin the next of several compressed streams; whether there is one."""
        self._taken -= len(self._decompressor.unused_data or b"")
        if self._taken >= self._stop:
            return False
        self._decompressor = self._new()
        return True

    def _new(self) -> Decompressor:
        return _DECOMPRESSORS[self.compression]()

    def _corrupt(self, problem: str) -> CorruptCheckpointError:
        place = f"the {self.compression} stream"
        remedy = "copy or download it again"
        return CorruptCheckpointError(self.path, problem, format=self.format, place=place, remedy=remedy)


@dataclass(eq=False)
class Rereader:
    """Reads pieces of what a compressed file holds, from the front again only when a piece lies further back."""

    start: Callable[[], Unpacked]
    _at: Unpacked | None = None

    def read(self, offset: int, count: int) -> Raw:
        """`count` bytes from `offset` on."""
        at, self._at = self._at, None
        if at is None or at.position > offset:
            at = self.start()
        at.skip(offset - at.position)
        filled, made = 0, np.empty(count, np.uint8)
        while filled < count:
            piece = at.read(min(count - filled, _UNPACKED_AT_ONCE))
            if not piece:
                raise ValueError("the compressed bytes end early")
            made[filled : filled + len(piece)] = np.frombuffer(piece, np.uint8)
            filled += len(piece)
        self._at = at
        return made
