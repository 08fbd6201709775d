"""Keras models and weights in HDF5: the legacy files of Keras 1 to 3, and ``.weights.h5``."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from topokit.errors import CheckpointError
from topokit.loaders.checkpoint import Checkpoint
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.hdf5_files import SIGNATURE, open_source, read_root, read_tree
from topokit.loaders.formats.keras_files.checkpoint import keras_checkpoint, parsed_config
from topokit.loaders.limits import Limits

NAME = "keras-h5"

_MARKS = {"layer_names", "layer_names0", "model_config", "keras_version"}
_GROUPS = {"model_weights", "vars", "layers", "_layer_checkpoint_dependencies"}
_TOLD = ("keras_version", "backend")


def recognises(path: Path, head: bytes) -> bool:
    """An HDF5 file whose root has attributes or groups that Keras makes."""
    if not head.startswith(SIGNATURE):
        return False
    status = path.stat()
    return _is_keras(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=8)
def _is_keras(path: Path, size: int, changed: int) -> bool:
    """The same, looked up once for all who ask; size and time tell whether the file is still that one."""
    try:
        root = read_root(open_source(path, NAME, Limits()))
        groups = {name.replace("\\", "/").partition("/")[0] for name in root.links()}
        return bool(_MARKS & root.attributes.keys() or _GROUPS & groups)
    except (CheckpointError, ValueError):
        return False


def open_keras_h5(path: Path, limits: Limits) -> Checkpoint:
    """List the weights of a Keras file in HDF5, with the graph when the file holds the model's configuration.

    The axes are Keras' own: (*kernel, in, out).
    """
    root = read_tree(open_source(path, NAME, limits))
    text = root.attribute("model_config")
    config = parsed_config(text) if isinstance(text, str) else None
    metadata = {name: value for name in _TOLD if isinstance(value := root.attribute(name), str)}
    return keras_checkpoint([root], config, path, limits, metadata=metadata)


FORMAT = Format(NAME, recognises, open_keras_h5)
