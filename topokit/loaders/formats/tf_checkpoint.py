"""TensorFlow checkpoints: an ``.index`` and ``.data-*`` files, by any of their names.

Tensors are named as their variables where the checkpoint holds the graph of objects that TensorFlow 2 saves with it,
else as the file names them. Layout: https://www.tensorflow.org/guide/checkpoint#manually_inspecting_checkpoints,
tensorflow/core/protobuf/tensor_bundle.proto.
"""

from __future__ import annotations

import re
from pathlib import Path

from topokit.errors import CorruptCheckpointError, UnsupportedFeatureError
from topokit.loaders.checkpoint import Checkpoint, by_name
from topokit.loaders.formats.common.contained import contained
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.tensorflow_files.bundle import INDEX, open_bundle
from topokit.loaders.formats.tensorflow_files.object_graph import naming_of
from topokit.loaders.formats.tensorflow_files.table import is_table
from topokit.loaders.formats.tensorflow_files.variables import variables
from topokit.loaders.limits import Limits
from topokit.loaders.naming import natural_key

NAME = "tf-checkpoint"

_DATA = re.compile(r"\.data-\d{5}-of-\d{5}$")
_STATE = "checkpoint"
_STATE_HEAD = b"model_checkpoint_path:"
_LATEST = re.compile(r'model_checkpoint_path:\s*"([^"\\]*)"')
_SAVED_MODEL = "saved_model.pb"


def recognises(path: Path, head: bytes) -> bool:
    """A sorted table, a file of data beside one, or a folder or list of checkpoints."""
    if path.is_dir():
        return not (path / _SAVED_MODEL).exists() and bool(_state_in(path) or any(map(is_table, _indices(path))))
    if _DATA.search(path.name):
        index = _index_of(path)
        return index.is_file() and is_table(index)
    return head.startswith(_STATE_HEAD) or is_table(path)


def open_tf_checkpoint(path: Path, limits: Limits) -> Checkpoint:
    """List the variables of a checkpoint; their axes are (source, target).

    Parameters
    ----------
    path : Path
        Its ``.index``, one of its ``.data-*`` files, the text file ``checkpoint``, or the folder.
    """
    bundle = open_bundle(_chosen(path, limits), NAME, limits)
    naming = naming_of(bundle)
    return Checkpoint(
        path=path,
        format=NAME,
        files=bundle.files(),
        tensors=by_name(variables(bundle, naming), path, limits),
        metadata={"shards": bundle.shards},
        limits=limits,
    )


def _chosen(path: Path, limits: Limits) -> Path:
    if path.is_dir():
        return _from_folder(path, limits)
    if path.name.endswith(INDEX) or is_table(path):
        return path
    return _index_of(path) if _DATA.search(path.name) else _latest(path, limits)


def _from_folder(folder: Path, limits: Limits) -> Path:
    state = _state_in(folder)
    if state is not None:
        return _latest(state, limits)
    first, *others = _indices(folder)
    if others:
        names = ", ".join(index.name for index in (first, *others[:3]))
        problem = f"holds {len(others) + 1} checkpoints: {names}{' ...' if len(others) > 3 else ''}"
        raise UnsupportedFeatureError(folder, problem, format=NAME, remedy="give one of them, or load_series all")
    return first


def _latest(state: Path, limits: Limits) -> Path:
    """The checkpoint that the text file calls the latest."""
    if state.stat().st_size > limits.header_bytes:
        raise CorruptCheckpointError(state, "is too long for a list of checkpoints", format=NAME)
    found = _LATEST.search(state.read_text())
    if found is None:
        raise CorruptCheckpointError(state, "names no checkpoint", format=NAME, remedy="give the .index file itself")
    return contained(state.parent, found[1] + INDEX, limits, format=NAME, named_in=state)


def _state_in(folder: Path) -> Path | None:
    state = folder / _STATE
    if not state.is_file():
        return None
    with state.open("rb") as file:
        return state if file.read(len(_STATE_HEAD)) == _STATE_HEAD else None


def _indices(folder: Path) -> list[Path]:
    return sorted(
        (file for file in folder.glob(f"*{INDEX}") if file.is_file()), key=lambda file: natural_key(file.name)
    )


def _index_of(data: Path) -> Path:
    return data.with_name(_DATA.sub("", data.name) + INDEX)


FORMAT = Format(NAME, recognises, open_tf_checkpoint)
