"""One node of an ONNX graph while it is translated, and what is known so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Any

from numpy.typing import NDArray

from topokit.errors import CorruptCheckpointError
from topokit.loaders.checkpoint import Quantisation, Role
from topokit.loaders.formats.common.protobuf import Message
from topokit.loaders.formats.graphs.builder import GraphBuilder
from topokit.loaders.formats.graphs.constants import Constant
from topokit.loaders.formats.graphs.stored import Stored
from topokit.loaders.formats.graphs.weights import Weights
from topokit.loaders.formats.onnx import NAME
from topokit.loaders.formats.onnx_files.naming import module_name, node_name
from topokit.loaders.formats.onnx_files.schema import attribute, domain
from topokit.loaders.formats.onnx_files.tensors import TensorFiles
from topokit.loaders.graph import Operation, Shape, Weight

_MOST_NUMBERS = 2**23


@dataclass(frozen=True, eq=False)
class Scope:
    """What the names of one graph body stand for.

    Attributes
    ----------
    prefix : str
        What the values made here are called first, so that two bodies may use a name.
    outer : Scope, optional
        The body around this one, whose values may be used here.
    taken : set of str
        Names of all values so far, in all bodies.
    names : dict of str to str
        Values by their name in the body.
    """

    prefix: str = ""
    outer: Scope | None = None
    taken: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)

    def find(self, name: str) -> str:
        """The value of that name, here or further out."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.outer
        return self.prefix + name

    def make(self, name: str) -> str:
        """The value that this body makes under a name."""
        if not name or name in self.names:
            return self.names.get(name, "")
        value = self.prefix + name
        while value in self.taken:
            value += "'"
        self.taken.add(value)
        self.names[name] = value
        return value


@dataclass(eq=False)
class Translation:
    """What is known of a model so far.

    Attributes
    ----------
    files : TensorFiles
        Where tensors lie.
    builder : GraphBuilder
        The nodes.
    constants : dict of str to Constant
        Values that no input changes.
    stored : dict of str to Stored
        Tensors of the checkpoint.
    weights : Weights
        What their places make of them.
    quantisation : dict of str to Quantisation
        How whole numbers stand for weights.
    aside : str
        Why the tensors that are taken now are no part of the network.
    """

    files: TensorFiles
    builder: GraphBuilder = field(default_factory=GraphBuilder)
    constants: dict[str, Constant] = field(default_factory=dict)
    stored: dict[str, Stored] = field(default_factory=dict)
    quantisation: dict[str, Quantisation] = field(default_factory=dict)
    aside: str = ""

    def __post_init__(self) -> None:
        self.weights = Weights(self.builder.tensors)
        self._numbers = 0

    def keep(self, stored: Stored) -> Constant:
        """Take a tensor into the checkpoint."""
        if stored.name in self.stored:
            remedy = "export the model again"
            raise CorruptCheckpointError(
                self.files.path, "a name is used twice", format=NAME, place=repr(stored.name), remedy=remedy
            )
        if self.aside:
            self.weights.asides[stored.name] = self.aside
        self.stored[stored.name] = stored
        self.builder.tensors[stored.name] = stored.shape
        return Constant.stored(stored.name, stored.shape, stored.dense)

    def define(self, value: str, constant: Constant) -> None:
        """Say that a value is constant; the numbers of all of them together are limited."""
        if constant.view is None and constant.is_small:
            self._numbers += prod(constant.shape or ())
            if self._numbers > _MOST_NUMBERS:
                constant = Constant(constant.shape, sources=constant.sources)
        self.constants[value] = constant
        if constant.shape is not None:
            self.builder.shapes[value] = constant.shape


