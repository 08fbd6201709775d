"""Folders of Orbax, in both of its storages: many Zarr arrays in one key-value store (OCDBT), or a folder for each.

https://orbax.readthedocs.io/en/latest/guides/checkpoint/checkpoint_format.html. The tree stands in ``_METADATA``; the
package `tensorstore` reads its arrays, and only files of the folder, which are no links.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.errors import (
    CorruptCheckpointError,
    LimitExceededError,
    MissingExtraError,
    UnsafePathError,
    UnsupportedFeatureError,
)
from topokit.loaders.checkpoint import Checkpoint, TensorEntry, check_rank
from topokit.loaders.formats.common.contained import contained
from topokit.loaders.formats.common.dtypes import BITS, check_readable, decode, stored_bytes
from topokit.loaders.formats.common.strict_json import read_json_table
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.objects.stored import checkpoint_of
from topokit.loaders.limits import Limits

NAME = "orbax"

_TREE, _STORE, _CHECKPOINT = "_METADATA", "manifest.ocdbt", "_CHECKPOINT_METADATA"
_MARK, _MARK_WITHIN = b'"tree_metadata"', 4096
_WITHOUT_ARRAY = ("string", "None")


def recognises(path: Path, head: bytes) -> bool:
    """A folder with Orbax's ``_METADATA``, or one of items that have it."""
    if not path.is_dir():
        return False
    return _is_item(path) or ((path / _CHECKPOINT).is_file() and bool(_items(path)))


def open_orbax(path: Path, limits: Limits) -> Checkpoint:
    """List the arrays of a folder; the axes are (*kernel, source, target).

    Raises
    ------
    UnsafeLinkError
        A file or folder in it is a link.
    UnsupportedFeatureError
        The folder holds several items.
    MissingExtraError
        The package `tensorstore` is not installed.
    """
    files = tuple(_own_files(path, limits))
    item = path if _is_item(path) else _only_item(path)
    table = read_json_table(item / _TREE, NAME, _TREE, limits)
    store = _Store(path, item, bool(table.get("use_zarr3")), limits)
    return checkpoint_of(_tree(table["tree_metadata"], store), path, NAME, limits, files=files, order="natural")


def _is_item(folder: Path) -> bool:
    mark = folder / _TREE
    if not mark.is_file():
        return False
    with mark.open("rb") as file:
        return _MARK in file.read(_MARK_WITHIN)


def _items(folder: Path) -> list[Path]:
    return sorted(item for item in folder.iterdir() if item.is_dir() and _is_item(item))


def _only_item(folder: Path) -> Path:
    items = _items(folder)
    if len(items) > 1:
        names = ", ".join(repr(item.name) for item in items)
        remedy = "give the folder of the one that holds the parameters"
        raise UnsupportedFeatureError(folder, f"holds several items: {names}", format=NAME, remedy=remedy)
    return items[0]


def _own_files(folder: Path, limits: Limits) -> Iterator[Path]:
    """All files of the folder, once each is sure to be its own."""
    count = 0
    for place, folders, names in os.walk(folder):
        for name in sorted(folders):
            if (Path(place) / name).is_symlink() and limits.links != "follow":
                contained(folder, _within(folder, place, name), limits, format=NAME)
        for name in sorted(names):
            count += 1
            if count > limits.tensors:
                raise LimitExceededError(folder, f"holds more than {limits.tensors:,} files", format=NAME)
            yield contained(folder, _within(folder, place, name), limits, format=NAME)


def _within(folder: Path, place: str, name: str) -> str:
    return (Path(place) / name).relative_to(folder).as_posix()


def _tree(metadata: Mapping[str, Any], store: _Store) -> dict[str, Any]:
    """The tables of tables that the metadata describe, with entries for arrays."""
    opened = {}
    for place in metadata.values():
        keys = tuple(str(step["key"]) for step in place["key_metadata"])
        value = place["value_metadata"]
        if not value.get("skip_deserialize") and value.get("value_type") not in _WITHOUT_ARRAY:
            opened[keys] = store.open(".".join(keys))
    tree: dict[str, Any] = {}
    for keys, future in opened.items():
        table = tree
        for key in keys[:-1]:
            table = table.setdefault(key, {})
        table[keys[-1]] = store.entry(".".join(keys), store.result(".".join(keys), future))
    return tree


@dataclass(frozen=True, eq=False)
class _Store:
    """Opens the arrays of one item."""

    path: Path
    item: Path
    is_zarr3: bool
    limits: Limits

    def open(self, name: str) -> Any:
        """A future of the array of that name."""
        try:
            import tensorstore
        except ImportError as error:
            raise MissingExtraError("tensorstore", "reading folders of Orbax") from error
        if name.startswith("/") or ".." in name.split("/") or "\0" in name:
            remedy = "do not open it elsewhere, and ask for the weights as safetensors"
            raise UnsafePathError(
                self.path, "names an array outside its folder", format=NAME, place=repr(name), remedy=remedy
            )
        return tensorstore.open(self._specification(name), open=True, read=True)

    def _specification(self, name: str) -> dict[str, Any]:
        folder = f"{self.item.resolve()}/"
        if (self.item / _STORE).is_file():
            store = {"driver": "ocdbt", "base": {"driver": "file", "path": folder}, "path": f"{name}/"}
        else:
            store = {"driver": "file", "path": f"{folder}{name}/"}
        return {"driver": "zarr3" if self.is_zarr3 else "zarr", "kvstore": store}

    def result(self, name: str, future: Any) -> Any:
        """What a future brings; the words of the library are long, and name files that the user never sees."""
        try:
            return future.result()
        except ValueError as error:
            problem, remedy = "cannot be read: its numbers are missing or damaged", "copy the whole folder again"
            raise CorruptCheckpointError(self.path, problem, format=NAME, place=repr(name), remedy=remedy) from error

    def entry(self, name: str, array: Any) -> TensorEntry:
        """The entry of an array, once its sizes are within the limits."""
        shape, dtype = tuple(array.shape), array.dtype.name
        check_rank(len(shape), self.path, NAME, name, self.limits)
        dtype = dtype if dtype in BITS else "unknown"
        chunk = tuple(array.chunk_layout.read_chunk.shape or ())
        for extents in (shape, chunk):
            if dtype in BITS and stored_bytes(dtype, extents) > self.limits.decompressed_bytes:
                problem = f"has an array or chunk of {prod(extents):,} numbers"
                remedy = "raise the limits if you trust the file"
                raise LimitExceededError(self.path, problem, format=NAME, place=repr(name), remedy=remedy)
        return TensorEntry(
            name="",
            shape=shape,
            dtype=dtype,
            nbytes=stored_bytes(dtype, shape) if dtype in BITS else 0,
            path=self.path,
            format=NAME,
            reader=lambda: self._values(name, dtype),
        )

    def _values(self, name: str, dtype: str) -> NDArray[Any]:
        check_readable(dtype, self.path, NAME, name)
        values: NDArray[Any] = np.asarray(self.result(name, self.result(name, self.open(name)).read()))
        return decode(np.ascontiguousarray(values).reshape(-1).view(np.uint8), dtype, values.shape)


FORMAT = Format(NAME, recognises, open_orbax)
