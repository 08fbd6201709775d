"""One operation of a TensorFlow graph while it is translated, and what is known so far."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.loaders.checkpoint import Role, TensorEntry
from topokit.loaders.formats.graphs.builder import GraphBuilder
from topokit.loaders.formats.graphs.constants import Constant
from topokit.loaders.formats.graphs.weights import Weights
from topokit.loaders.formats.tensorflow_files.graph import Function, Operation
from topokit.loaders.graph import Operation as Word
from topokit.loaders.graph import Shape, Weight

_CALLS = re.compile(r"^((Stateful)?PartitionedCall(_\d+)?/)+")
_STEPS = re.compile(
    r"/(Tensordot(/\w+)?|(Batch)?MatMul(V2)?(_\d+)?|BiasAdd(_\d+)?|[Ee]insum(/Einsum)?|lookup|convolution|depthwise"
    r"|Conv[23]D|separable_conv2d(/depthwise)?|conv2d_transpose|embedding_lookup|GatherV2|while(_\d+)?~?"
    r"|Relu6?(_\d+)?|Elu|Selu|Sigmoid|Tanh)$"
)
_LEAVES = re.compile(r"(/\w+_cell(_\d+)?)?/(kernel|weights?|embeddings|depthwise_kernel|gamma|w|W)(:0)?$")


@dataclass(eq=False)
class Translation:
    """What is known of a graph so far.

    Attributes
    ----------
    functions : mapping of str to Function
        Those that loops and branches name.
    builder : GraphBuilder
        The nodes.
    constants : dict of str to Constant
        Values that no input changes.
    stored : dict of str to TensorEntry
        Tensors that weights may name.
    weights : Weights
        What tensors are used as.
    scales : set of str
        Values with one number for all neurons of a place: means, deviations.
    """

    functions: Mapping[str, Function]
    builder: GraphBuilder = field(default_factory=GraphBuilder)
    constants: dict[str, Constant] = field(default_factory=dict)
    stored: dict[str, TensorEntry] = field(default_factory=dict)
    scales: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.weights = Weights(self.builder.tensors)

    def keep(self, entry: TensorEntry) -> Constant:
        """Take a tensor in, as a value that does not change."""
        self.stored[entry.name] = entry
        self.builder.tensors[entry.name] = entry.shape
        if entry.dtype == "string":
            return Constant(entry.shape, sources=(entry.name,))
        return Constant.stored(entry.name, entry.shape, lambda: np.asarray(entry.read()))

    def define(self, value: str, constant: Constant) -> None:
        """Say that a value is constant."""
        self.constants[value] = constant
        if constant.shape is not None:
            self.builder.shapes[value] = constant.shape


@dataclass(eq=False)
class Step:
    """An operation in its place."""

    translation: Translation
    operation: Operation

    @property
    def inputs(self) -> tuple[str, ...]:
        """The values it takes."""
        return self.operation.inputs

    @property
    def output(self) -> str:
        """Its first value, which is called as it is."""
        return self.operation.name

    def told(self, name: str, default: Any = None) -> Any:
        """An attribute."""
        return self.operation.attributes.get(name, default)

    def constant(self, place: int) -> Constant | None:
        """The input at that place, when nothing changes it."""
        return self.translation.constants.get(self.inputs[place]) if place < len(self.inputs) else None

    def numbers(self, place: int) -> NDArray[Any] | None:
        """The values of a small constant input."""
        constant = self.constant(place)
        return None if constant is None else constant.numbers()

    def whole(self, place: int) -> tuple[int | None, ...] | None:
        """Whole numbers of a small constant input, None for those unknown."""
        values = self.numbers(place)
        if values is None:
            return None
        return tuple(None if number != number else int(number) for number in values.reshape(-1).tolist())

    def axes(self, place: int) -> tuple[int, ...] | None:
        """The same where all of them are known."""
        values = self.whole(place)
        if values is None:
            return None
        known = tuple(number for number in values if number is not None)
        return known if len(known) == len(values) else None

    def shape(self, place: int = 0) -> Shape | None:
        """The shape of an input, as far as it is known."""
        return self.translation.builder.shapes.get(self.inputs[place]) if place < len(self.inputs) else None

    @property
    def running(self) -> tuple[str, ...]:
        """The inputs that the graph's inputs change, each once; scales only where there is nothing else."""
        known, scales = self.translation.constants, self.translation.scales
        values = tuple(dict.fromkeys(value for value in self.inputs if value not in known))
        return tuple(value for value in values if value not in scales) or values

    def weight(self, place: int, letters: str, role: Role = "weight") -> Weight | None:
        """The constant input at that place as a weight; None when it is none."""
        constant = self.constant(place)
        return None if constant is None else self.place(constant, letters, role)

    def place(self, constant: Constant, letters: str, role: Role = "weight") -> Weight | None:
        """A constant made of inputs as a weight; None when it is made of no tensor of the file."""
        value = next(name for name in self.inputs if name in self.translation.constants)
        return self.translation.weights.place(value, constant, letters, role)

    def mark(self, place: int, role: Role) -> None:
        """Say what the constant input at that place is used as."""
        constant = self.constant(place)
        if constant is not None:
            self.translation.weights.mark(constant.sources, role)

    def value(self) -> str:
        """A name for a value between two nodes that stand for this operation."""
        return self.translation.builder.value(self.output)

    def add(
        self,
        op: Word,
        inputs: Sequence[str],
        outputs: Sequence[str] | None = None,
        weights: Mapping[str, Weight] | None = None,
        **attributes: Any,
    ) -> None:
        """Add a node that stands for this operation or a part of it."""
        made = [self.output] if outputs is None else outputs
        kernel = (weights or {}).get("kernel")
        name = self._module(kernel.tensor if kernel is not None else None)
        self.translation.builder.add(op, name, inputs, made, weights, **attributes)

    def tell(self, value: str, shape: Shape | None) -> None:
        """Say the shape of a value that the node cannot tell itself."""
        if shape is not None:
            self.translation.builder.shapes.setdefault(value, shape)

    def unknown(self, why: str = "", outputs: int = 1) -> None:
        """Add a node whose working stays unknown."""
        values = [self.output, *(f"{self.output}:{place}" for place in range(1, outputs))]
        self.add("unknown", self.running, values, type=why or self.operation.type)

    def _module(self, tensor: str | None) -> str:
        """The module: that of the variable in the place of the kernel, else the scope of the operation."""
        own = _CALLS.sub("", self.operation.name)
        if tensor is None:
            return own
        return _LEAVES.sub("", tensor) if _LEAVES.search(tensor) else _STEPS.sub("", own)


Handler = Callable[[Step], None]
