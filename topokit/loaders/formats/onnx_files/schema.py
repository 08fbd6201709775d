"""The messages of an ONNX file, as far as a network needs them.

Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

from __future__ import annotations

from typing import Any

from topokit.loaders.formats.common.protobuf import Message, Schemas, many, numbers, one
from topokit.loaders.graph import Shape

SCHEMAS: Schemas = {
    "Model": {
        1: one("ir_version", "int"),
        2: one("producer", "string"),
        3: one("producer_version", "string"),
        7: one("graph", "Graph"),
        8: many("opsets", "Opset"),
        25: many("functions", "Function"),
    },
    "Opset": {1: one("domain", "string"), 2: one("version", "int")},
    "Graph": {
        1: many("nodes", "Node"),
        2: one("name", "string"),
        5: many("initializers", "Tensor"),
        11: many("inputs", "Value"),
        12: many("outputs", "Value"),
        13: many("values", "Value"),
        15: many("sparse_initializers", "SparseTensor"),
    },
    "Node": {
        1: many("inputs", "string"),
        2: many("outputs", "string"),
        3: one("name", "string"),
        4: one("type", "string"),
        5: many("attributes", "Attribute"),
        7: one("domain", "string"),
        8: one("overload", "string"),
        9: many("metadata", "Pair"),
    },
    "Attribute": {
        1: one("name", "string"),
        2: one("f", "float"),
        3: one("i", "int"),
        4: one("s", "bytes"),
        5: one("t", "Tensor"),
        6: one("g", "Graph"),
        7: many("floats", "float"),
        8: many("ints", "int"),
        20: one("type", "int"),
        21: one("reference", "string"),
        22: one("sparse", "SparseTensor"),
    },
    "Tensor": {
        1: many("dims", "int"),
        2: one("type", "int"),
        4: numbers("float_data", "float"),
        5: numbers("int32_data", "int"),
        7: numbers("int64_data", "int"),
        8: one("name", "string"),
        9: one("raw_data", "span"),
        10: numbers("double_data", "double"),
        11: numbers("uint64_data", "uint"),
        13: many("external", "Pair"),
        14: one("location", "int"),
    },
    "SparseTensor": {1: one("values", "Tensor"), 2: one("indices", "Tensor"), 3: many("dims", "int")},
    "Pair": {1: one("key", "string"), 2: one("value", "string")},
    "Value": {1: one("name", "string"), 2: one("type", "Type")},
    "Type": {1: one("tensor", "TensorType")},
    "TensorType": {2: one("shape", "Shape")},
    "Shape": {1: many("dims", "Dimension")},
    "Dimension": {1: one("value", "int")},
    "Function": {
        1: one("name", "string"),
        4: many("inputs", "string"),
        5: many("outputs", "string"),
        7: many("nodes", "Node"),
        10: one("domain", "string"),
        11: many("defaults", "Attribute"),
        13: one("overload", "string"),
    },
}

_VALUES = {1: "f", 2: "i", 3: "s", 4: "t", 5: "g", 6: "floats", 7: "ints", 11: "sparse"}
_PLAIN_DOMAINS = ("ai.onnx", "ai.onnx.ml")


def attribute(message: Message) -> Any:
    """The value of an attribute; None for kinds that no operator here needs."""
    field = _VALUES.get(message["type"]) or next((name for name in _VALUES.values() if name in message), None)
    value = message[field] if field else None
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def domain(message: Message) -> str:
    """Whose operator it is; the standard's own have the empty domain."""
    told: str = message["domain"]
    return "" if told in _PLAIN_DOMAINS else told


def shape_of(value: Message) -> Shape | None:
    """The shape that a file tells of a value: None for an extent that varies, None for no shape."""
    tensor = value["type"]["tensor"] if value["type"] is not None else None
    shape = tensor["shape"] if tensor is not None else None
    if shape is None:
        return None
    return tuple(told["value"] if told["value"] > 0 else None for told in shape["dims"])
