"""TensorFlow.js: a ``model.json`` or weights manifest, and files of weights beside it.

A graph model holds a TensorFlow graph, a layers model a Keras configuration. Layout:
https://github.com/tensorflow/tfjs/blob/master/tfjs-core/src/io/types.ts (ModelJSON).
"""

from __future__ import annotations

from pathlib import Path

from topokit.loaders.checkpoint import Checkpoint
from topokit.loaders.formats.common.mapping import mapped
from topokit.loaders.formats.format import Format
from topokit.loaders.limits import Limits

NAME = "tfjs"

_MODEL = "model.json"
_MANIFEST = "weightsManifest"


def recognises(path: Path, head: bytes) -> bool:
    """JSON with a manifest of weights, or one itself, or a folder with a ``model.json`` of that kind."""
    if path.is_dir():
        model = path / _MODEL
        return model.is_file() and _mentions_manifest(model)
    start = head.lstrip()[:1]
    if start == b"[":
        return b'"weights"' in head and b'"shape"' in head and b'"dtype"' in head
    return start == b"{" and _mentions_manifest(path)


def _mentions_manifest(path: Path) -> bool:
    size = min(path.stat().st_size, Limits().header_bytes)
    return f'"{_MANIFEST}"'.encode() in mapped(path, 0, size).tobytes()


def open_lazily(path: Path, limits: Limits) -> Checkpoint:
    """Open the model with the reader, which is imported for it."""
    from topokit.loaders.formats.tensorflow_files.javascript import open_tfjs

    return open_tfjs(path, limits)


FORMAT = Format(NAME, recognises, open_lazily)
