"""The first block of an HDF5 file: how long addresses are, and where the root group is."""

from __future__ import annotations

from pathlib import Path

from topokit.loaders.formats.common.mapping import mapped
from topokit.loaders.formats.hdf5_files.source import Place, Source
from topokit.loaders.limits import Limits

SIGNATURE = b"\x89HDF\r\n\x1a\n"

_LONGEST = 256
_SIZES = (2, 4, 8)


def open_source(path: Path, format: str, limits: Limits, *, start: int = 0, size: int | None = None) -> Source:
    """The bytes of an HDF5 file, or of `size` bytes from `start` on; all addresses count from there."""
    count = path.stat().st_size - start if size is None else size
    return Source(Place(path, format, start, count), mapped(path, start, count).data, limits)


def root_address(source: Source) -> int:
    """Where the header of the root group is; sets the sizes of addresses and lengths.

    Raises
    ------
    CorruptCheckpointError
        There is no superblock.
    UnsupportedFeatureError
        The file is one of several, or of a version to come.
    """
    block = source.rest(0, _LONGEST)
    if block.take(len(SIGNATURE)) != SIGNATURE:
        raise source.corrupt("does not begin as HDF5 does")
    version = block.uint(1)
    if version > 3:
        raise source.unsupported(f"is written in version {version} of the format")
    block.skip(4 if version < 2 else 0)
    source.offset_size, source.length_size = block.uint(1), block.uint(1)
    if source.offset_size not in _SIZES or source.length_size not in _SIZES:
        raise source.corrupt(f"has addresses of {source.offset_size} and lengths of {source.length_size} bytes")
    if version < 2:
        block.skip({0: 9, 1: 13}[version] + 3 * source.offset_size)
        driver = block.address()
        block.skip(source.offset_size)
    else:
        block.skip(1 + source.offset_size)
        driver = None
        block.skip(2 * source.offset_size)
    address = block.address()
    if driver is not None:
        raise source.unsupported("is one of several files that belong together")
    if address is None:
        raise source.corrupt("has no root group")
    return address
