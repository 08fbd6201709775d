"""The bytes of an HDF5 file, handed out piece by piece."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from topokit.errors import CorruptCheckpointError, LimitExceededError, UnsupportedFeatureError
from topokit.loaders.limits import Limits

_READ_OVER = 4
_SMALL = 2**20


@dataclass(frozen=True, slots=True)
class Place:
    """Where HDF5 data lie: a file, or a part of one."""

    path: Path
    format: str
    start: int
    size: int


@dataclass(eq=False, slots=True)
class Source:
    """What is read of the headers, within a budget.

    Headers that share bytes could make a small file endless; an honest file's are read about once.

    Attributes
    ----------
    place : Place
        The file and the part of it that addresses count from.
    raw : memoryview
        Its bytes.
    limits : Limits
        What the file may ask for.
    offset_size, length_size : int
        Bytes of an address and of a length.
    """

    place: Place
    raw: memoryview
    limits: Limits
    offset_size: int = 8
    length_size: int = 8
    _spent: int = field(default=0, init=False)

    def cursor(self, address: int, count: int) -> Cursor:
        """A cursor over `count` bytes from `address` on."""
        if not 0 <= address <= address + count <= len(self.raw):
            raise self.corrupt(f"an offset leads to byte {address + count:,} of {len(self.raw):,}")
        self._spent += count
        if self._spent > min(_READ_OVER * len(self.raw) + _SMALL, self.limits.header_bytes):
            raise LimitExceededError(
                self.place.path,
                f"has more than {self._spent:,} bytes of headers, or headers inside each other",
                format=self.place.format,
                remedy="raise the limits if you trust the file",
            )
        return Cursor(self.raw[address : address + count], self)

    def rest(self, address: int, at_most: int) -> Cursor:
        """A cursor over up to `at_most` bytes from `address` on, fewer at the end of the file."""
        return self.cursor(address, max(0, min(at_most, len(self.raw) - address)))

    def corrupt(self, problem: str) -> CorruptCheckpointError:
        """The error for a file that contradicts itself."""
        return CorruptCheckpointError(
            self.place.path, problem, format=self.place.format, remedy="copy or download it again"
        )

    def unsupported(self, problem: str, place: str | None = None) -> UnsupportedFeatureError:
        """The error for a part of HDF5 that checkpoints do not use."""
        remedy = "save the weights again with default settings, or convert the file with h5repack"
        return UnsupportedFeatureError(self.place.path, problem, format=self.place.format, place=place, remedy=remedy)


class Cursor:
    """Reads fields one after the other; numbers are little-endian throughout the format."""

    __slots__ = ("_source", "at", "raw")

    def __init__(self, raw: memoryview, source: Source) -> None:
        self.raw, self.at, self._source = raw, 0, source

    @property
    def left(self) -> int:
        """Bytes not yet read."""
        return len(self.raw) - self.at

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        if not 0 <= count <= self.left:
            raise self._source.corrupt(f"a header ends {count - self.left:,} bytes early")
        self.at += count
        return bytes(self.raw[self.at - count : self.at])

    def skip(self, count: int) -> None:
        """Leave `count` bytes out."""
        if not 0 <= count <= self.left:
            raise self._source.corrupt(f"a header ends {count - self.left:,} bytes early")
        self.at += count

    def align(self, multiple: int, origin: int = 0) -> None:
        """Go to the next multiple, counted from `origin`, as far as there is one."""
        self.at = min(self.at + (origin - self.at) % multiple, len(self.raw))

    def uint(self, size: int) -> int:
        """An unsigned number of `size` bytes."""
        return int.from_bytes(self.take(size), "little")

    def address(self) -> int | None:
        """An address, None where it is undefined."""
        raw = self.take(self._source.offset_size)
        return None if raw == b"\xff" * len(raw) else int.from_bytes(raw, "little")

    def length(self) -> int:
        """A length."""
        return self.uint(self._source.length_size)

    def expect(self, mark: bytes) -> None:
        """Read the mark that begins a structure."""
        if self.take(len(mark)) != mark:
            raise self._source.corrupt(f"has no {mark.decode()} where one should be")
