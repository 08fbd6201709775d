"""All objects of an HDF5 file, found without following a link out of it."""

from __future__ import annotations

from topokit.errors import LimitExceededError
from topokit.loaders.formats.hdf5.heaps import GlobalHeap
from topokit.loaders.formats.hdf5.objects import Object
from topokit.loaders.formats.hdf5.source import Source
from topokit.loaders.formats.hdf5.superblock import root_address

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
        Too many objects, or groups too deep.
    """
    root = read_root(source)
    waiting, groups, count = [(root, 1)], {root.address}, 0
    while waiting:
        group, depth = waiting.pop()
        for name, address in group.links().items():
            child = _child(group, name, address)
            group.children[name] = child
            count += 1
            _check_size(source, count, depth, child.path)
            if child.data is None:
                if address in groups:
                    raise source.corrupt(f"reaches the group {child.path!r} by two ways")
                groups.add(address)
                waiting.append((child, depth + 1))
    return root


def read_root(source: Source) -> Object:
    """The root of the file alone."""
    return Object("", root_address(source), source, GlobalHeap(source))


def _child(group: Object, name: str, address: int) -> Object:
    return Object(f"{group.path}/{name}" if group.path else name, address, group.source, group.heap)


def _check_size(source: Source, count: int, depth: int, path: str) -> None:
    if count > source.limits.tensors or depth > _DEEPEST:
        problem = f"has more than {source.limits.tensors:,} objects or groups more than {_DEEPEST} deep"
        raise LimitExceededError(source.place.path, problem, format=source.place.format, place=repr(path))
