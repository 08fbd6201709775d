"""Keras weights in several files: ``.weights.json`` says which ``.weights.h5`` holds which layers.

Source: `ShardedH5IOStore` in keras/src/saving/saving_lib.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from topokit.errors import CorruptCheckpointError
from topokit.loaders.checkpoint import Checkpoint
from topokit.loaders.formats.common.contained import contained
from topokit.loaders.formats.common.strict_json import read_json_table
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.hdf5_files import open_source, read_tree
from topokit.loaders.formats.keras_files.checkpoint import keras_checkpoint
from topokit.loaders.limits import Limits

NAME = "keras-shards"

_ENDING = ".weights.json"
_MOST_SHARDS = 10_000


def recognises(path: Path, head: bytes) -> bool:
    """A JSON table of that name, or a folder with one."""
    if not head:
        return path.is_dir() and len(_tables(path)) == 1
    return path.name.endswith(_ENDING) and head.lstrip()[:1] == b"{"


def open_keras_shards(path: Path, limits: Limits) -> Checkpoint:
    """List the weights of all files that the table names.

    Raises
    ------
    CorruptCheckpointError
        The table names no files, or one that is missing.
    UnsafePathError
        It names a file that is not its own.
    """
    main = contained(path, _tables(path)[0], limits, format=NAME) if path.is_dir() else path
    names = dict.fromkeys(_names(read_json_table(main, NAME, main.name, limits), path))
    if not 0 < len(names) <= _MOST_SHARDS:
        problem = f"names {len(names):,} files where 1 to {_MOST_SHARDS:,} are expected"
        raise CorruptCheckpointError(path, problem, format=NAME, remedy="copy or download it again")
    shards = [contained(main.parent, name, limits, format=NAME) for name in names]
    roots = [read_tree(open_source(shard, NAME, limits)) for shard in shards]
    return keras_checkpoint(roots, None, path, limits, files=(main, *shards))


def _tables(folder: Path) -> list[str]:
    return [file.name for file in folder.glob(f"*{_ENDING}")]


def _names(table: Mapping[str, Any], path: Path) -> Iterator[str]:
    """The files that hold each group: one name or several."""
    places = table.get("weight_map")
    for value in places.values() if isinstance(places, dict) else ():
        names = value if isinstance(value, list) else [value]
        if not all(isinstance(name, str) for name in names):
            problem = "has a weight_map with names that are no texts"
            raise CorruptCheckpointError(path, problem, format=NAME, remedy="copy or download it again")
        yield from names


FORMAT = Format(NAME, recognises, open_keras_shards)
