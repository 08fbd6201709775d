"""The bytes of one variable of a MATLAB file from its beginning on, compressed or not."""

from __future__ import annotations

import zlib
from typing import Protocol

from topokit.errors import LimitExceededError

_PIECE = 2**16


class Stream(Protocol):
    """Bytes that are read forwards.

    Attributes
    ----------
    at : int
        How many bytes were read or skipped.
    """

    at: int

    def read(self, count: int) -> bytes:
        """The next `count` bytes; `ValueError` when there are fewer."""

    def skip(self, count: int) -> None:
        """Go on by `count` bytes."""


class PlainStream:
    """Bytes as they are."""

    def __init__(self, raw: memoryview) -> None:
        self.raw, self.at = raw, 0

    def read(self, count: int) -> bytes:
        start = self.at
        self.skip(count)
        return bytes(self.raw[start : self.at])

    def skip(self, count: int) -> None:
        if not 0 <= count <= len(self.raw) - self.at:
            raise ValueError(f"a variable ends {count - len(self.raw) + self.at:,} bytes early")
        self.at += count


class InflatedStream:
    """Bytes behind zlib, unpacked piece by piece and not kept; what is skipped last is never unpacked.

    Parameters
    ----------
    packed : memoryview
        The compressed bytes.
    most : int
        How many bytes may be unpacked.
    refusal : LimitExceededError
        What is raised for more.
    """

    def __init__(self, packed: memoryview, most: int, refusal: LimitExceededError) -> None:
        self.packed, self.most, self.refusal = packed, most, refusal
        self.at, self.passed, self.unpacked, self.taken = 0, 0, 0, 0
        self.inflater = zlib.decompressobj()
        self.ready = b""

    def read(self, count: int) -> bytes:
        while self.passed < self.at:
            self._piece(self.at - self.passed)
        pieces = bytearray()
        while len(pieces) < count:
            pieces += self._piece(count - len(pieces))
        self.at += count
        return bytes(pieces)

    def skip(self, count: int) -> None:
        if count < 0:
            raise ValueError("a variable has a part of negative size")
        self.at += count

    def _piece(self, at_most: int) -> bytes:
        """Some of the next bytes, at least one."""
        while not self.ready:
            if self.inflater.eof:
                raise ValueError("a compressed variable ends early")
            packed = self.inflater.unconsumed_tail or self._packed()
            self.ready = self.inflater.decompress(packed, _PIECE)
            self.unpacked += len(self.ready)
            if self.unpacked > self.most:
                raise self.refusal
        piece, self.ready = self.ready[:at_most], self.ready[at_most:]
        self.passed += len(piece)
        return piece

    def _packed(self) -> bytes:
        piece = bytes(self.packed[self.taken : self.taken + _PIECE])
        if not piece:
            raise ValueError("a compressed variable ends early")
        self.taken += len(piece)
        return piece
