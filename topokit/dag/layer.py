"""An ordered set of neurons."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from operator import index
from typing import Literal, SupportsIndex, get_args

from topokit.errors import InvalidNetworkError

LayerKind = Literal["input", "unit", "channel", "head", "token", "output", "state"]


@dataclass(frozen=True, slots=True)
class Layer:
    """An ordered set of neurons.

    Parameters
    ----------
    name : str
        The checkpoint's own name for it; unique in a network.
    size : int
        Number of neurons, at least 1.
    kind : {'input', 'unit', 'channel', 'head', 'token', 'output', 'state'}
        What one neuron is.
    shape : tuple of int, optional
        How the neurons lie, such as ``(28, 28)`` or ``(3, 32, 32)``; its product is `size`.

    Raises
    ------
    InvalidNetworkError
        No name, size not a whole number of at least 1, unknown kind, or a shape of another size.
    """

    name: str
    size: int
    kind: LayerKind = "unit"
    shape: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if not self.name or not isinstance(self.name, str):
            raise InvalidNetworkError(f"a layer of {self.size} neurons has the name {self.name!r}: give it a word")
        object.__setattr__(self, "size", _whole(self.size, f"size of layer {self.name!r}"))
        if self.kind not in get_args(LayerKind):
            raise InvalidNetworkError(
                f"layer {self.name!r} has kind {self.kind!r}: use one of {', '.join(get_args(LayerKind))}"
            )
        if self.shape is not None:
            what = f"shape of layer {self.name!r}"
            object.__setattr__(self, "shape", tuple(_whole(extent, what) for extent in self.shape))
            if prod(self.shape) != self.size:
                raise InvalidNetworkError(
                    f"layer {self.name!r} has {self.size} neurons but shape {self.shape} holds {prod(self.shape)}: "
                    "give the shape they lie in, or none"
                )


def _whole(value: SupportsIndex, what: str) -> int:
    try:
        number = index(value)
    except TypeError:
        number = 0
    if number < 1:
        raise InvalidNetworkError(f"the {what} holds {value!r}: a whole number of at least 1 is needed")
    return number
