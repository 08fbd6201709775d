"""A Paddle program, read from its protocol buffer (``.pdmodel``).

https://github.com/PaddlePaddle/Paddle/blob/develop/paddle/fluid/framework/framework.proto
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from topokit.loaders.formats.common.mapping import mapped
from topokit.loaders.formats.common.protobuf import Message, Schemas, Walker, many, one
from topokit.loaders.graph import Shape
from topokit.loaders.limits import Limits

SCHEMAS: Schemas = {
    "Program": {1: many("blocks", "Block")},
    "Block": {3: many("variables", "Variable"), 4: many("operators", "Operator")},
    "Variable": {1: one("name", "string"), 2: one("type", "VariableType"), 3: one("persistable", "bool")},
    "VariableType": {1: one("kind", "int"), 3: one("dense", "DenseTensor")},
    "DenseTensor": {1: one("tensor", "Tensor")},
    "Tensor": {1: one("dtype", "int"), 2: many("dims", "int")},
    "Operator": {
        1: many("inputs", "Arguments"),
        2: many("outputs", "Arguments"),
        3: one("type", "string"),
        4: many("attributes", "Attribute"),
    },
    "Arguments": {1: one("slot", "string"), 2: many("names", "string")},
    "Attribute": {
        1: one("name", "string"),
        3: one("value", "int"),
        4: one("value", "float"),
        5: one("value", "string"),
        6: many("values", "int"),
        10: one("value", "bool"),
        13: one("value", "int"),
        15: many("values", "int"),
    },
}
DTYPES = {
    **{0: "bool", 1: "int16", 2: "int32", 3: "int64", 4: "float16", 5: "float32", 6: "float64", 20: "uint8"},
    **{21: "int8", 22: "bfloat16", 23: "complex64", 24: "complex128", 32: "float8_e4m3fn", 33: "float8_e5m2"},
}
_DENSE = 7
_FIRST_BLOCK = re.compile(rb"\n[\x80-\xff]*[\x00-\x7f]\x08\x00\x10\xff\xff\xff\xff")


@dataclass(frozen=True, slots=True)
class Step:
    """One operator: the names of its inputs and outputs by slot, and its attributes."""

    type: str
    inputs: Mapping[str, tuple[str, ...]]
    outputs: Mapping[str, tuple[str, ...]]
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Program:
    """What a file says of the computation.

    Attributes
    ----------
    parameters : tuple of str
        Names of the tensors in the file of parameters, in its order.
    steps : tuple of Step
        In the order in which they run.
    shapes : mapping of str to tuple
        Shapes of values, None for an axis that varies.
    """

    parameters: tuple[str, ...]
    steps: tuple[Step, ...]
    shapes: Mapping[str, Shape]


def begins_program(head: bytes) -> bool:
    """Whether a file that begins so is a program: its first block is number 0 and has no parent, which is -1."""
    return _FIRST_BLOCK.match(head) is not None


def program_of(path: Path, format: str, limits: Limits) -> Program:
    """The program in a file; of several blocks the first one is what runs."""
    walker = Walker(mapped(path, 0, path.stat().st_size), path, format, SCHEMAS, limits)
    blocks = walker.read("Program")["blocks"]
    variables = [variable for variable in blocks[0]["variables"] if _is_dense(variable)]
    return Program(
        tuple(sorted(variable["name"] for variable in variables if variable["persistable"])),
        tuple(_step(operator) for operator in blocks[0]["operators"]),
        {variable["name"]: _shape(variable) for variable in variables},
    )


def _is_dense(variable: Message) -> bool:
    kind = variable["type"]
    return kind is not None and kind["kind"] == _DENSE and kind["dense"] is not None


def _shape(variable: Message) -> Shape:
    tensor = variable["type"]["dense"]["tensor"] or {"dims": ()}
    return tuple(extent if extent >= 0 else None for extent in tensor["dims"])


def _step(operator: Message) -> Step:
    sides = [{side["slot"]: side["names"] for side in operator[which]} for which in ("inputs", "outputs")]
    attributes = {
        attribute["name"]: attribute["values"] if "values" in attribute else attribute["value"]
        for attribute in operator["attributes"]
    }
    return Step(operator["type"], sides[0], sides[1], attributes)
