"""Which variable a resource of a SavedModel's graph stands for.

A signature's function is called with the resources that it captured, and the graph of objects says which objects these
are; the checkpoint holds the same objects with the keys of their values.
Layout: tensorflow/core/protobuf/saved_object_graph.proto.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from topokit.loaders.checkpoint import TensorEntry
from topokit.loaders.formats.common.protobuf import Message, many, one
from topokit.loaders.formats.tensorflow_files.graph import FunctionName, Graph, Operation
from topokit.loaders.formats.tensorflow_files.object_graph import Naming

OBJECT_SCHEMAS = {
    "Objects": {1: many("nodes", "Object"), 2: many("functions", "Concrete")},
    "Object": {1: many("children", "Reference")},
    "Reference": {1: one("node", "int"), 2: one("name", "string")},
    "Concrete": {1: one("key", "string"), 2: one("value", "Bound")},
    "Bound": {2: many("inputs", "int")},
}

_VARIABLES = ("VarHandleOp", "VariableV2", "Variable", "VarIsInitializedOp")


def resources(
    graph: Graph, objects: Message | None, naming: Naming, tensors: Mapping[str, TensorEntry]
) -> dict[str, TensorEntry]:
    """The variables behind values of the graph: what functions captured, else what has the same name."""
    found = {
        one.name: tensors[name]
        for one in graph.operations
        if one.type in _VARIABLES and (name := _name(one)) in tensors and not tensors[name].aside
    }
    if objects is not None:
        keys = _keys(objects, naming)
        bound = {pair["key"]: pair["value"]["inputs"] for pair in objects["functions"] if pair["value"] is not None}
        for call in graph.operations:
            captured = bound.get(_function(call), ())
            for value, node in zip(reversed(call.inputs), reversed(captured), strict=False):
                key = naming.originals.get(keys.get(node, ""), keys.get(node, ""))
                if key in naming.names:
                    found[value] = tensors[naming.names[key]]
    return found


def _name(operation: Operation) -> str:
    return str(operation.attributes.get("shared_name") or operation.name)


def _function(call: Operation) -> Any:
    named = call.attributes.get("f")
    return named.name if isinstance(named, FunctionName) else None


def _keys(objects: Message, naming: Naming) -> dict[int, str]:
    """Keys of the objects, found by the same names from the root on in both graphs."""
    nodes = objects["nodes"]
    reached, waiting, keys = {0}, [(0, 0)], dict[int, str]()
    while waiting and naming.children and nodes:
        mine, theirs = waiting.pop()
        key = naming.keys[theirs]
        if key is not None:
            keys[mine] = key
        for child in nodes[mine]["children"]:
            if child["node"] not in reached and child["name"] in naming.children[theirs]:
                reached.add(child["node"])
                waiting.append((child["node"], naming.children[theirs][child["name"]]))
    return keys
