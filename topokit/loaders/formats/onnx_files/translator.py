"""From the nodes of an ONNX model to the nodes of `topokit.loaders.graph`, and what becomes of each tensor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

import numpy as np

from topokit.errors import LimitExceededError
from topokit.loaders.formats.common.protobuf import Message
from topokit.loaders.formats.graphs.constants import SMALL, Constant
from topokit.loaders.formats.onnx import NAME
from topokit.loaders.formats.onnx_files.folding import fold
from topokit.loaders.formats.onnx_files.operators import HANDLERS
from topokit.loaders.formats.onnx_files.ordering import in_order
from topokit.loaders.formats.onnx_files.schema import attribute, domain, shape_of
from topokit.loaders.formats.onnx_files.sparse import from_sparse
from topokit.loaders.formats.onnx_files.step import Scope, Step, Translation
from topokit.loaders.formats.onnx_files.tensors import DTYPES, STRING, TensorFiles
from topokit.loaders.graph import GraphIR

_FREE_NODES, _MOST_UNFOLDED = 50_000, 8
_DEEPEST = 32
_UNFOLDED = ("If", "Loop", "Scan", "RandomNormal", "RandomUniform", "Bernoulli", "Multinomial")


def translate(model: Message, files: TensorFiles) -> tuple[GraphIR, Translation]:
    """The computation of a model, and its tensors with what is known of them."""
    functions = {(domain(function), function["name"]): function for function in model["functions"]}
    told = len(model["graph"]["nodes"]) + sum(len(function["nodes"]) for function in model["functions"])
    translator = Translator(files, functions, _FREE_NODES + _MOST_UNFOLDED * told)
    graph, scope = model["graph"], Scope()
    translator.enter(graph, scope)
    held = {tensor["name"] for tensor in graph["initializers"]}
    inputs = [value["name"] for value in graph["inputs"] if value["name"] not in held]
    translator.walk(graph["nodes"], scope, 0)
    outputs = [scope.find(value["name"]) for value in graph["outputs"]]
    return translator.state.builder.finish(inputs, outputs), translator.state


class Translator:
    """Walks the bodies of a model: its graph, the functions it calls and the branches it takes.

    Attributes
    ----------
    state : Translation
        What is known so far.
    """

    def __init__(self, files: TensorFiles, functions: Mapping[tuple[str, str], Message], allowed: int) -> None:
        self.state = Translation(files)
        self._functions, self._allowed = functions, allowed
        self._steps = 0
        self._bodies = 0

    def enter(self, graph: Message, scope: Scope) -> None:
        """Take the tensors of a body and what it tells of shapes."""
        for value in graph["inputs"]:
            scope.make(value["name"])
        for value in (*graph["inputs"], *graph["outputs"], *graph["values"]):
            self.state.builder.shapes.setdefault(scope.prefix + value["name"], shape_of(value))
        for tensor in graph["initializers"]:
            self._take(scope.make(tensor["name"]), tensor)
        for tensor in graph["sparse_initializers"]:
            value = scope.make(tensor["values"]["name"])
            self.state.define(value, self.state.keep(from_sparse(self.state.files, tensor, value)))

    def walk(self, nodes: Sequence[Message], scope: Scope, depth: int) -> None:
        """Translate the nodes of one body."""
        for message in in_order(nodes):
            self._steps += 1
            if self._steps > self._allowed or depth > _DEEPEST:
                problem = f"unfolds to more than {self._allowed:,} nodes, or bodies more than {_DEEPEST} deep"
                raise LimitExceededError(self.state.files.path, problem, format=NAME)
            self._translate(Step(self.state, message, scope), depth)

    def _translate(self, step: Step, depth: int) -> None:
        type_ = step.key[1]
        if step.key in self._functions:
            self._call(step, self._functions[step.key], depth)
        elif type_ == "Constant":
            self._constant(step)
        elif type_ == "If":
            self._branch(step, depth)
        elif type_ in ("Loop", "Scan"):
            self._loop(step)
        elif not step.running and type_ not in _UNFOLDED:
            fold(step)
        else:
            self._handle(step)

    def _handle(self, step: Step) -> None:
        """Let the operator's rule translate it; a form of it that the rule does not expect stays unknown."""
        handler = HANDLERS.get(step.key)
        try:
            step.unknown() if handler is None else handler(step)
        except (IndexError, TypeError, ValueError) as error:
            self.state.builder.note(f"{step.message['name'] or step.key[1]} could not be followed: {error}")
            step.unknown()

    def _take(self, value: str, tensor: Message) -> None:
        """A tensor that the file holds; words are passed over."""
        if tensor["type"] == STRING:
            self.state.define(value, Constant(tuple(tensor["dims"])))
        else:
            self.state.define(value, self.state.keep(self.state.files.stored(tensor, value)))

    def _constant(self, step: Step) -> None:
        output = step.outputs[0]
        name, value = next(iter(step.attributes.items()), ("", None))
        if name == "value" and value is not None:
            self._value(output, value)
        elif name == "sparse_value" and value is not None:
            self.state.define(output, self.state.keep(from_sparse(self.state.files, value, output)))
        elif name.endswith(("float", "floats", "int", "ints")):
            self.state.define(output, Constant.of(np.asarray(value, np.float32 if "float" in name else np.int64)))
        else:
            self.state.define(output, Constant())

    def _value(self, output: str, tensor: Message) -> None:
        """Extents and other lone numbers are no tensors of the checkpoint."""
        whole = DTYPES.get(tensor["type"], "").startswith(("int", "uint", "bool"))
        if tensor["type"] != STRING and (not tensor["dims"] or (len(tensor["dims"]) == 1 and whole)):
            stored = self.state.files.stored(tensor, output)
            if stored.nbytes <= 8 * SMALL:
                self.state.define(output, Constant.of(stored.dense()))
                return
        self._take(output, tensor)

    def _call(self, step: Step, function: Message, depth: int) -> None:
        """A function of the model, its nodes in the place of the call."""
        scope = self._inner(step, None)
        names = (*step.inputs, *("",) * len(function["inputs"]))
        scope.names.update(zip(function["inputs"], names, strict=False))
        told = {**{a["name"]: a for a in function["defaults"]}, **{a["name"]: a for a in step.message["attributes"]}}
        self.walk([_bound(node, told) for node in function["nodes"]], scope, depth + 1)
        self._hand_over(step, [scope.find(name) for name in function["outputs"]])

    def _branch(self, step: Step, depth: int) -> None:
        """The branch that is taken; where run time tells, the one with more nodes, which holds the weights."""
        branches = [step.attributes.get(name) for name in ("then_branch", "else_branch")]
        condition = step.numbers(0)
        if any(branch is None for branch in branches):
            step.unknown()
            return
        if condition is not None and condition.size == 1 and condition == condition:
            chosen = branches[0] if condition.reshape(-1)[0] else branches[1]
        else:
            chosen = max(branches, key=_weight)
            if _weight(chosen):
                self.state.builder.note(f"of the branches of {step.message['name'] or 'an If'} one was followed")
        self._inline(step, chosen, depth)
        for branch in branches:
            if branch is not None and branch is not chosen:
                self._leave(step, branch, "in a branch that was not followed")

    def _inline(self, step: Step, body: Any, depth: int) -> None:
        scope = self._inner(step, step.scope)
        self.enter(body, scope)
        self.walk(body["nodes"], scope, depth + 1)
        self._hand_over(step, [scope.find(value["name"]) for value in body["outputs"]])

    def _loop(self, step: Step) -> None:
        """A body that runs many times: its tensors are listed, its working stays unknown."""
        body = step.attributes.get("body")
        if body is not None:
            self._leave(step, body, f"in the body of a {step.key[1]}, which was not followed")
            self.state.builder.note(f"the body of a {step.key[1]} was not followed")
        step.unknown()

    def _leave(self, step: Step, body: Message, reason: str) -> None:
        """List the tensors of a body that is not followed, and of the bodies in it."""
        self.state.aside, scope = reason, self._inner(step, step.scope)
        self.enter(body, scope)
        for message in body["nodes"]:
            inner, self.state.aside = Step(self.state, message, scope), reason
            if message["type"] == "Constant":
                self._constant(inner)
            for value in inner.attributes.values():
                if isinstance(value, Message) and "nodes" in value:
                    self._leave(inner, value, reason)
        self.state.aside = ""

    def _inner(self, step: Step, outer: Scope | None) -> Scope:
        """The scope of a body in the place of a node."""
        self._bodies += 1
        place = step.message["name"] or f"{step.key[1]}_{self._bodies}"
        return Scope(f"{step.scope.prefix}{place}/", outer, step.scope.taken)

    def _hand_over(self, step: Step, values: Sequence[str]) -> None:
        """The values that a body made are those of the node it stands for."""
        for output, value in zip(step.message["outputs"], values, strict=False):
            if output:
                step.scope.names[output] = value


def _bound(node: Message, told: Mapping[str, Message]) -> Message:
    """A node of a function with the attributes of its call."""
    attributes = []
    for message in node["attributes"]:
        if message["reference"] in told:
            message = _renamed(told[message["reference"]], message["name"])
        attributes.append(message)
    bound = copy(node)
    bound["attributes"] = tuple(attributes)
    return bound


def _renamed(message: Message, name: str) -> Message:
    renamed = copy(message)
    renamed["name"] = name
    return renamed


def _weight(body: Any) -> int:
    """How many nodes a body has, all bodies in it included, and its tensors."""
    inner = [attribute(told) for node in body["nodes"] for told in node["attributes"] if told["g"] is not None]
    return len(body["initializers"]) + sum(_weight(graph) for graph in inner) + len(body["nodes"])
