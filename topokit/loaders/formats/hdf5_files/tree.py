"""All objects of an HDF5 file, found without following a link out of it."""

from __future__ import annotations

from topokit.errors import LimitExceededError
from topokit.loaders.formats.hdf5_files.heaps import GlobalHeap
from topokit.loaders.formats.hdf5_files.objects import Object
from topokit.loaders.formats.hdf5_files.source import Source
from topokit.loaders.formats.hdf5_files.superblock import root_address

_DEEPEST = 64


def read_tree(source: Source) -> Object:
    """The root of the file with everything below it.

    Raises
    ------
    CorruptCheckpointError
        Damaged headers, or a group that contains itself.
    UnsafePathError
        A soft or external link, or numbers in another file.
    LimitExceededError
        Too many objects, groups too deep, or more bytes behind filters than the limits allow.
    """
    root = read_root(source)
    waiting, groups = [(root, 1)], {root.address}
    packed: dict[int, int] = {}
    count = 0
    while waiting:
        group, depth = waiting.pop()
        for name, address in group.links().items():
            child = group.children[name] = _child(group, name, address)
            count += 1
            _check_count(source, count, depth, child.path)
            if child.data is not None:
                packed |= {address: child.data.nbytes} if child.data.filters else {}
                continue
            if address in groups:
                raise source.corrupt(f"reaches the group {child.path!r} by two ways")
            groups.add(address)
            waiting.append((child, depth + 1))
    _check_unpacked(source, sum(packed.values()))
    return root


def read_root(source: Source) -> Object:
    """The root of the file alone."""
    return Object("", root_address(source), source, GlobalHeap(source))


def _child(group: Object, name: str, address: int) -> Object:
    return Object(f"{group.path}/{name}" if group.path else name, address, group.source, group.heap)


def _check_count(source: Source, count: int, depth: int, path: str) -> None:
    if count > source.limits.tensors or depth > _DEEPEST:
        problem = f"has more than {source.limits.tensors:,} objects or groups more than {_DEEPEST} deep"
        place = source.place
        remedy = "it is damaged, or made to be endless"
        raise LimitExceededError(place.path, problem, format=place.format, place=repr(path), remedy=remedy)


def _check_unpacked(source: Source, count: int) -> None:
    if count > source.limits.decompressed_bytes:
        problem = f"unpacks to {count:,} bytes where {source.limits.decompressed_bytes:,} are allowed"
        remedy = "raise the limits if you trust the file"
        raise LimitExceededError(source.place.path, problem, format=source.place.format, remedy=remedy)
