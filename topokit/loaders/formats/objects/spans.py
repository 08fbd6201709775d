"""Pickles whose long strings of bytes stay in their file: the machine meets spans, which arrays read later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from topokit.errors import LimitExceededError
from topokit.loaders.formats.common.archive import Archive
from topokit.loaders.formats.common.dtypes import Raw
from topokit.loaders.formats.common.mapping import mapped
from topokit.loaders.formats.objects.unpacking import Rereader, Unpacked
from topokit.loaders.formats.pickle_vm.stream import Stream
from topokit.loaders.limits import Limits

_KEPT = 2**12
_AT_ONCE = 2**16


@dataclass(frozen=True, slots=True)
class Span:
    """`count` bytes from `start` on, of a file or of what is behind a compressed one."""

    start: int
    count: int


class SpanStream(Stream):
    """Bytes that are there as a whole."""

    __slots__ = ()

    leaves_bytes = True

    def embedded(self, count: int) -> Span:
        """Pass `count` bytes that are no part of the pickle."""
        return Span(self.skip(count), count)

    def literal(self, count: int) -> Any:
        """The next `count` bytes, or where they are when they are many."""
        return bytes(self.take(count)) if count <= _KEPT else self.embedded(count)


class UnpackingStream(SpanStream):
    """Bytes that are unpacked as the machine comes to them, and forgotten behind it.

    Parameters
    ----------
    unpacked : Unpacked
        Where they come from.
    """

    __slots__ = ("_forgotten", "_unpacked")

    def __init__(self, unpacked: Unpacked) -> None:
        super().__init__(b"")
        self._unpacked, self._forgotten = unpacked, 0

    def extend(self) -> bool:
        """Unpack some more, and forget what lies behind."""
        rest = bytes(self.view[self.position :])
        piece = self._unpacked.read(max(_AT_ONCE, len(rest)))
        self._forgotten += self.position
        self.position, self.view = 0, memoryview(rest + piece)
        return bool(piece)

    def skip(self, count: int) -> int:
        """Pass `count` bytes that fit into memory; returns where they began."""
        limits = self._unpacked.limits
        if count > limits.string_bytes:
            problem = f"the pickle has a string of {count:,} bytes where {limits.string_bytes:,} are allowed"
            remedy = "raise the limits if you trust the file"
            raise LimitExceededError(self._unpacked.path, problem, format=self._unpacked.format, remedy=remedy)
        while count > len(self.view) - self.position and self.extend():
            pass
        return super().skip(count)

    def line(self, longest: int) -> bytes:
        """The bytes before the next newline, which is passed as well."""
        while True:
            try:
                return super().line(longest)
            except ValueError:
                if len(self.view) - self.position > longest or not self.extend():
                    raise

    def embedded(self, count: int) -> Span:
        """Pass `count` bytes that are no part of the pickle, without keeping them."""
        span = Span(self._forgotten + self.position, count)
        here = min(count, len(self.view) - self.position)
        self.position += here
        self._unpacked.skip(count - here)
        self._forgotten += count - here
        return span


@dataclass(frozen=True, eq=False)
class Source:
    """A pickle to follow, and how to read its spans afterwards."""

    stream: SpanStream
    read: Callable[[Span], Raw]


def file_source(path: Path, offset: int = 0) -> Source:
    """The pickle from `offset` on in a plain file."""
    stream = SpanStream(mapped(path, offset, path.stat().st_size - offset).data)
    return Source(stream, lambda span: mapped(path, offset + span.start, span.count))


def member_source(archive: Archive, name: str, offset: int, limits: Limits) -> Source:
    """The pickle from `offset` on in a member of a zip archive."""
    member = archive.members[name]
    if member.deflated:
        unpacked = Unpacked(
            archive.path, "deflate", archive.format, limits, start=member.start, stop=member.start + member.packed
        )
        unpacked.skip(offset)
        stream: SpanStream = UnpackingStream(unpacked)
    else:
        stream = SpanStream(mapped(archive.path, member.start + offset, member.size - offset).data)
    return Source(stream, lambda span: archive.data(name)[offset + span.start :][: span.count])


def compressed_source(path: Path, compression: str, format: str, limits: Limits) -> Source:
    """The pickle behind a compressed file."""
    rereader = Rereader(lambda: Unpacked(path, compression, format, limits))
    stream = UnpackingStream(Unpacked(path, compression, format, limits))
    return Source(stream, lambda span: rereader.read(span.start, span.count))
