"""One call of an operator with named arguments while it is translated, and what is known so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from topokit.loaders.checkpoint import Role
from topokit.loaders.formats.graphs.builder import GraphBuilder
from topokit.loaders.formats.graphs.constants import Constant
from topokit.loaders.formats.graphs.weights import Weights
from topokit.loaders.graph import Operation, Shape, Weight


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor of the graph, as an argument."""

    name: str


@dataclass(eq=False)
class Program:
    """What is known of a program so far.

    Attributes
    ----------
    builder : GraphBuilder
        The nodes.
    constants : dict of str to Constant
        Values that no input changes.
    weights : Weights
        What tensors are used as.
    module : callable
        Returns the name of the layer that a tensor is the weight of, given those of the tensor and of the call.
    """

    builder: GraphBuilder = field(default_factory=GraphBuilder)
    constants: dict[str, Constant] = field(default_factory=dict)
    module: Callable[[str, str], str] = field(default=lambda tensor, call: tensor)

    def __post_init__(self) -> None:
        self.weights = Weights(self.builder.tensors)


@dataclass(eq=False)
class Call:
    """A node of a program.

    Attributes
    ----------
    program : Program
        What is known.
    operator : str
        What is called.
    name : str
        What the node is called.
    arguments : mapping
        By the names of the operator's schema; tensors as `Value`, what only run time tells as None.
    outputs : tuple of str
        The tensors that it makes.
    """

    program: Program
    operator: str
    name: str
    arguments: Mapping[str, Any]
    outputs: tuple[str, ...]

    def get(self, *names: str, default: Any = None) -> Any:
        """The argument of the first of these names that there is."""
        return next((self.arguments[name] for name in names if self.arguments.get(name) is not None), default)

    @property
    def values(self) -> tuple[str, ...]:
        """All tensors among the arguments."""
        flat: list[Any] = []
        for argument in self.arguments.values():
            flat.extend(argument if isinstance(argument, tuple) else (argument,))
        return tuple(argument.name for argument in flat if isinstance(argument, Value))

    @property
    def running(self) -> tuple[str, ...]:
        """Those that the program's inputs change, each once."""
        return tuple(dict.fromkeys(value for value in self.values if value not in self.program.constants))

    def constant(self, *names: str) -> Constant | None:
        """The constant that an argument is."""
        argument = self.get(*names)
        return self.program.constants.get(argument.name) if isinstance(argument, Value) else None

    def shape(self, value: str) -> Shape | None:
        """The shape of a tensor."""
        return self.program.builder.shapes.get(value)

    def rank(self, value: str) -> int:
        """How many axes a tensor has; 0 when nobody knows."""
        return len(self.shape(value) or ())

    def weight(self, letters: str, *names: str, role: Role = "weight") -> Weight | None:
        """A constant argument as a weight; None when it is none."""
        constant, argument = self.constant(*names), self.get(*names)
        if constant is None:
            return None
        return self.program.weights.place(argument.name, constant, letters, role)

    def mark(self, role: Role, *names: str) -> None:
        """Say what the constants at these arguments are used as."""
        for name in names:
            constant = self.constant(name)
            if constant is not None:
                self.program.weights.mark(constant.sources, role)

    def fresh(self) -> str:
        """A name for a value between two nodes that stand for this one."""
        return self.program.builder.value(self.outputs[0] if self.outputs else self.operator)

    def add(
        self,
        op: Operation,
        inputs: Sequence[str],
        outputs: Sequence[str] | None = None,
        weights: Mapping[str, Weight] | None = None,
        **attributes: Any,
    ) -> None:
        """Add a node that stands for this one or a part of it."""
        first = next(iter((weights or {}).values()), None)
        name = self.name if first is None else self.program.module(first.tensor, self.name)
        made = self.outputs[:1] if outputs is None else outputs
        self.program.builder.add(op, name, inputs, made, weights, **attributes)

    def unknown(self, why: str = "") -> None:
        """Add a node whose working stays unknown."""
        self.add("unknown", self.running, self.outputs, type=why or self.operator)


Handler = Callable[[Call], None]
