"""TensorFlow's SavedModel: a folder with ``saved_model.pb`` and ``variables``.

The computation is that of the signature ``serving_default``. Layout: https://www.tensorflow.org/guide/saved_model and
tensorflow/core/protobuf/saved_model.proto, meta_graph.proto.
"""

from __future__ import annotations

from pathlib import Path

from topokit.loaders.checkpoint import Checkpoint
from topokit.loaders.formats.common.protobuf import outline
from topokit.loaders.formats.common.protobuf_wire import DELIMITED, VARINT
from topokit.loaders.formats.format import Format
from topokit.loaders.limits import Limits

NAME = "savedmodel"

_FILE = "saved_model.pb"


def recognises(path: Path, head: bytes) -> bool:
    """A folder with that file, or the file itself: a version and graphs."""
    if path.is_dir():
        return (path / _FILE).is_file()
    return path.name == _FILE and set(outline(path)) <= {(1, VARINT), (2, DELIMITED)} and head[:1] == b"\x08"


def open_lazily(path: Path, limits: Limits) -> Checkpoint:
    """Open the folder with the reader, which is imported for it."""
    from topokit.loaders.formats.tensorflow_files.saved_model import open_savedmodel

    return open_savedmodel(path, limits)


FORMAT = Format(NAME, recognises, open_lazily)
