"""Zip archives, checked against themselves before anything in them is believed."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import numpy as np

from topokit.errors import (
    CorruptCheckpointError,
    LimitExceededError,
    UnsafePathError,
    UnsupportedFeatureError,
)
from topokit.loaders.formats.common.dtypes import Raw
from topokit.loaders.formats.common.mapping import mapped
from topokit.loaders.limits import Limits

ZIP_HEAD = b"PK\x03\x04"

_LOCAL_HEADER = struct.Struct("<4sHHHHHIIIHH")
_ENCRYPTED, _SIZES_FOLLOW, _UTF8 = 0x1, 0x8, 0x800
_IN_ZIP64_FIELD = 0xFFFFFFFF
_PACKED_AT_ONCE = 2**12
_LARGEST_DIRECTORY = 2**24
_PACK_AGAIN = "do not unpack it; ask for an archive of plain files"


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive: where its bytes lie, how many they are and were."""

    name: str
    start: int
    packed: int
    size: int
    crc: int
    deflated: bool


@dataclass(frozen=True, eq=False)
class Archive:
    """A zip archive whose directory agrees with its contents.

    Attributes
    ----------
    path : Path
        The file.
    format : str
        Who reads it, for error messages.
    members : mapping of str to Member
        By name, in the order of the directory.
    """

    path: Path
    format: str
    members: Mapping[str, Member]
    _verified: set[str] = field(default_factory=set, repr=False)

    def head(self, name: str, count: int) -> bytes:
        """The first `count` bytes of a member, fewer when it is shorter; the checksum is not looked at."""
        member = self._member(name)
        if not member.deflated:
            return mapped(self.path, member.start, min(count, member.size)).tobytes()
        packed = mapped(self.path, member.start, member.packed)
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed.data, min(count, member.size) or 1)

    def data(self, name: str) -> Raw:
        """All bytes of a member: a view of the file when it is stored, decompressed otherwise.

        Raises
        ------
        CorruptCheckpointError
            No such member, another length than declared, or a wrong checksum.
        """
        member = self._member(name)
        raw = mapped(self.path, member.start, member.packed)
        if member.deflated:
            raw = self._inflated(member, raw)
        self._verify(member, raw)
        return raw

    def corrupt(self, problem: str, name: str | None = None) -> CorruptCheckpointError:
        """The error for a member that is not what it should be."""
        return _corrupt(self.path, self.format, problem, name)

    def _member(self, name: str) -> Member:
        if name not in self.members:
            raise self.corrupt("is missing", name)
        return self.members[name]

    def _inflated(self, member: Member, packed: Raw) -> Raw:
        """The bytes behind deflated ones, unpacked piece by piece so that they are in memory only once."""
        unpacked, filled = np.empty(member.size, np.uint8), 0
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        for start in range(0, member.packed, _PACKED_AT_ONCE):
            piece = inflater.decompress(packed[start : start + _PACKED_AT_ONCE].data)
            if len(piece) > member.size - filled:
                filled += len(piece)
                break
            unpacked[filled : filled + len(piece)] = np.frombuffer(piece, np.uint8)
            filled += len(piece)
        if filled != member.size:
            raise self.corrupt(f"unpacks to another size than the {member.size:,} bytes declared", member.name)
        return unpacked

    def _verify(self, member: Member, raw: Raw) -> None:
        """Compare the checksum, once; PyTorch writes 0 for all when told to write none."""
        if member.crc == 0 or member.name in self._verified:
            return
        if zlib.crc32(raw.data) != member.crc:
            raise self.corrupt("does not match its checksum", member.name)
        self._verified.add(member.name)


def zip_names(path: Path, head: bytes) -> tuple[str, ...]:
    """Names in a zip archive; none when the file is no archive or its directory cannot be read."""
    if not head.startswith(ZIP_HEAD) or not path.is_file():
        return ()
    status = path.stat()
    return _names_at(str(path), status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=8)
def _names_at(path: str, size: int, changed: int) -> tuple[str, ...]:
    """The names, read once for all the formats that ask; size and time tell whether the file is the same."""
    try:
        with Path(path).open("rb", buffering=0) as file, _Reader(file) as reader:
            reader.path = Path(path)
            return tuple(zipfile.ZipFile(reader).namelist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError, OSError, struct.error):
        return ()


class _Window(io.RawIOBase):
    """Some bytes of a file, as if they were all of it."""

    def __init__(self, file: BinaryIO, start: int, length: int) -> None:
        self._file, self._start, self.length = file, start, length
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.length}[whence]
        if base + offset < 0:
            raise OSError("a place before the first byte")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)[: max(0, self.length - self._position)]
        self._file.seek(self._start + self._position)
        data = self._file.read(len(view))
        view[: len(data)] = data
        self._position += len(data)
        return len(data)


class _Reader(io.BufferedReader):
    """What `zipfile` reads an archive through, which takes the whole directory at once and makes much of each entry."""

    path: Path

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _LARGEST_DIRECTORY:
            problem = f"has a directory of {size:,} bytes, room for too many members"
            raise LimitExceededError(self.path, problem, remedy="give a file with fewer members")
        return super().read(size)


