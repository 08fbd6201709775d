"""TensorFlow's frozen graphs: a ``GraphDef`` as protocol buffer, ``.pb``.

Layout: tensorflow/core/framework/graph.proto.
"""

from __future__ import annotations

import re
from pathlib import Path

from topokit.loaders.checkpoint import Checkpoint, by_name
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.mapping import mapped
from topokit.loaders.formats.protobuf import Walker, outline
from topokit.loaders.formats.protobuf_wire import DELIMITED, VARINT, Span, fields, varint
from topokit.loaders.formats.tensorflow.attempt import attempted
from topokit.loaders.formats.tensorflow.constants import constants_of, derived, listed
from topokit.loaders.formats.tensorflow.graph_proto import GRAPH_SCHEMAS, graph_of
from topokit.loaders.limits import Limits

NAME = "graphdef"

_FIELDS = {(1, DELIMITED), (2, DELIMITED), (3, VARINT), (4, DELIMITED), (5, DELIMITED)}
_NODE = (1, DELIMITED)
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


def open_graphdef(path: Path, limits: Limits) -> Checkpoint:
    """List the constants of a frozen graph, and follow what it computes."""
    buffer = mapped(path, 0, path.stat().st_size)
    graph = graph_of(Walker(buffer, path, NAME, GRAPH_SCHEMAS, limits).read("Graph"), path, NAME)
    attempt = attempted(lambda: graph, {}, path, NAME)
    constants = list(constants_of(graph))
    entries = [*listed(constants, attempt.weights), *derived(attempt.weights, constants)]
    return Checkpoint(
        path=path,
        format=NAME,
        files=(path,),
        tensors=by_name(entries, path, limits),
        order="insertion",
        notes=attempt.notes,
        graph=attempt.graph,
        limits=limits,
    )


FORMAT = Format(NAME, recognises, open_graphdef)
