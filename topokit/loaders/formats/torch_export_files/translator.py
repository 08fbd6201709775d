"""From the nodes of an exported program to those of `topokit.loaders.graph`, and what becomes of each tensor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from topokit.loaders.checkpoint import TensorEntry
from topokit.loaders.formats.aten.folding import fold
from topokit.loaders.formats.aten.operators import HANDLERS
from topokit.loaders.formats.graphs.calls import Call, Program, Value
from topokit.loaders.formats.graphs.constants import Constant
from topokit.loaders.formats.graphs.weights import Weights
from topokit.loaders.formats.torch_export_files.arguments import decoded
from topokit.loaders.graph import GraphIR, Shape

_STORED = {
    "parameter": "parameter_name",
    "buffer": "buffer_name",
    "tensor_constant": "tensor_constant_name",
}
_WRAPPERS = ("wrap_with_set_grad_enabled", "wrap_with_autocast", "hints_wrapper", "wrap")
_DEEPEST = 32


def translate(model: Mapping[str, Any], entries: Mapping[str, TensorEntry]) -> tuple[GraphIR, Weights]:
    """The computation of a program, and what its tensors are used as."""
    module = model["graph_module"]
    graph, signature = module["graph"], module["signature"]
    program = Program(module=_module)
    program.builder.tensors.update({name: entry.shape for name, entry in entries.items()})
    _tell_shapes(program, graph, "")
    inputs = [value for spec in signature["input_specs"] if (value := _bound(program, spec, entries)) is not None]
    _walk(program, graph, "", 0)
    ends = [decoded(spec["user_output"]["arg"]) for spec in signature["output_specs"] if "user_output" in spec]
    outputs = [end.name for end in ends if isinstance(end, Value)]
    return program.builder.finish(inputs, outputs), program.weights


def _module(tensor: str, call: str) -> str:
    return tensor.rpartition(".")[0] or tensor


def _bound(program: Program, spec: Mapping[str, Any], entries: Mapping[str, TensorEntry]) -> str | None:
    """The name of a value that comes from outside; a stored tensor becomes a constant instead."""
    kind, told = next(iter(spec.items()))
    if kind == "user_input":
        value = decoded(told["arg"])
        return value.name if isinstance(value, Value) else None
    entry = entries.get(str(told.get(_STORED.get(kind, ""), "")))
    if isinstance(told.get("arg"), dict) and "name" in told["arg"]:
        constant = Constant() if entry is None else Constant.stored(entry.name, entry.shape, _dense(entry))
        program.constants[str(told["arg"]["name"])] = constant
    return None


def _dense(entry: TensorEntry) -> Any:
    def read() -> Any:
        values = entry.read()
        return values if hasattr(values, "strides") else values.toarray()

    return read


def _tell_shapes(program: Program, graph: Mapping[str, Any], prefix: str) -> None:
    for name, meta in graph["tensor_values"].items():
        program.builder.shapes[prefix + name] = _shape(meta)


def _shape(meta: Mapping[str, Any]) -> Shape:
    return tuple(extent.get("as_int") for extent in meta["sizes"])


def _walk(program: Program, graph: Mapping[str, Any], prefix: str, depth: int) -> None:
    for node in graph["nodes"]:
        call = _call(program, node, prefix)
        if not call.outputs:
            continue
        if call.operator in _WRAPPERS and depth < _DEEPEST:
            _inline(program, call, depth)
        elif not call.running:
            fold(call)
        else:
            handler = HANDLERS.get(call.operator)
            call.unknown() if handler is None else handler(call)


def _call(program: Program, node: Mapping[str, Any], prefix: str) -> Call:
    arguments = {str(told["name"]) or str(place): told["arg"] for place, told in enumerate(node["inputs"])}
    steps = str(node["target"]).split(".")
    operator = steps[-2] if len(steps) > 2 and "aten" in steps else steps[-1]
    made: list[Any] = []
    for output in node["outputs"]:
        value = decoded(output)
        made.extend(value if isinstance(value, tuple) else (value,))
    outputs = tuple(prefix + value.name for value in made if isinstance(value, Value))
    name = str(node.get("name") or (outputs[0] if outputs else operator))
    values = {key: _prefixed(decoded(argument), prefix) for key, argument in arguments.items()}
    return Call(program, operator, name, values, outputs)


def _prefixed(argument: Any, prefix: str) -> Any:
    if isinstance(argument, Value):
        return Value(prefix + argument.name)
    if isinstance(argument, tuple):
        return tuple(_prefixed(each, prefix) for each in argument)
    return argument


def _inline(program: Program, call: Call, depth: int) -> None:
    """The graph inside a wrapper that changes nothing, in the wrapper's place."""
    body = next((each for each in call.arguments.values() if isinstance(each, dict) and "graph" in each), None)
    if body is None:
        call.unknown()
        return
    graph, prefix = body["graph"], f"{call.name}/"
    _tell_shapes(program, graph, prefix)
    for inner, outer in zip(graph["inputs"], call.values, strict=False):
        _alias(program, prefix + inner["as_tensor"]["name"], outer)
    _walk(program, graph, prefix, depth + 1)
    for output, made in zip(call.outputs, graph["outputs"], strict=False):
        _alias(program, output, prefix + made["as_tensor"]["name"])


def _alias(program: Program, name: str, value: str) -> None:
    if value in program.constants:
        program.constants[name] = program.constants[value]
    else:
        program.builder.add("pass", name, [value], [name])
