"""Loops that are recurrent layers.

Keras writes a recurrent layer as a loop: each turn takes one item of a list of inputs, multiplies it and a state with
matrices, and gives new states and an item of a list of outputs. Any loop of that form is one, whatever is between; its
gates are taken to be stacked as Keras stacks them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Literal

from topokit.loaders.formats.graphs.constants import Constant
from topokit.loaders.formats.tensorflow_files.graph import Function, FunctionName, Operation, node_of
from topokit.loaders.formats.tensorflow_files.translation import Handler, Step

_READS = {"TensorListGetItem": 0, "TensorArrayReadV3": 2}
_WRITES = {"TensorListSetItem": 2, "TensorArrayWriteV3": 2}
_LISTS = {"TensorListFromTensor": 0, "TensorListStack": 0, "TensorArrayScatterV3": 2, "TensorArrayGatherV3": 2}
_PRODUCTS = ("MatMul", "_FusedMatMul", "BatchMatMulV2")
_CELLS = {4: ("lstm", "ifgo"), 3: ("gru", "zrn"), 1: ("rnn", "")}
_SAME = ("Identity", "StopGradient", "Cast", "EnsureShape")

Source = tuple[Literal["item", "argument", "constant"], int | str]


@dataclass(frozen=True, eq=False)
class _Body:
    """The body of a loop, by what its values come from."""

    function: Function

    @cached_property
    def operations(self) -> Mapping[str, Operation]:
        return {one.name: one for one in self.function.operations}

    @cached_property
    def places(self) -> Mapping[str, int]:
        return {argument: place for place, argument in enumerate(self.function.arguments)}

    def products(self) -> Iterator[tuple[Source, Source]]:
        """What is multiplied with what."""
        for one in self.function.operations:
            if one.type in _PRODUCTS:
                yield from product(self.sources(one.inputs[0]), self.sources(one.inputs[1]))

    def sources(self, value: str) -> set[Source]:
        """Items, arguments and constants that a value is made from, products aside."""
        found, seen, waiting = set[Source](), set[str](), [value]
        while waiting:
            here = waiting.pop()
            one = self.operations.get(node_of(here))
            if here in self.places:
                found.add(("argument", self.places[here]))
            elif one is not None and one.name not in seen and one.type not in _PRODUCTS:
                seen.add(one.name)
                if one.constant is not None:
                    found.add(("constant", one.name))
                elif one.type in _READS:
                    found.add(("item", self.places.get(self._behind(one.inputs[_READS[one.type]]), -1)))
                else:
                    waiting.extend(one.inputs)
        return found

    def result(self, place: int) -> tuple[str, bool]:
        """A result of the body, or what it adds to a list, and which of both it is."""
        value = self._behind(self.function.results[place])
        one = self.operations.get(node_of(value))
        if one is None or one.type not in _WRITES:
            return value, False
        return self._behind(one.inputs[_WRITES[one.type]]), True

    def _behind(self, value: str) -> str:
        """The value that others only repeat."""
        for _ in self.operations:
            one = self.operations.get(value)
            if value in self.places or one is None or one.type not in _SAME:
                break
            value = one.inputs[0]
        return value


def _looped(step: Step) -> None:
    named = step.told("body")
    function = step.translation.functions.get(named.name) if isinstance(named, FunctionName) else None
    if function is None or len(function.results) != len(step.inputs):
        step.unknown()
        return
    body = _Body(function)
    varying = {place for place, value in enumerate(function.results) if value != function.arguments[place]}
    pairs = [(source, matrix) for source, matrix in body.products() if _shape(step, body, matrix, varying) is not None]
    items = {(place, matrix) for (kind, place), matrix in pairs if kind == "item"}
    states = {(place, matrix) for (kind, place), matrix in pairs if kind == "argument" and place in varying}
    if len(items) != 1 or len(states) != 1:
        step.unknown("a loop that is no recurrent layer", outputs=len(step.inputs))
        return
    (sequence, kernel), (state, recurrent) = next(iter(items)), next(iter(states))
    _layer(step, body, int(sequence), int(state), (kernel, recurrent))


def _shape(step: Step, body: _Body, matrix: Source, varying: Collection[int]) -> tuple[int, ...] | None:
    """The shape of a matrix that does not change; None of anything else."""
    constant = None if matrix[1] in varying else _constant(step, body, matrix)
    return constant.shape if constant is not None and len(constant.shape or ()) == 2 else None


def _constant(step: Step, body: _Body, source: Source) -> Constant | None:
    kind, place = source
    if kind == "argument":
        return step.constant(int(place))
    entry = body.operations[str(place)].constant if kind == "constant" else None
    return None if entry is None else step.translation.keep(entry)


def _layer(step: Step, body: _Body, sequence: int, state: int, matrices: tuple[Source, Source]) -> None:
    constants = [_constant(step, body, matrix) or Constant() for matrix in matrices]
    weights = [step.place(constant, "io") for constant in constants]
    units, width = constants[1].shape or (1, 0)
    cell = _CELLS.get(width // units) if units else None
    if sequence < 0 or cell is None or weights[0] is None or weights[1] is None:
        step.unknown("a loop with computed weights", outputs=len(step.inputs))
        return
    outputs, layouts = zip(*_outputs(step, body, state), strict=True)
    kernels = {"kernel": weights[0], "recurrent": weights[1]}
    value = step.inputs[sequence]
    told = {"cell": cell[0], "gates": width // units, "gate_order": cell[1], "layouts": layouts}
    step.add("recurrent", [value], outputs, kernels, **told)


def _outputs(step: Step, body: _Body, state: int) -> list[tuple[str, str]]:
    """The values that leave the loop, and what their axes are; the list of all hidden states first."""
    hidden, made = body.result(state)[0], list[tuple[str, str]]()
    for place, own in enumerate(body.function.arguments):
        output = f"{step.output}:{place}" if place else step.output
        value, is_listed = body.result(place)
        if is_listed and value == hidden:
            made.insert(0, (output, "tbf"))
        elif value != own and not is_listed and step.shape(place) == step.shape(state):
            made.append((output, "bf"))
    return made


def _listed(step: Step) -> None:
    step.add("pass", [step.inputs[_LISTS[step.operation.type]]])


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("While", "StatelessWhile", "_While"), _looped),
    **dict.fromkeys(_LISTS, _listed),
}
