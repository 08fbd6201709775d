"""An ordered set of neurons."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Literal, get_args

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
        Empty name, size below 1, unknown kind, or a shape of another size.
    """

    name: str
    size: int
    kind: LayerKind = "unit"
    shape: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if not self.name:
            raise InvalidNetworkError(f"a layer of {self.size} neurons has no name: give it one")
        if self.size < 1:
            raise InvalidNetworkError(f"layer {self.name!r} has size {self.size}: a layer has at least one neuron")
        if self.kind not in get_args(LayerKind):
            raise InvalidNetworkError(
                f"layer {self.name!r} has kind {self.kind!r}: use one of {', '.join(get_args(LayerKind))}"
            )
        if self.shape is not None:
            object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))
            if prod(self.shape) != self.size:
                raise InvalidNetworkError(
                    f"layer {self.name!r} has {self.size} neurons but shape {self.shape} holds {prod(self.shape)}"
                )
