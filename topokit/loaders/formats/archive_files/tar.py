"""Tar archives: their members, listed from front to back.

Layout: POSIX.1-1988 ``ustar`` with the extended headers of POSIX.1-2001 and GNU's long names,
https://www.gnu.org/software/tar/manual/html_node/Standard.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from topokit.errors import (
    CorruptCheckpointError,
    LimitExceededError,
    UnsafeLinkError,
    UnsafePathError,
    UnsupportedFeatureError,
)
from topokit.loaders.limits import Limits

MAGIC, MAGIC_PLACE = b"ustar", 257

_BLOCK = 512
_LONGEST_EXTENSION = 2**16
_REGULAR, _FOLDER, _LINKS, _DEVICES = b"0\x007", b"5", b"12", b"346"
_PAX, _PAX_FOR_ALL, _LONG_NAME, _LONG_LINK = b"x", b"g", b"L", b"K"
_PACK_AGAIN = "do not unpack it; ask for an archive of plain files"
_PAX_RECORD = re.compile(rb"(\d{1,9}) ([^=]+)=")


class Source(Protocol):
    """Bytes that are read from front to back."""

    position: int

    def read(self, count: int, /) -> bytes:
        """The next bytes, fewer at the end."""

    def skip(self, count: int, /) -> None:
        """Pass over bytes."""


@dataclass(frozen=True, slots=True)
class TarMember:
    """A regular file of an archive: its name, where its bytes begin and how many they are, and the first of them."""

    name: str
    start: int
    size: int
    head: bytes


@dataclass(frozen=True, slots=True)
class _Header:
    name: str
    size: int
    kind: bytes


class TarReader:
    """Lists the members of an archive.

    Parameters
    ----------
    source : Source
        The archive, unpacked.
    path, format
        The file and its reader, for error messages.
    limits : Limits
        `tensors` bounds the members, `decompressed_bytes` their sizes.
    """

    def __init__(self, source: Source, path: Path, format: str, limits: Limits) -> None:
        self._source, self._path, self._format, self._limits = source, path, format, limits

    def members(self, head: int) -> Iterator[TarMember]:
        """The regular files with their first `head` bytes.

        Raises
        ------
        UnsafeLinkError, UnsafePathError
            A link, a device or pipe, or a name that is absolute or climbs out of the archive.
        CorruptCheckpointError
            A name twice, a wrong checksum, or an archive that ends early.
        """
        seen: set[str] = set()
        while (header := self._next()) is not None:
            self._check(header, seen)
            start = self._source.position
            if header.kind in _REGULAR:
                shown = self._source.read(min(head, header.size))
                yield TarMember(header.name, start, header.size, shown)
            end = start + -(-header.size // _BLOCK) * _BLOCK
            self._source.skip(end - self._source.position)

    def _next(self) -> _Header | None:
        """The next member, its name and size as its extended headers tell them; None at the end."""
        told: dict[bytes, bytes] = {}
        while True:
            block = self._source.read(_BLOCK)
            if not block.strip(b"\0"):
                return None
            header = self._parsed(block)
            if header.kind in (_PAX, _PAX_FOR_ALL, _LONG_NAME, _LONG_LINK):
                text = self._extension(header)
                told |= self._extended(header.kind, text)
                continue
            name = told[b"path"].decode("utf-8", "replace") if b"path" in told else header.name
            return _Header(name, int(told.get(b"size", header.size)), header.kind)

    def _extended(self, kind: bytes, text: bytes) -> dict[bytes, bytes]:
        if kind == _LONG_NAME:
            return {b"path": text.rstrip(b"\0")}
        return _pax_records(text) if kind == _PAX else {}

    def _extension(self, header: _Header) -> bytes:
        if header.size > _LONGEST_EXTENSION:
            problem = f"has a header of {header.size:,} bytes where {_LONGEST_EXTENSION:,} are allowed"
            raise LimitExceededError(self._path, problem, format=self._format)
        text = self._source.read(header.size)
        self._source.skip(-header.size % _BLOCK)
        return text

    def _parsed(self, block: bytes) -> _Header:
        if len(block) < _BLOCK or _number(block[148:156]) != sum(block[:148] + b" " * 8 + block[156:]):
            raise self._corrupt("has a header that does not match its checksum")
        name, prefix = (part.split(b"\0")[0].decode("utf-8", "replace") for part in (block[:100], block[345:500]))
        is_posix = block[MAGIC_PLACE : MAGIC_PLACE + 6] == MAGIC + b"\0"
        whole = f"{prefix}/{name}" if prefix and is_posix else name
        return _Header(whole, _number(block[124:136]), block[156:157])

    def _check(self, header: _Header, seen: set[str]) -> None:
        place = repr(header.name)
        parts = [part for part in header.name.split("/") if part not in ("", ".")]
        if header.name.startswith("/") or ".." in parts or "\\" in header.name or "\0" in header.name:
            problem = "has a name that is absolute or climbs out of the archive"
            raise UnsafePathError(self._path, problem, format=self._format, place=place, remedy=_PACK_AGAIN)
        if header.kind in _LINKS:
            problem = "is a link, which may lead out of the archive"
            raise UnsafeLinkError(self._path, problem, format=self._format, place=place, remedy=_PACK_AGAIN)
        if header.kind in _DEVICES:
            problem = "is a device or pipe"
            raise UnsafePathError(self._path, problem, format=self._format, place=place, remedy=_PACK_AGAIN)
        if header.kind not in _REGULAR + _FOLDER:
            problem = f"is of the kind {header.kind!r}"
            raise UnsupportedFeatureError(self._path, problem, format=self._format, place=place, remedy=_PACK_AGAIN)
        if "/".join(parts) in seen and header.kind in _REGULAR:
            raise self._corrupt(f"holds {place} twice")
        seen.add("/".join(parts))
        if len(seen) > self._limits.tensors or not 0 <= header.size <= self._limits.decompressed_bytes:
            problem = "has more members than allowed, or one of absurd size"
            raise LimitExceededError(self._path, problem, format=self._format, place=place)

    def _corrupt(self, problem: str) -> CorruptCheckpointError:
        place = f"byte {self._source.position:,}"
        remedy = "copy or download it again"
        return CorruptCheckpointError(self._path, problem, format=self._format, place=place, remedy=remedy)


def _number(field: bytes) -> int:
    """A number in octal digits, or in binary when its first bit is set."""
    if field[:1] >= b"\x80":
        return int.from_bytes(field[1:], "big") if field[:1] == b"\x80" else -1
    digits = field.strip(b" \0")
    return int(digits, 8) if digits else 0


def _pax_records(text: bytes) -> dict[bytes, bytes]:
    """The name and size that an extended header tells: records of ``length key=value`` and a newline."""
    told: dict[bytes, bytes] = {}
    place = 0
    while found := _PAX_RECORD.match(text, place):
        end = place + int(found[1])
        if not found.end() < end <= len(text):
            raise ValueError("an extended header contradicts itself")
        told[found[2]] = text[found.end() : end - 1]
        place = end
    return {key: value for key, value in told.items() if key in (b"path", b"size")}
