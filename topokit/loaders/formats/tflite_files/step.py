"""One operator of a TensorFlow Lite computation while it is translated, and what is known so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.loaders.checkpoint import Role, TensorEntry
from topokit.loaders.formats.graphs.builder import GraphBuilder
from topokit.loaders.formats.graphs.constants import Constant
from topokit.loaders.formats.graphs.weights import Weights
from topokit.loaders.formats.tflite_files.flatbuffer import Table
from topokit.loaders.formats.tflite_files.naming import module_name
from topokit.loaders.formats.tflite_files.tensors import TensorInfo
from topokit.loaders.graph import Operation, Shape, Weight


@dataclass(frozen=True, eq=False, slots=True)
class OperatorInfo:
    """An operator as its table tells it: its name, its values by number (-1 for none), its options."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Table | None


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """One of the computations of a file.

    Attributes
    ----------
    tensors : tuple of TensorInfo
        Its values by number.
    stored : dict of str to TensorEntry
        Those that are in the file.
    operators : tuple of OperatorInfo
        Its steps in order.
    inputs, outputs : tuple of int
        Numbers of values.
    """

    tensors: tuple[TensorInfo, ...]
    stored: dict[str, TensorEntry]
    operators: tuple[OperatorInfo, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(eq=False)
class Translation:
    """What is known of a computation so far.

    Attributes
    ----------
    parts : sequence of Part
        The computations of the file; the first one is translated.
    stored : dict of str to TensorEntry
        Those that are in the file.
    builder : GraphBuilder
        The nodes.
    constants : dict of str to Constant
        Values that no input changes.
    variables : dict of str to str
        For each handle of a variable, its name.
    initial : mapping of str to str
        For each name of a variable that is never assigned, the tensor it holds from the beginning.
    weights : Weights
        What the stored tensors are for.
    """

    parts: Sequence[Part]
    stored: dict[str, TensorEntry]
    builder: GraphBuilder
    constants: dict[str, Constant] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    initial: Mapping[str, str] = field(default_factory=dict)
    weights: Weights = field(init=False)

    def __post_init__(self) -> None:
        self.weights = Weights(self.builder.tensors)

    @property
    def tensors(self) -> tuple[TensorInfo, ...]:
        """The values of the network by number."""
        return self.parts[0].tensors

    def constant(self, name: str) -> Constant | None:
        """The value as a constant, where it is one."""
        if name not in self.constants and name in self.stored:
            entry = self.stored[name]
            self.constants[name] = Constant.stored(name, entry.shape, lambda: _dense(entry))
        return self.constants.get(name)


def _dense(entry: TensorEntry) -> NDArray[Any]:
    values = entry.read()
    return values if isinstance(values, np.ndarray) else values.toarray()


class Step:
    """One operator, with its values by name."""

    def __init__(self, translation: Translation, operator: OperatorInfo) -> None:
        self.known, self.type = translation, operator.name
        self._options = operator.options
        self.inputs = tuple(translation.tensors[k].name if k >= 0 else "" for k in operator.inputs)
        self.outputs = tuple(translation.tensors[k].name for k in operator.outputs)
        self._told = {translation.tensors[k].name: translation.tensors[k].told for k in operator.outputs}

    def option(self, slot: int, layout: str, default: int = 0) -> int:
        """A number among the options."""
        return default if self._options is None else int(self._options.number(slot, layout, default))

    def option_list(self, slot: int) -> list[int]:
        """A list of whole numbers among the options."""
        return [] if self._options is None else list(self._options.integers(slot))

    def option_text(self, slot: int) -> str:
        """A word among the options."""
        return "" if self._options is None else self._options.text(slot)

    def has(self, place: int) -> bool:
        """Whether the input is given."""
        return place < len(self.inputs) and self.inputs[place] != ""

    def constant(self, place: int) -> Constant | None:
        """An input as a constant, where it is one."""
        return self.known.constant(self.inputs[place]) if self.has(place) else None

    def numbers(self, place: int) -> list[int] | None:
        """The whole numbers of a short constant input."""
        constant = self.constant(place)
        values = None if constant is None else constant.numbers()
        if values is None or values.dtype.kind not in "iu":
            return None
        return [int(value) for value in values.ravel()]

    def shape(self, place: int) -> Shape | None:
        """The shape of an input, where it is known."""
        return self.known.builder.shapes.get(self.inputs[place]) if self.has(place) else None

    def made(self, place: int = 0) -> Shape:
        """The shape of an output as the file tells it."""
        return self._told[self.outputs[place]]

    def changing(self) -> list[str]:
        """The inputs that are no constants."""
        return [name for k, name in enumerate(self.inputs) if self.has(k) and self.constant(k) is None]

    def weight(self, place: int, letters: str, role: Role = "weight") -> Weight | None:
        """A constant input as a weight, one letter for each of its axes; None where no tensor stands behind it."""
        return self.weight_of(self.inputs[place], self.constant(place), letters, role)

    def weight_of(self, name: str, constant: Constant | None, letters: str, role: Role = "weight") -> Weight | None:
        """The same of any constant; one that is no mere view of a tensor becomes a tensor of that name."""
        if constant is None or (constant.view is None and self._is_quantised(constant)):
            return None
        return self.known.weights.place(name, constant, letters, role)

    def _is_quantised(self, constant: Constant) -> bool:
        return any(self.known.stored[source].quantisation is not None for source in constant.sources)

    def bias(self, place: int) -> dict[str, Weight]:
        """The biases as a weight slot, where they are stored."""
        weight = self.weight(place, "o", "bias") if self.has(place) else None
        return {} if weight is None else {"bias": weight}

    def name(self, *weights: Weight) -> str:
        """What the module behind this operator is called."""
        return module_name([weight.tensor for weight in weights], self.outputs[0] if self.outputs else "", self.type)

    def add(
        self,
        op: Operation,
        inputs: Sequence[str],
        outputs: Sequence[str] | None = None,
        weights: Mapping[str, Weight] | None = None,
        **attributes: Any,
    ) -> None:
        """Add a node, called as the module; the shapes that the file tells stay."""
        named = self.name(*(weights or {}).values())
        self.known.builder.add(op, named, inputs, self.outputs if outputs is None else outputs, weights, **attributes)
        self.known.builder.shapes.update(self._told)

    def value(self) -> str:
        """A name for a value between two nodes."""
        return self.known.builder.value(self.outputs[0])

    def unknown(self) -> None:
        """Add the operator as one that is not understood."""
        self.add("unknown", [name for name in self.inputs if name], type=self.type)
