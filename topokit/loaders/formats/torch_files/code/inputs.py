"""Inputs of a model, whose shapes no code tells: the first layer that takes one settles it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from topokit.loaders.formats.graphs.calls import Value
from topokit.loaders.formats.torch_files.code.extents import input_shape
from topokit.loaders.graph import Shape

_SAME = ("alias", "contiguous", "clone", "to", "float", "type_as", "detach", "dropout")
_PADS = ("constant_pad_nd", "pad", "reflection_pad1d", "reflection_pad2d", "replication_pad1d", "replication_pad2d")
_LONGER = ("slice", "cat", "concat")
_MOVES = (*_SAME, *_PADS, *_LONGER, "transpose", "permute", "unsqueeze")

Arguments = Mapping[str, Any]


class InputShapeError(Exception):
    """What follows tells the shape of an input that was unknown so far."""

    def __init__(self, name: str, shape: Shape) -> None:
        super().__init__(f"{name} has shape {shape}")
        self.name, self.shape = name, shape


class Inputs:
    """The inputs of a model, and what only moves their axes before the first layer.

    Parameters
    ----------
    shapes : dict of str to tuple or None
        Shapes of values; those of inputs are added as they are found out.
    rank : int
        How many axes inputs have that go straight into a product with a matrix.

    Attributes
    ----------
    names : list of str
        The inputs.
    """

    def __init__(self, shapes: dict[str, Shape | None], rank: int) -> None:
        self.names: list[str] = []
        self._shapes, self._rank = shapes, rank
        self._moved: dict[str, tuple[str, Arguments, str]] = {}

    def are_moved(self, operator: str, told: Arguments, name: str) -> bool:
        """Whether a value of unknown shape is an input, and an operator moves its axes at most."""
        is_input = name in self.names or name in self._moved
        return is_input and operator in _MOVES and None not in (told.get("dim", 0), told.get("dims", ()))

    def move(self, operator: str, told: Arguments, name: str, made: str) -> None:
        """Remember what an operator makes of a value of unknown shape."""
        self._moved[made] = (operator, told, name)

    def settle(self, operator: str, told: Arguments) -> None:
        """Tell the shape of an input by a layer that takes it.

        Raises
        ------
        InputShapeError
            The layer takes what was made of the input before its shape was known: the code is to be followed anew.
        """
        value = told.get("indices" if operator == "embedding" else "input") or told.get("self")
        weight = told.get("weight") or told.get("other") or (told.get("params") or (None,))[0]
        known = self._shapes.get(weight.name) if isinstance(weight, Value) else None
        if not isinstance(value, Value) or not known or not (value.name in self.names or value.name in self._moved):
            return
        name, shape = value.name, input_shape(operator, told, known, self._rank_of(value.name))
        if shape is None:
            return
        while name in self._moved:
            made_by, arguments, name = self._moved[name]
            shape = _before(made_by, arguments, shape)
        if name != value.name:
            raise InputShapeError(name, shape)
        if self._shapes.get(name) is None:
            self._shapes[name] = shape

    def _rank_of(self, name: str) -> int:
        operator, told, _ = self._moved.get(name, ("", {}, ""))
        return len(told["dims"]) if operator == "permute" else self._rank


def _before(operator: str, told: Arguments, shape: Shape) -> Shape:
    """The shape that an operator took to make `shape`."""
    if operator == "transpose":
        swapped = list(shape)
        first, second = told["dim0"], told["dim1"]
        swapped[first], swapped[second] = swapped[second], swapped[first]
        return tuple(swapped)
    if operator == "permute":
        places = {axis % len(shape): extent for axis, extent in zip(told["dims"], shape, strict=True)}
        return tuple(places[axis] for axis in range(len(shape)))
    if operator == "unsqueeze":
        axis = told["dim"] % len(shape)
        return (*shape[:axis], *shape[axis + 1 :])
    if operator in _LONGER:
        axis = told.get("dim", 0) % len(shape)
        return (*shape[:axis], None, *shape[axis + 1 :])
    padded = len(told["pad"]) // 2 if operator in _PADS else 0
    return (*shape[: len(shape) - padded], *(None,) * padded)
