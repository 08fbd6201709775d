"""ONNX: a graph of operators with its tensors, in one message or with data in files beside it.

Source: https://github.com/onnx/onnx/blob/main/docs/IR.md; the operators: https://onnx.ai/onnx/operators/.
"""

from __future__ import annotations

from pathlib import Path

from topokit.loaders.checkpoint import Checkpoint
from topokit.loaders.formats.common.protobuf import outline
from topokit.loaders.formats.format import Format
from topokit.loaders.limits import Limits

NAME = "onnx"

_FIELDS = {1: 0, 2: 2, 3: 2, 4: 2, 5: 0, 6: 2, 7: 2, 8: 2, 14: 2, 20: 2, 25: 2, 26: 2}
"""Wire types of the fields of a model; protocol buffers have no magic."""
_GRAPH = (7, 2)


def recognises(path: Path, head: bytes) -> bool:
    """A message that begins with a version and holds a graph, and nothing else than a model has."""
    if head[:1] != b"\x08":
        return False
    found = outline(path)
    if not found:
        return path.suffix.lower() == ".onnx"
    return _GRAPH in found and all(_FIELDS.get(number) == wire for number, wire in found)


def open_lazily(path: Path, limits: Limits) -> Checkpoint:
    """Open the file with the reader, which is imported for it."""
    from topokit.loaders.formats.onnx_files.reader import open_onnx

    return open_onnx(path, limits)


FORMAT = Format(NAME, recognises, open_lazily)
