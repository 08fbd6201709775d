"""Which tensors stand in the place of a weight, and what the others are used as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from topokit.loaders.checkpoint import Axes, Role
from topokit.loaders.formats.graphs.constants import Constant
from topokit.loaders.graph import Weight

_PRECEDENCE: tuple[Role, ...] = ("constant", "bias", "norm", "embedding", "weight")


@dataclass(eq=False)
class Weights:
    """What a graph tells of the tensors of its file.

    Attributes
    ----------
    shapes : dict of str to tuple
        The tensors and their shapes, derived ones included; shared with the `GraphBuilder`.
    roles : dict of str to str
        What their places make of them.
    letters : dict of str to str
        The axes of those in a weight's place.
    asides : dict of str to str
        Why tensors are no weights of their own.
    derived : dict of str to Constant
        Tensors that the file does not hold as such, made of those that it holds when they are read.
    """

    shapes: dict[str, tuple[int, ...]]
    roles: dict[str, Role] = field(default_factory=dict)
    letters: dict[str, str] = field(default_factory=dict)
    asides: dict[str, str] = field(default_factory=dict)
    derived: dict[str, Constant] = field(default_factory=dict)

    def mark(self, tensors: Sequence[str], role: Role) -> None:
        """Say what tensors are used as; of several uses the one nearest to a weight counts."""
        for tensor in tensors:
            before = self.roles.get(tensor, "constant")
            self.roles[tensor] = max(before, role, key=_PRECEDENCE.index)

    def axes(self, tensor: str, otherwise: Axes) -> Axes:
        """How a tensor in a weight's place lies."""
        letters = self.letters.get(tensor)
        if letters is None:
            return otherwise
        if letters.startswith("o"):
            return "torch"
        return "torch-transposed" if letters.endswith("k") else "source-target"

    def place(self, value: str, constant: Constant, letters: str, role: Role = "weight") -> Weight | None:
        """A constant in the place of a weight; None when it is made of no tensor of the file.

        What is no mere view of one tensor becomes a tensor of its own, called as the value.
        """
        if constant.read is None or constant.shape is None or not constant.sources:
            return None
        if len(constant.shape) != len(letters):
            return None
        weight = constant.view.weight(letters) if constant.view else None
        if weight is None:
            weight = self._derive(value, constant, letters)
        self.mark([weight.tensor], role)
        self.letters.setdefault(weight.tensor, weight.axes)
        return weight

    def _derive(self, value: str, constant: Constant, letters: str) -> Weight:
        if value not in self.derived and constant.shape is not None:
            self.derived[value] = constant
            self.shapes[value] = constant.shape
        self.asides.update(dict.fromkeys(constant.sources, f"a part of {value!r}"))
        return Weight(value, letters)
