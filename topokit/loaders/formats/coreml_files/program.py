"""From an ML program to the nodes of `topokit.loaders.graph`, and its tensors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from topokit.errors import UnsupportedFeatureError
from topokit.loaders.formats.common.protobuf import Message
from topokit.loaders.formats.coreml import NAME
from topokit.loaders.formats.coreml_files.compressed import expanded
from topokit.loaders.formats.coreml_files.operators import HANDLERS
from topokit.loaders.formats.coreml_files.values import ModelFiles
from topokit.loaders.formats.graphs.calls import Call, Program, Value
from topokit.loaders.formats.graphs.constants import SMALL, Constant
from topokit.loaders.formats.graphs.stored import Stored
from topokit.loaders.formats.graphs.weights import Weights
from topokit.loaders.graph import GraphIR, Shape

_ANONYMOUS = re.compile(r"(const|concat|var|op|x)_\d+(_\w+)?$")
_LEAF = re.compile(r"_(weight|weights|kernel|palettized|quantized|to_fp16|cast_fp16|sparsified)$")
_MAIN = "main"
_WORDS = "strings"


def read_program(message: Message, files: ModelFiles) -> tuple[GraphIR, Weights, dict[str, Stored]]:
    """The computation of an ML program, what its tensors are used as, and the tensors.

    Raises
    ------
    UnsupportedFeatureError
        The program has several functions and none is the main one.
    """
    functions = {entry["key"]: entry["value"] for entry in message["functions"]}
    function = functions.get(_MAIN) or (next(iter(functions.values())) if len(functions) == 1 else None)
    blocks = {entry["key"]: entry["value"] for entry in function["blocks"]} if function is not None else {}
    block = blocks.get(function["opset"]) if function is not None else None
    if function is None or block is None:
        problem = f"has {len(functions)} functions and none that is the network"
        raise UnsupportedFeatureError(files.path, problem, format=NAME, remedy="save one function as a model")
    reader = _Reader(files)
    inputs = [value["name"] for value in function["inputs"]]
    for value in function["inputs"]:
        reader.program.builder.shapes[value["name"]] = _shape(value["type"])
    for operation in block["operations"]:
        reader.step(operation)
    graph = reader.program.builder.finish(inputs, block["outputs"])
    return graph, reader.program.weights, reader.stored


class _Reader:
    """Walks the operations of a program."""

    def __init__(self, files: ModelFiles) -> None:
        self.files = files
        self.program = Program(module=_module)
        self.stored: dict[str, Stored] = {}
        self._parts: dict[str, Stored] = {}
        self._plain: dict[str, Any] = {}

    def step(self, operation: Message) -> None:
        """Translate one operation, or keep the constant that it is."""
        type_ = operation["type"]
        attributes = {entry["key"]: entry["value"] for entry in operation["attributes"]}
        outputs = tuple(value["name"] for value in operation["outputs"])
        for value in operation["outputs"]:
            self.program.builder.shapes[value["name"]] = _shape(value["type"])
        if type_ == "const" and outputs:
            self._constant(outputs[0], attributes)
        elif type_.startswith("constexpr_") and outputs:
            self._compressed(operation, outputs[0], attributes)
        else:
            self._call(operation, outputs, attributes)

    def _constant(self, name: str, attributes: Mapping[str, Message]) -> None:
        value = attributes.get("val")
        words = _words(value)
        if value is None or words is not None:
            self.program.constants[name] = Constant()
            self._plain[name] = words
            return
        stored = self.files.stored(value, name)
        self._parts[name] = stored
        if _is_setting(stored):
            values = stored.dense()
            self._plain[name] = values.item() if values.ndim == 0 else tuple(values.tolist())
            self.program.constants[name] = Constant.of(values)
        else:
            self._keep(stored)

    def _keep(self, stored: Stored) -> None:
        self.stored[stored.name] = stored
        self.program.builder.tensors[stored.name] = stored.shape
        self.program.constants[stored.name] = Constant.stored(stored.name, stored.shape, stored.dense)

    def _compressed(self, operation: Message, name: str, attributes: Mapping[str, Message]) -> None:
        """A weight of several parts; what the parts are is no tensor of the model any more."""
        parts = {key: self.files.stored(value, f"{name} {key}") for key, value in attributes.items() if key != "name"}
        for entry in operation["inputs"]:
            binding = next(iter(entry["value"]["bindings"]), None) if entry["value"] is not None else None
            if binding is not None and binding["value"] is not None:
                parts[entry["key"]] = self.files.stored(binding["value"], f"{name} {entry['key']}")
            elif binding is not None and binding["name"] in self._parts:
                parts[entry["key"]] = self._parts[binding["name"]]
                self.stored.pop(binding["name"], None)
        shape = _shape(operation["outputs"][0]["type"]) or ()
        known = tuple(extent for extent in shape if extent is not None)
        weight = expanded(operation["type"], parts, name, known) if len(known) == len(shape) else None
        if weight is None:
            self.program.constants[name] = Constant(known)
            self.program.builder.note(f"{operation['type']} of {name} is not followed")
        else:
            self._parts[name] = weight
            self._keep(replace(weight, name=name))

    def _call(self, operation: Message, outputs: tuple[str, ...], attributes: Mapping[str, Message]) -> None:
        arguments = {entry["key"]: self._argument(entry["value"]) for entry in operation["inputs"]}
        name = _words(attributes.get("name")) or (outputs[0] if outputs else operation["type"])
        call = Call(self.program, operation["type"], str(name), arguments, outputs)
        if not outputs:
            return
        if not call.running:
            self._fold(call)
        else:
            handler = HANDLERS.get(call.operator)
            call.unknown() if handler is None else handler(call)

    def _fold(self, call: Call) -> None:
        """Constants of constants: converters leave casts only."""
        source = call.constant("x")
        for output in call.outputs:
            same = source is not None and call.operator in ("cast", "identity")
            self.program.constants[output] = source if same and source is not None else Constant()

    def _argument(self, argument: Message | None) -> Any:
        made = []
        for binding in argument["bindings"] if argument is not None else ():
            if binding["name"]:
                plain = binding["name"] in self._plain
                made.append(self._plain[binding["name"]] if plain else Value(binding["name"]))
            else:
                made.append(self._immediate(binding["value"]))
        return made[0] if len(made) == 1 else tuple(made)

    def _immediate(self, value: Message | None) -> Any:
        words = _words(value)
        if value is None or words is not None:
            return words
        values = self.files.stored(value, "an argument").dense()
        return values.item() if values.ndim == 0 else tuple(values.tolist())


def _is_setting(stored: Stored) -> bool:
    """Whether a constant is a number or a short list that says how an operator works."""
    whole = stored.dtype.startswith(("int", "uint", "bool"))
    return not stored.shape or (len(stored.shape) == 1 and whole and stored.shape[0] <= SMALL)


def _words(value: Message | None) -> Any:
    """The text or texts that a value is; None when it is something else."""
    immediate = value["immediate"] if value is not None else None
    tensor = immediate["tensor"] if immediate is not None else None
    if tensor is None or tensor[_WORDS] is None:
        return None
    words = tensor[_WORDS]["values"]
    return words[0] if len(words) == 1 else tuple(words)


def _shape(type_: Message | None) -> Shape | None:
    tensor = type_["tensor"] if type_ is not None else None
    if tensor is None:
        return None
    return tuple(dim["constant"]["size"] if dim["constant"] is not None else None for dim in tensor["dims"])


def _module(tensor: str, call: str) -> str:
    return call if _ANONYMOUS.match(tensor) else _LEAF.sub("", _LEAF.sub("", tensor))