@dataclass(eq=False)
class Step:
    """A node in its place.

    Attributes
    ----------
    translation : Translation
        What is known.
    message : Message
        The node.
    scope : Scope
        What its names stand for.
    inputs, outputs : tuple of str
        Values; empty for those left out.
    """

    translation: Translation
    message: Message
    scope: Scope

    def __post_init__(self) -> None:
        self.inputs = tuple(self.scope.find(name) if name else "" for name in self.message["inputs"])
        self.outputs = tuple(self.scope.make(name) for name in self.message["outputs"])
        self.key = (domain(self.message), self.message["type"])

    @cached_property
    def attributes(self) -> Mapping[str, Any]:
        """The node's attributes by name."""
        return {told["name"]: attribute(told) for told in self.message["attributes"] if not told["reference"]}

    def has(self, place: int) -> bool:
        """Whether there is an input at that place."""
        return place < len(self.inputs) and self.inputs[place] != ""

    def constant(self, place: int) -> Constant | None:
        """The input at that place, when no input of the model changes it."""
        return self.translation.constants.get(self.inputs[place]) if self.has(place) else None

    def numbers(self, place: int) -> NDArray[Any] | None:
        """The values of a small constant input."""
        constant = self.constant(place)
        return None if constant is None else constant.numbers()

    def listed(self, name: str, place: int) -> tuple[int | None, ...] | None:
        """Whole numbers that older operators have as an attribute and newer ones as an input."""
        if name in self.attributes:
            return tuple(self.attributes[name])
        values = self.numbers(place)
        return None if values is None else whole(values)

    def shape(self, place: int) -> Shape | None:
        """The shape of an input, as far as it is known."""
        return self.translation.builder.shapes.get(self.inputs[place]) if self.has(place) else None

    def rank(self, place: int) -> int | None:
        """How many axes an input has."""
        shape = self.shape(place)
        return None if shape is None else len(shape)

    @property
    def running(self) -> tuple[str, ...]:
        """The inputs that the model's inputs change, each once."""
        constants = self.translation.constants
        return tuple(dict.fromkeys(value for value in self.inputs if value and value not in constants))

    def weight(self, place: int, letters: str, role: Role = "weight") -> Weight | None:
        """The constant input at that place as a weight; None when it is none."""
        constant = self.constant(place)
        if constant is None:
            return None
        return self.translation.weights.place(self.inputs[place], constant, letters, role)

    def mark(self, place: int, role: Role) -> None:
        """Say what the constant input at that place is used as."""
        constant = self.constant(place)
        if constant is not None:
            self.translation.weights.mark(constant.sources, role)

    def value(self) -> str:
        """A name for a value between two nodes that stand for this one."""
        return self.translation.builder.value(next(filter(None, self.outputs), self.key[1]))

    def add(
        self,
        op: Operation,
        inputs: Sequence[str],
        outputs: Sequence[str] | None = None,
        weights: Mapping[str, Weight] | None = None,
        **attributes: Any,
    ) -> None:
        """Add a node that stands for this one or a part of it."""
        made = self.outputs[:1] if outputs is None else outputs
        self.translation.builder.add(op, self._name(weights or {}), inputs, made, weights, **attributes)

    def _name(self, weights: Mapping[str, Weight]) -> str:
        own, first = self.scope.prefix + self.message["name"], next(iter(weights.values()), None)
        if first is None:
            return node_name(own if self.message["name"] else "", self.key[1])
        metadata = {pair["key"]: pair["value"] for pair in self.message["metadata"]}
        return module_name(first.tensor, own, self.key[1], metadata)

    def unknown(self, why: str = "") -> None:
        """Add a node whose working stays unknown."""
        outputs = [self.outputs[0] or self.value(), *filter(None, self.outputs[1:])]
        self.add("unknown", self.running, outputs, type=why or self.key[1])

    def tell(self, value: str, shape: Shape | None) -> None:
        """Say the shape of a value, whatever else was told of it."""
        self.translation.builder.shapes[value] = shape


Handler = Callable[[Step], None]


def whole(values: NDArray[Any]) -> tuple[int | None, ...]:
    """The numbers as ints; None for those unknown."""
    return tuple(None if number != number else int(number) for number in values.reshape(-1).tolist())
