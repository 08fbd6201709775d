"""Keras 3 models, ``.keras``: a zip or a folder of ``config.json``, ``metadata.json`` and ``model.weights.h5``.

Source: keras/src/saving/saving_lib.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from topokit.errors import LimitExceededError, UnsupportedFeatureError
from topokit.loaders.checkpoint import Checkpoint
from topokit.loaders.formats.common.archive import Archive, open_archive, zip_names
from topokit.loaders.formats.common.contained import contained
from topokit.loaders.formats.common.strict_json import json_table, read_json_table
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.hdf5_files import open_source, read_tree
from topokit.loaders.formats.keras_files.checkpoint import keras_checkpoint
from topokit.loaders.limits import Limits

NAME = "keras"

_CONFIG, _METADATA, _WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_REMEDY = "unpack it and give the folder, or save it again with Keras"


def recognises(path: Path, head: bytes) -> bool:
    """A zip archive or a folder with a configuration and weights in it."""
    if not head and path.is_dir():
        return (path / _WEIGHTS).is_file() and (path / _CONFIG).is_file()
    names = zip_names(path, head)
    return _CONFIG in names and any(name.startswith("model.weights.") for name in names)


def open_keras(path: Path, limits: Limits) -> Checkpoint:
    """List the weights of a Keras model, with the graph that its configuration tells.

    The weights are read where they lie in the archive.
    """
    if path.is_dir():
        return _open_folder(path, limits)
    archive = open_archive(path, NAME, limits)
    member = archive.members.get(_WEIGHTS)
    if member is None or member.deflated:
        problem = "is compressed" if member else "is not there: the weights are of another kind"
        raise UnsupportedFeatureError(path, problem, format=NAME, place=repr(_WEIGHTS), remedy=_REMEDY)
    root = read_tree(open_source(path, NAME, limits, start=member.start, size=member.size))
    metadata = _table(archive, _METADATA, limits) if _METADATA in archive.members else {}
    return keras_checkpoint([root], _table(archive, _CONFIG, limits), path, limits, metadata=metadata)


def _open_folder(path: Path, limits: Limits) -> Checkpoint:
    weights = contained(path, _WEIGHTS, limits, format=NAME)
    told = [contained(path, name, limits, format=NAME) for name in (_CONFIG, _METADATA) if (path / name).exists()]
    config, *others = (read_json_table(file, NAME, file.name, limits) for file in told)
    root = read_tree(open_source(weights, NAME, limits))
    return keras_checkpoint([root], config, path, limits, metadata=others[0] if others else {}, files=(weights, *told))


def _table(archive: Archive, name: str, limits: Limits) -> dict[str, Any]:
    size = archive.members[name].size if name in archive.members else 0
    if size > limits.header_bytes:
        problem = f"has {size:,} bytes where {limits.header_bytes:,} are allowed"
        raise LimitExceededError(archive.path, problem, format=NAME, place=repr(name))
    return json_table(archive.data(name).tobytes(), archive.path, NAME, name, limits)


FORMAT = Format(NAME, recognises, open_keras)
