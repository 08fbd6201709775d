"""Datasets of an HDF5 file as tensors of a checkpoint."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from topokit.loaders.checkpoint import Role, TensorEntry
from topokit.loaders.formats.hdf5_files.objects import Data, Object
from topokit.loaders.formats.hdf5_files.storage import data_reader
from topokit.loaders.formats.hdf5_files.types import Type

_BRAIN_FLOAT = Type("number", "bfloat16", 2)


@dataclass(frozen=True, slots=True)
class Told:
    """What a format knows of a tensor: its name, its role, and why it is no part of the model."""

    name: str
    role: Role | None = None
    aside: str = ""


def datasets(group: Object) -> Iterator[Object]:
    """All datasets of a group, however deep, in the order of the file."""
    waiting = [group]
    while waiting:
        item = waiting.pop()
        if item.data is not None:
            yield item
        waiting.extend(reversed(item.children.values()))


def tensor_entry(item: Object, told: Told) -> TensorEntry:
    """The tensor that a dataset holds; two paths to one dataset share their storage."""
    data = _described(item)
    readable, place = data.type.kind == "number", item.source.place
    return TensorEntry(
        name=told.name,
        shape=data.shape,
        dtype=data.type.name,
        nbytes=data.nbytes,
        path=place.path,
        format=place.format,
        reader=data_reader(item, data),
        storage_id=f"{place.path}:{place.start}:{item.address}",
        role=told.role if readable else "unknown",
        aside=told.aside if readable else f"elements of type {data.type.name}, not numbers",
    )


def _described(item: Object) -> Data:
    """What the dataset holds; Keras stores bfloat16 as two bytes and says so beside them."""
    data = item.data
    if data is None:
        raise item.source.corrupt(f"has a group {item.path!r} where numbers belong")
    if data.type.size == 2 and data.type.kind == "other" and item.attribute("dtype") == "bfloat16":
        return replace(data, type=_BRAIN_FLOAT)
    return data
