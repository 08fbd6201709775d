"""TensorFlow's frozen graphs: a ``GraphDef`` as protocol buffer, ``.pb``.

Layout: tensorflow/core/framework/graph.proto.
"""

from __future__ import annotations

import re
from pathlib import Path

from topokit.errors import UnsupportedFeatureError
from topokit.loaders.checkpoint import Checkpoint
from topokit.loaders.formats.common.protobuf import outline
from topokit.loaders.formats.common.protobuf_wire import DELIMITED, VARINT, Span, fields, varint
from topokit.loaders.formats.format import Format
from topokit.loaders.limits import Limits

NAME = "graphdef"

_FIELDS = {(1, DELIMITED), (2, DELIMITED), (3, VARINT), (4, DELIMITED), (5, DELIMITED)}
_NODE = (1, DELIMITED)
_OLD_JAVASCRIPT = "tensorflowjs_model.pb"
_TYPE = re.compile(rb"_?[A-Z][A-Za-z0-9_]*|__\w+")


def recognises(path: Path, head: bytes) -> bool:
    """A message of nodes, the first of which has a name and the name of an operation."""
    if head[:1] != b"\x0a" or not set(outline(path)) <= _FIELDS:
        return False
    try:
        length, start = varint(memoryview(head), 1, len(head))
        return _is_node(head, Span(start, min(start + length, len(head))))
    except ValueError:
        return False


def _is_node(head: bytes, span: Span) -> bool:
    found = {}
    for number, _, content in fields(memoryview(head), span):
        found[number] = content
        if number == 2:
            break
    kind = found.get(2)
    return 1 in found and isinstance(kind, Span) and _TYPE.fullmatch(head[kind.start : kind.end]) is not None


def open_lazily(path: Path, limits: Limits) -> Checkpoint:
    """Open the file with the reader, which is imported for it.

    Raises
    ------
    UnsupportedFeatureError
        It is the graph of an old TensorFlow.js model, whose constants have their values in other files.
    """
    if path.name == _OLD_JAVASCRIPT:
        raise UnsupportedFeatureError(
            path,
            "keeps its weights in other files",
            format=NAME,
            remedy="open the weights_manifest.json beside it, or convert the model with TensorFlow.js 1 or later",
        )
    from topokit.loaders.formats.tensorflow_files.graph_file import open_graphdef

    return open_graphdef(path, limits)


FORMAT = Format(NAME, recognises, open_lazily)
