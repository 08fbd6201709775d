"""Graphs as JSON, as TensorFlow.js has them: protocol buffers in their JSON mapping.

Layout: https://protobuf.dev/programming-guides/json and https://github.com/tensorflow/tfjs/blob/master/tfjs-converter/src/
data/compiled_api.ts. Numbers of 64 bits come as text, bytes in base 64.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

from topokit.loaders.checkpoint import TensorEntry
from topokit.loaders.formats.tensorflow_files.graph import CONTROL, Function, FunctionName, Graph, Operation, value_name
from topokit.loaders.formats.tensorflow_files.number_types import named_type, type_name
from topokit.loaders.graph import Shape


def graph_of(table: Mapping[str, Any], tensors: Mapping[str, TensorEntry]) -> Graph:
    """The graph; its constants are the tensors of the same names."""
    library = table.get("library") or {}
    functions = library.get("function") or ()
    return Graph(
        tuple(_operation(node, tensors, None) for node in table.get("node", ())),
        {function["signature"]["name"]: _function(function, tensors) for function in functions},
    )


def _function(function: Mapping[str, Any], tensors: Mapping[str, TensorEntry]) -> Function:
    signature, nodes = function["signature"], function.get("nodeDef", ())
    types = {node["name"]: node["op"] for node in nodes}
    results = function.get("ret", {})
    return Function(
        tuple(argument["name"] for argument in signature.get("inputArg", ())),
        tuple(value_name(results[argument["name"]], types) for argument in signature.get("outputArg", ())),
        tuple(_operation(node, tensors, types) for node in nodes),
    )


def _operation(
    node: Mapping[str, Any], tensors: Mapping[str, TensorEntry], types: Mapping[str, str] | None
) -> Operation:
    inputs = [text for text in node.get("input", ()) if not text.startswith(CONTROL)]
    return Operation(
        node["name"],
        node["op"],
        tuple(value_name(text, types) for text in inputs),
        {key: _plain(value) for key, value in (node.get("attr") or {}).items()},
        tensors.get(node["name"]) if node["op"] == "Const" else None,
    )


def _plain(value: Mapping[str, Any]) -> Any:
    if "list" in value:
        return next((tuple(map(_KINDS[kind], items)) for kind, items in value["list"].items() if kind in _KINDS), ())
    return next((_KINDS[kind](item) for kind, item in value.items() if kind in _KINDS), None)


def _text(text: str) -> str:
    """Bytes; converters of old wrote some as plain text."""
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return text


def shape_in(shape: Mapping[str, Any]) -> Shape | None:
    """A shape with None for extents that vary; None when even the number of axes is unknown."""
    if shape.get("unknownRank"):
        return None
    sizes = [int(dim.get("size", 0)) for dim in shape.get("dim") or ()]
    return tuple(size if size >= 0 else None for size in sizes)


_KINDS: Mapping[str, Callable[[Any], Any]] = {
    **{"s": _text, "i": int, "f": float, "b": bool, "shape": shape_in},
    "type": lambda told: type_name(told) if isinstance(told, int) else named_type(told),
    "func": lambda named: FunctionName(named.get("name", "")),
}
