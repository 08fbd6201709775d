"""Calls of operators in code become the calls that exported programs consist of, with the shapes that are told."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from numpy.typing import NDArray
from scipy import sparse

from topokit.loaders.checkpoint import TensorEntry
from topokit.loaders.formats.aten.folding import fold
from topokit.loaders.formats.aten.operators import HANDLERS
from topokit.loaders.formats.graphs.calls import Call, Program, Value
from topokit.loaders.formats.graphs.constants import Constant
from topokit.loaders.formats.graphs.shapes import broadcast
from topokit.loaders.formats.torch_files.code.creation import CREATORS, created
from topokit.loaders.formats.torch_files.code.extents import LISTS, told_shapes
from topokit.loaders.formats.torch_files.code.inputs import Inputs
from topokit.loaders.formats.torch_files.code.scalars import computed
from topokit.loaders.formats.torch_files.code.schemas import ALIASES, OUTPUTS, named
from topokit.loaders.formats.torch_files.code.values import UNKNOWN, Unknown, UntranslatableError, tensors_in
from topokit.loaders.graph import Shape

_MOST_CALLS = 30_000
_CELLS = {"lstm_cell": "lstm", "gru_cell": "gru", "rnn_tanh_cell": "rnn_tanh", "rnn_relu_cell": "rnn_relu"}
_TOLD = ("device", "dtype", "is_cuda", "requires_grad", "layout", "is_floating_point", "stride", "storage_offset")


class Lowering:
    """Turns calls into nodes, one after the other.

    Parameters
    ----------
    tensors : mapping of str to TensorEntry
        What the checkpoint holds.
    rank : int
        How many axes inputs have that go straight into a product with a matrix.
    inputs : mapping of str to tuple
        Shapes of inputs as far as an earlier attempt found them out.

    Attributes
    ----------
    program : Program
        The nodes so far.
    inputs : Inputs
        Values that come from outside.
    """

    def __init__(self, tensors: Mapping[str, TensorEntry], rank: int, inputs: Mapping[str, Shape]) -> None:
        self.program = Program(module=self._layer)
        self.program.builder.tensors.update({name: entry.shape for name, entry in tensors.items()})
        self.program.builder.shapes.update(inputs)
        self.inputs = Inputs(self.program.builder.shapes, rank)
        self._places: set[str] = set()
        self._tensors, self._calls = tensors, 0

    def stored(self, name: str) -> Value:
        """A tensor of the checkpoint."""
        if name not in self.program.constants:
            entry = self._tensors[name]
            self._define(name, Constant.stored(name, entry.shape, partial(_dense, entry)))
        return Value(name)

    def input(self, name: str) -> Value:
        """A value that comes from outside."""
        self.inputs.names.append(name)
        return Value(name)

    def shape(self, value: Value) -> Shape | None:
        """The shape of a tensor, None for extents that nobody tells."""
        return self.program.builder.shapes.get(value.name)

    def call(self, operator: str, arguments: tuple[Any, ...], keywords: Mapping[str, Any], place: str = "") -> Any:
        """What an operator makes, after adding the nodes that stand for it; `place` is the module that calls it."""
        self._count(1)
        self._places.add(place)
        operator = self._known(operator)
        if operator in CREATORS:
            return self._created(operator, arguments)
        if operator in _CELLS:
            return self._cell(operator, arguments, place)
        if not tensors_in((arguments, tuple(keywords.values()))):
            return computed(operator, arguments)
        asked = self._asked(operator, arguments)
        return asked[0] if asked else self._added(operator, arguments, keywords, place)

    def _count(self, calls: int) -> None:
        self._calls += calls
        if self._calls > _MOST_CALLS:
            raise UntranslatableError(f"it makes more than {_MOST_CALLS:,} calls")

    def _layer(self, tensor: str, call: str) -> str:
        """The module that a tensor belongs to, unless another one that is not around it makes the call."""
        own = tensor.rpartition(".")[0] or tensor
        return call if call in self._places and not own.startswith(call) else own

    def _known(self, operator: str) -> str:
        name = ALIASES.get(operator, operator)
        return name if name in HANDLERS or name.rstrip("_") not in HANDLERS else name.rstrip("_")

    def _define(self, name: str, constant: Constant) -> None:
        self.program.constants[name] = constant
        if constant.shape is not None:
            self.program.builder.shapes[name] = constant.shape

    def _cell(self, operator: str, arguments: tuple[Any, ...], place: str) -> Any:
        """One step of a recurrent layer: as a sequence of one."""
        value, state, *parameters = arguments
        sequence = self.call("unsqueeze", (value, 1), {}, place)
        told = (sequence, state, parameters, len(parameters) > 2, 1, 0.0, False, False, True)
        made = self.call(_CELLS[operator], told, {}, place)
        last = self.call("select", (made[0], 1, -1), {}, place)
        return (last, self.call("select", (made[2], 0, 0), {}, place)) if len(made) > 2 else last

    def _created(self, operator: str, arguments: tuple[Any, ...]) -> Value:
        first = arguments[0] if arguments else None
        values, shape = created(operator, arguments, self.shape(first) if isinstance(first, Value) else None)
        name = self.program.builder.value("constant")
        self._define(name, Constant() if values is None else Constant.of(values))
        if shape is not None:
            self.program.builder.shapes[name] = shape
        return Value(name)

    def _asked(self, operator: str, arguments: tuple[Any, ...]) -> tuple[Any] | None:
        """What code asks of a tensor rather than doing something to it."""
        value = arguments[0]
        if not isinstance(value, Value):
            return None
        shape = self.shape(value)
        if operator in ("size", "shape"):
            if shape is None:
                return (UNKNOWN,)
            extents = [UNKNOWN if extent is None else extent for extent in shape]
            return (extents[arguments[1]] if len(arguments) > 1 else extents,)
        if operator in ("dim", "ndim", "ndimension"):
            return (UNKNOWN if shape is None else len(shape),)
        if operator == "len":
            return (UNKNOWN if not shape or shape[0] is None else shape[0],)
        if operator in ("Int", "int", "Bool", "bool", "Float", "float", "item", "numel", "IntImplicit"):
            return (self._number(value, operator),)
        if operator in ("__is__", "__isnot__"):
            return (operator == "__isnot__",)
        return (UNKNOWN,) if operator in _TOLD else None

    def _number(self, value: Value, operator: str) -> Any:
        constant = self.program.constants.get(value.name)
        numbers = None if constant is None else constant.numbers()
        if numbers is None or numbers.size != 1 or operator == "numel":
            return UNKNOWN
        return computed(operator if operator != "item" else "float", (numbers.item(),))

    def _added(self, operator: str, arguments: tuple[Any, ...], keywords: Mapping[str, Any], place: str) -> Any:
        told = {name: _argument(value) for name, value in {**named(operator, arguments), **keywords}.items()}
        _widen(operator, told)
        held = tensors_in(tuple(told.values()))
        first = next((tensor for tensor in held if tensor.name not in self.program.constants), held[0])
        if self.shape(first) is None and self.inputs.are_moved(operator, told, first.name):
            moved = self.program.builder.value(operator)
            self.inputs.move(operator, told, first.name, moved)
            return Value(moved)
        self.inputs.settle(operator, told)
        outputs = self._outputs(operator, told, first, place)
        self._place(Call(self.program, operator, place or operator, told, outputs))
        values = tuple(Value(name) for name in outputs)
        return list(values) if operator in LISTS else values if len(values) > 1 else values[0]

    def _outputs(self, operator: str, told: Mapping[str, Any], first: Value, place: str) -> tuple[str, ...]:
        """Names of the tensors that an operator makes, whose shapes are told as far as its arguments do."""
        other = told.get("other") or told.get("shape")
        beside = self.shape(other) if isinstance(other, Value) else None
        shapes = told_shapes(operator, told, self.shape(first), beside)
        if operator in LISTS and not shapes:
            raise UntranslatableError(f"{operator} makes a number of parts that nobody tells")
        count = len(shapes) if operator in LISTS else OUTPUTS.get(operator, 1)
        self._count(count + sum(told["repeats"]) if operator == "repeat" else count)
        outputs = tuple(self.program.builder.value(place or operator) for _ in range(count))
        self.program.builder.shapes.update(zip(outputs, shapes, strict=False))
        return outputs

    def _place(self, call: Call) -> None:
        if call.running:
            handler = HANDLERS.get(call.operator)
            call.unknown() if handler is None else handler(call)
            return
        shapes = [self.shape(Value(name)) for name in call.values]
        known = [shape for shape in shapes if shape is not None]
        if len(call.outputs) == 1 and call.outputs[0] not in self.program.builder.shapes and len(known) == len(shapes):
            self.program.builder.shapes[call.outputs[0]] = broadcast(*known)
        fold(call)


def _argument(value: Any) -> Any:
    """A value as an argument of a `Call`: lists as tuples, None for what only run time tells."""
    if isinstance(value, Unknown):
        return None
    return tuple(_argument(part) for part in value) if isinstance(value, (list, tuple)) else value


def _widen(operator: str, told: dict[str, Any]) -> None:
    """Make lists of sizes that stand for all spatial axes."""
    places = operator[-2:-1]
    for name in ("kernel_size", "output_size"):
        if isinstance(told.get(name), int) and places.isdigit():
            told[name] = (told[name],) * int(places)


def _dense(entry: TensorEntry) -> NDArray[Any]:
    values = entry.read()
    dense: NDArray[Any] = values.toarray() if isinstance(values, sparse.csr_array) else values
    return dense
