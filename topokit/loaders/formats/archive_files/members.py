"""The files that an archive or a compressed file holds, whatever packs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from topokit.loaders.formats.archive_files.tar import MAGIC, MAGIC_PLACE, Source, TarReader
from topokit.loaders.formats.common.archive import ZIP_HEAD, Archive, open_archive
from topokit.loaders.formats.objects.unpacking import Unpacked, compression_of
from topokit.loaders.limits import Limits

HEAD_BYTES = 4096

_AT_ONCE = 2**20
_COMPRESSIONS = ("gzip", "bz2", "xz")


@dataclass(frozen=True, slots=True)
class Packed:
    """A file inside: its name, its first bytes, its size where that is told, and how to unpack it piece by piece."""

    name: str
    head: bytes
    pieces: Callable[[], Iterator[bytes]]


@dataclass(slots=True)
class _PlainFile:
    """A file that is read from front to back."""

    path: Path
    position: int = 0

    def read(self, count: int, /) -> bytes:
        with self.path.open("rb") as file:
            file.seek(self.position)
            data = file.read(count)
        self.position += len(data)
        return data

    def skip(self, count: int, /) -> None:
        if self.position + count > self.path.stat().st_size:
            raise ValueError("the archive ends inside a member")
        self.position += count


def compression(head: bytes) -> str | None:
    """How a file is compressed; None for those that are not, and for zlib streams, which only pickles are put into."""
    found = compression_of(head)
    return found if found in _COMPRESSIONS else None


def is_tar(head: bytes) -> bool:
    """Whether a tar archive begins so."""
    return head[MAGIC_PLACE : MAGIC_PLACE + len(MAGIC)] == MAGIC


def packed_files(path: Path, format: str, limits: Limits) -> list[Packed]:
    """The files inside, after checking their names; nothing but their first bytes is kept."""
    head = _PlainFile(path).read(HEAD_BYTES)
    if head.startswith(ZIP_HEAD):
        archive = open_archive(path, format, limits)
        return [_zipped(archive, name) for name in archive.members if not name.endswith("/")]
    packing = compression(head)
    start: Callable[[], Source] = partial(_PlainFile, path)
    if packing is not None:
        start = partial(Unpacked, path, packing, format, limits)
        head = start().read(HEAD_BYTES)
    if is_tar(head):
        members = TarReader(start(), path, format, limits).members(HEAD_BYTES)
        return [Packed(each.name, each.head, partial(_pieces, start, each.start, each.size)) for each in members]
    return [Packed(path.stem, head, partial(_pieces, start, 0, None))]


def _zipped(archive: Archive, name: str) -> Packed:
    return Packed(name, archive.head(name, HEAD_BYTES), lambda: iter([archive.data(name).tobytes()]))


def _pieces(start: Callable[[], Source], begin: int, size: int | None) -> Iterator[bytes]:
    source = start()
    source.skip(begin)
    left = size
    while left is None or left > 0:
        piece = source.read(_AT_ONCE if left is None else min(left, _AT_ONCE))
        if not piece:
            break
        yield piece
        left = None if left is None else left - len(piece)
    if left:
        raise ValueError("the archive ends inside a member")
