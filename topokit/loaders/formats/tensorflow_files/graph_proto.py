"""Graphs as protocol buffers.

Layout: graph.proto, function.proto, node_def.proto and attr_value.proto in tensorflow/core/framework.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from topokit.loaders.checkpoint import TensorEntry
from topokit.loaders.formats.common.protobuf import Message, many, one
from topokit.loaders.formats.tensorflow_files.graph import CONTROL, Function, FunctionName, Graph, Operation, value_name
from topokit.loaders.formats.tensorflow_files.number_types import type_name
from topokit.loaders.formats.tensorflow_files.tensor_proto import TENSOR_SCHEMAS, tensor_entry
from topokit.loaders.graph import Shape

GRAPH_SCHEMAS = {
    **TENSOR_SCHEMAS,
    "Graph": {1: many("nodes", "Node"), 2: one("library", "Library")},
    "Library": {1: many("functions", "Function")},
    "Function": {1: one("signature", "Signature"), 3: many("nodes", "Node"), 4: many("results", "Text")},
    "Signature": {1: one("name", "string"), 2: many("inputs", "Argument"), 3: many("outputs", "Argument")},
    "Argument": {1: one("name", "string")},
    "Text": {1: one("key", "string"), 2: one("value", "string")},
    "Node": {
        **{1: one("name", "string"), 2: one("type", "string"), 3: many("inputs", "string")},
        5: many("attributes", "Attribute"),
    },
    "Attribute": {1: one("key", "string"), 2: one("value", "Value")},
    "Value": {
        **{1: one("list", "List"), 2: one("text", "bytes"), 3: one("number", "int"), 4: one("real", "float")},
        **{5: one("truth", "bool"), 6: one("type", "int"), 7: one("shape", "Shape"), 8: one("tensor", "Tensor")},
        10: one("function", "NamedFunction"),
    },
    "List": {
        **{2: many("text", "bytes"), 3: many("number", "int"), 4: many("real", "float"), 5: many("truth", "bool")},
        **{6: many("type", "int"), 7: many("shape", "Shape"), 9: many("function", "NamedFunction")},
    },
    "NamedFunction": {1: one("name", "string")},
}


def graph_of(message: Message, path: Path, format: str) -> Graph:
    """The graph of a ``GraphDef``; its constants are tensors of the file."""
    library = message["library"]
    functions = library["functions"] if library is not None else ()
    return Graph(
        tuple(_operation(node, path, format, None, "") for node in message["nodes"]),
        {function["signature"]["name"]: _function(function, path, format) for function in functions},
    )


def _function(message: Message, path: Path, format: str) -> Function:
    signature = message["signature"]
    types = {node["name"]: node["type"] for node in message["nodes"]}
    results = {pair["key"]: value_name(pair["value"], types) for pair in message["results"]}
    return Function(
        tuple(argument["name"] for argument in signature["inputs"]),
        tuple(results[argument["name"]] for argument in signature["outputs"]),
        tuple(_operation(node, path, format, types, f"{signature['name']}/") for node in message["nodes"]),
    )


def _operation(node: Message, path: Path, format: str, types: Mapping[str, str] | None, prefix: str) -> Operation:
    told = {pair["key"]: pair["value"] for pair in node["attributes"] if pair["value"] is not None}
    constant: TensorEntry | None = None
    if node["type"] == "Const" and "value" in told and told["value"]["tensor"] is not None:
        constant = tensor_entry(told["value"]["tensor"], prefix + node["name"], path, format)
    return Operation(
        node["name"],
        node["type"],
        tuple(value_name(text, types) for text in node["inputs"] if not text.startswith(CONTROL)),
        {key: _plain(value) for key, value in told.items()},
        constant,
    )


def _plain(value: Message) -> Any:
    if value["list"] is not None:
        return next((tuple(map(_KINDS[kind], items)) for kind, items in value["list"].items()), ())
    return next((_KINDS[kind](item) for kind, item in value.items() if kind in _KINDS), None)


def shape_in(message: Message) -> Shape | None:
    """A shape with None for extents that vary; None when even the number of axes is unknown."""
    if message["unknown"]:
        return None
    return tuple(dim["size"] if dim["size"] >= 0 else None for dim in message["dims"])


_KINDS: Mapping[str, Callable[[Any], Any]] = {
    "text": lambda text: text.decode(errors="replace"),
    "number": int,
    "real": float,
    "truth": bool,
    "type": type_name,
    "shape": shape_in,
    "function": lambda named: FunctionName(named["name"]),
}
