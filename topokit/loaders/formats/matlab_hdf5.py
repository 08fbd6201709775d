"""MATLAB files of version 7.3: HDF5 behind a block of 512 bytes, every array with its axes reversed.

Source: the attributes that MATLAB writes (``MATLAB_class``, ``MATLAB_sparse``, ``MATLAB_empty``), as described in
https://www.loc.gov/preservation/digital/formats/fdd/fdd000469.shtml and read back from files of MATLAB.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.errors import LimitExceededError, UnsupportedFeatureError
from topokit.loaders.checkpoint import Checkpoint, TensorEntry, Values, by_name
from topokit.loaders.formats.common.sparse_arrays import sparse_matrix
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.hdf5_files import SIGNATURE, Object, data_reader, open_source, read_tree
from topokit.loaders.formats.hdf5_files.entries import Told, tensor_entry
from topokit.loaders.formats.hdf5_files.types import Type
from topokit.loaders.formats.matlab_files.tensors import ASSUMED, UNREAD_REMEDY, role_of, unread
from topokit.loaders.limits import Limits
from topokit.loaders.naming import natural_key

NAME = "matlab-hdf5"

_TEXT = b"MATLAB 7."
_USER_BLOCK = 512
_INTERNAL = "#"
_WORDS = ("char", "function_handle", "string")
_ADDRESS = Type("number", "uint64", 8)
_SPARSE = "MATLAB_sparse"


def recognises(path: Path, head: bytes) -> bool:
    """The text that begins the file, and HDF5 behind it."""
    return head.startswith(_TEXT) and head[_USER_BLOCK:].startswith(SIGNATURE)


def open_matlab_hdf5(path: Path, limits: Limits) -> Checkpoint:
    """List the arrays of a MATLAB 7.3 file by the names that MATLAB has for them; axes are taken as (source, target).

    Raises
    ------
    UnsupportedFeatureError
        The file holds nothing but objects.
    """
    size = path.stat().st_size - _USER_BLOCK
    root = read_tree(open_source(path, NAME, limits, start=_USER_BLOCK, size=size))
    contents = _Contents(root, limits)
    entries = sorted(contents.entries(), key=lambda entry: natural_key(entry.name))
    if contents.objects and not entries:
        raise UnsupportedFeatureError(path, unread(contents.objects), format=NAME, remedy=UNREAD_REMEDY)
    return Checkpoint(
        path=path,
        format=NAME,
        files=(path,),
        tensors=by_name(entries, path, limits),
        notes=(ASSUMED, *([unread(contents.objects)] if contents.objects else [])),
        limits=limits,
    )


@dataclass(slots=True)
class _Contents:
    """What a file holds, found by following its structures and cells."""

    root: Object
    limits: Limits
    objects: list[str] = field(default_factory=list)

    def entries(self) -> Iterator[TensorEntry]:
        """The arrays of numbers; objects are remembered."""
        by_address = _by_address(self.root)
        waiting = [(name, item) for name, item in self.root.children.items() if not name.startswith(_INTERNAL)]
        count = 0
        while waiting:
            name, item = waiting.pop()
            count += 1
            if count > self.limits.tensors:
                problem = f"has more than {self.limits.tensors:,} arrays, or cells that contain themselves"
                raise LimitExceededError(self.root.source.place.path, problem, format=NAME, place=repr(name))
            if _SPARSE in item.attributes:
                yield _sparse_entry(name, item)
            elif item.data is None:
                waiting += [(f"{name}.{child}", inner) for child, inner in item.children.items()]
            elif item.data.type.kind == "reference":
                waiting += _referenced(name, item, by_address)
            elif (entry := self._array(name, item)) is not None:
                yield entry

    def _array(self, name: str, item: Object) -> TensorEntry | None:
        kind = item.attribute("MATLAB_class")
        if "MATLAB_object_decode" in item.attributes:
            self.objects.append(name)
            return None
        if "MATLAB_empty" in item.attributes or kind in _WORDS:
            return None
        role, aside = role_of(name, item.data.shape if item.data else ())
        entry = tensor_entry(item, Told(name, role, aside))
        dtype = "bool" if kind == "logical" else entry.dtype
        read = entry.reader
        return replace(entry, shape=entry.shape[::-1], dtype=dtype, reader=lambda: _turned(read(), dtype))


def _turned(values: Values, dtype: str) -> NDArray[Any]:
    return np.asarray(values).T.astype(dtype, copy=False)


def _by_address(root: Object) -> dict[int, Object]:
    found, waiting = {}, [root]
    while waiting:
        item = waiting.pop()
        found[item.address] = item
        waiting.extend(item.children.values())
    return found


def _referenced(name: str, item: Object, by_address: dict[int, Object]) -> list[tuple[str, Object]]:
    """The contents of a cell array, or of one field of an array of structures."""
    assert item.data is not None
    addresses = data_reader(item, replace(item.data, type=_ADDRESS))().reshape(-1)
    is_cell = item.attribute("MATLAB_class") == "cell"
    owner, _, leaf = name.rpartition(".")
    names = (f"{name}{{{k + 1}}}" if is_cell else f"{owner}({k + 1}).{leaf}" for k in range(len(addresses)))
    return [(one, by_address[at]) for one, at in zip(names, addresses.tolist(), strict=True) if at in by_address]


def _sparse_entry(name: str, group: Object) -> TensorEntry:
    """A sparse matrix: its rows in an attribute, its columns one fewer than their starts."""
    parts: dict[str, Object] = {part: group.children[part] for part in ("data", "ir", "jc") if part in group.children}
    rows = group.attribute(_SPARSE)
    starts = parts["jc"].data if "jc" in parts else None
    if not isinstance(rows, np.ndarray) or starts is None or len(starts.shape) != 1 or starts.shape[0] < 1:
        raise group.source.corrupt(f"has a sparse matrix {name!r} without rows or columns")
    shape = (int(rows.reshape(-1)[0]), starts.shape[0] - 1)
    tensors = {part: tensor_entry(item, Told(part)) for part, item in parts.items()}
    dtype = "bool" if group.attribute("MATLAB_class") == "logical" else "float64"
    role, aside = role_of(name, shape)
    return TensorEntry(
        name=name,
        shape=shape,
        dtype=dtype,
        nbytes=sum(entry.nbytes for entry in tensors.values()),
        path=group.source.place.path,
        format=NAME,
        reader=lambda: _sparse(tensors, shape, dtype),
        layout="csc",
        role=role,
        aside=aside,
    )


def _sparse(tensors: dict[str, TensorEntry], shape: tuple[int, int], dtype: str) -> Values:
    parts: dict[str, Any] = {part: entry.read() for part, entry in tensors.items()}
    empty = np.zeros(0, np.uint64)
    return sparse_matrix(
        "csc",
        {
            "indptr": parts["jc"],
            "indices": parts.get("ir", empty),
            "data": np.asarray(parts.get("data", empty), np.float64).astype(dtype),
        },
        shape,
    )


FORMAT = Format(NAME, recognises, open_matlab_hdf5)