def open_archive(path: Path, format: str, limits: Limits, within: tuple[int, int] | None = None) -> Archive:
    """Read the directory of a zip archive and check it.

    Parameters
    ----------
    path : Path
        The file.
    format : str
        Who reads it, for error messages.
    limits : Limits
        What is accepted.
    within : tuple of int, optional
        First byte and number of bytes of the archive, where it is only part of the file.

    Raises
    ------
    CorruptCheckpointError
        A name twice, members that overlap, or a directory that contradicts the members.
    UnsafePathError
        An absolute name, or one that climbs out of the archive.
    UnsupportedFeatureError
        Encryption, or a compression other than deflate.
    LimitExceededError
        Too many members, or too many bytes when unpacked.
    """
    start, length = within or (0, path.stat().st_size)
    with path.open("rb") as file, _Reader(_Window(file, start, length)) as window:
        window.path = path
        infos = zipfile.ZipFile(window).infolist()
        if len(infos) > limits.tensors:
            raise LimitExceededError(path, f"has {len(infos):,} members where {limits.tensors:,} are allowed")
        members = [_checked_member(info, window, length, path, format) for info in infos]
    _check_together(members, length, path, format, limits)
    return Archive(path, format, {member.name: replace(member, start=start + member.start) for member in members})


def _checked_member(info: zipfile.ZipInfo, file: BinaryIO, length: int, path: Path, format: str) -> Member:
    name = info.filename
    if name != info.orig_filename or "\\" in name or PurePosixPath(name).is_absolute() or ".." in name.split("/"):
        problem = "has a name that is absolute, climbs out of the archive or hides part of itself"
        raise UnsafePathError(path, problem, format=format, place=repr(info.orig_filename), remedy=_PACK_AGAIN)
    if info.flag_bits & _ENCRYPTED or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        problem = "is encrypted or compressed by another method than deflate"
        raise UnsupportedFeatureError(path, problem, format=format, place=repr(name), remedy="save it uncompressed")
    deflated = info.compress_type == zipfile.ZIP_DEFLATED
    if not deflated and info.compress_size != info.file_size:
        raise _corrupt(path, format, "is stored plainly but has two sizes", name)
    start = _data_start(info, file, length, path, format)
    return Member(name, start, info.compress_size, info.file_size, info.CRC, deflated)


def _data_start(info: zipfile.ZipInfo, file: BinaryIO, length: int, path: Path, format: str) -> int:
    """Where the bytes of a member begin, once its own header agrees with the directory."""
    if not 0 <= info.header_offset <= length - _LOCAL_HEADER.size:
        raise _corrupt(path, format, "lies outside the file", info.filename)
    file.seek(info.header_offset)
    fields = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    signature, _, flags, method, _, _, crc, packed, size, name_length, extra_length = fields
    raw_name, extra = file.read(name_length), file.read(extra_length)
    name = raw_name.decode("utf-8" if flags & _UTF8 else "cp437")
    packed, size = _zip64_sizes(extra, packed, size)
    told = (crc, packed, size)
    agreed = told == (info.CRC, info.compress_size, info.file_size) or (flags & _SIZES_FOLLOW and told == (0, 0, 0))
    if signature != ZIP_HEAD or name != info.filename or method != info.compress_type or not agreed:
        raise _corrupt(path, format, "has a header that contradicts the directory", info.filename)
    if flags & _ENCRYPTED:
        raise _corrupt(path, format, "is encrypted by its header and not by the directory", info.filename)
    return info.header_offset + _LOCAL_HEADER.size + len(raw_name) + len(extra)


def _zip64_sizes(extra: bytes, packed: int, size: int) -> tuple[int, int]:
    """The sizes from the ZIP64 field of a local header, where it says that they stand there."""
    while len(extra) >= 4 and _IN_ZIP64_FIELD in (packed, size):
        kind, length = struct.unpack_from("<HH", extra)
        if kind == 1 and length >= 16:
            size, packed = struct.unpack_from("<QQ", extra, 4)
        extra = extra[4 + length :]
    return packed, size


def _check_together(members: Iterable[Member], length: int, path: Path, format: str, limits: Limits) -> None:
    ordered = sorted(members, key=lambda member: member.start)
    names: set[str] = set()
    for member in ordered:
        if member.name in names:
            raise _corrupt(path, format, "is in the archive twice", member.name)
        names.add(member.name)
    for left, right in pairwise(ordered):
        if left.start + left.packed > right.start:
            raise _corrupt(path, format, f"overlaps {right.name!r}", left.name)
    if ordered and ordered[-1].start + ordered[-1].packed > length:
        raise _corrupt(path, format, "ends beyond the file", ordered[-1].name)
    unpacked = sum(member.size for member in ordered if member.deflated)
    if unpacked > limits.decompressed_bytes:
        problem = f"unpacks to {unpacked:,} bytes where {limits.decompressed_bytes:,} are allowed"
        raise LimitExceededError(path, problem, format=format, remedy="raise the limits if you trust the file")


def _corrupt(path: Path, format: str, problem: str, name: str | None = None) -> CorruptCheckpointError:
    place = None if name is None else repr(name)
    return CorruptCheckpointError(path, problem, format=format, place=place, remedy="copy or download it again")
