"""Arrays inside a zip archive, as ``numpy.savez`` and ``scipy.sparse.save_npz`` lay them out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from topokit.loaders.formats.common.archive import Archive
from topokit.loaders.formats.numpy_files.header import LONGEST_HEADER, NpyHeader, parse_npy_header
from topokit.loaders.limits import Limits

SUFFIX = ".npy"


def array_header(archive: Archive, name: str, limits: Limits, *, objects: bool = False) -> NpyHeader:
    """The header of the array `name`, checked against the size of its member; `objects`: whether it may hold any."""
    member = name + SUFFIX
    head = archive.head(member, LONGEST_HEADER)
    header = parse_npy_header(head, archive.path, archive.format, name, limits, objects=objects)
    present = archive.members[member].size - header.start
    if present != header.nbytes and not header.holds_objects:
        problem = f"holds {present:,} bytes where {header.dtype} of shape {header.shape} takes {header.nbytes:,}"
        raise archive.corrupt(problem, name)
    return header


def array_reader(archive: Archive, name: str, header: NpyHeader) -> Callable[[], NDArray[Any]]:
    """A function that reads the array `name`."""
    return lambda: header.values(archive.data(name + SUFFIX)[header.start :])


def read_array(archive: Archive, name: str, limits: Limits) -> NDArray[Any]:
    """The array `name`, now."""
    return array_reader(archive, name, array_header(archive, name, limits))()
