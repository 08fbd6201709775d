"""The shape of an input from that of what the code makes of it before the first layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from topokit.loaders.graph import Shape

_SAME = ("alias", "contiguous", "clone", "to", "float", "type_as", "detach", "dropout")
_PADS = ("constant_pad_nd", "pad", "reflection_pad1d", "reflection_pad2d", "replication_pad1d", "replication_pad2d")
_LONGER = ("slice", "cat", "concat")
MOVES = (*_SAME, *_PADS, *_LONGER, "transpose", "permute", "unsqueeze")


class InputShapeError(Exception):
    """What follows tells the shape of an input that was unknown so far."""

    def __init__(self, name: str, shape: Shape) -> None:
        super().__init__(f"{name} has shape {shape}")
        self.name, self.shape = name, shape


def before(operator: str, told: Mapping[str, Any], shape: Shape) -> Shape:
    """The shape that one of `MOVES` took to make `shape`."""
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
    if operator in _SAME:
        return shape
    if operator in _LONGER:
        axis = told.get("dim", 0) % len(shape)
        return (*shape[:axis], None, *shape[axis + 1 :])
    padded = len(told["pad"]) // 2
    return (*shape[: len(shape) - padded], *(None,) * padded)
