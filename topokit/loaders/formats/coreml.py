"""Core ML: one ``.mlmodel`` file, or an ``.mlpackage`` folder with a model and its weights.

Sources: https://apple.github.io/coremltools/mlmodel/index.html (the messages) and
https://github.com/apple/coremltools/blob/main/mlmodel/src/MILBlob/Blob/StorageFormat.hpp (``weight.bin``).
"""

from __future__ import annotations

from pathlib import Path

from topokit.loaders.checkpoint import Checkpoint
from topokit.loaders.formats.common.protobuf import outline
from topokit.loaders.formats.format import Format
from topokit.loaders.limits import Limits

NAME = "coreml"
MANIFEST = "Manifest.json"

_ROOT = b"rootModelIdentifier"
_LONGEST_MANIFEST = 2**20
_HEAD = ((1, 0), (2, 2))
_FLAG = (10, 0)
_FIRST_KIND, _LAST_KIND = 200, 3000


def recognises(path: Path, head: bytes) -> bool:
    """A folder whose manifest names a root model, or a message of a version, a description and one kind of model."""
    if path.is_dir():
        manifest = path / MANIFEST
        if not manifest.is_file() or manifest.stat().st_size > _LONGEST_MANIFEST:
            return False
        return path.suffix.lower() == ".mlpackage" or _ROOT in manifest.read_bytes()
    if head[:1] != b"\x08":
        return False
    found = outline(path)
    if not found:
        return path.suffix.lower() == ".mlmodel"
    kinds = [number for number, wire in found if wire == 2 and _FIRST_KIND <= number <= _LAST_KIND]
    return len(kinds) == 1 and all(field in (*_HEAD, _FLAG) or field[0] in kinds for field in found)


def open_lazily(path: Path, limits: Limits) -> Checkpoint:
    """Open the model with the reader, which is imported for it."""
    from topokit.loaders.formats.coreml_files.reader import open_coreml

    return open_coreml(path, limits)


FORMAT = Format(NAME, recognises, open_lazily)
