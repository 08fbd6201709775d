"""One number per neuron, its degree or its strength, and the largest degree that the wiring allows."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from topokit.dag import EdgeBlock, LayeredDAG
from topokit.errors import ParameterError

NumberKind = Literal["total", "in", "out", "strength", "in_strength", "out_strength"]

_SIDES = {
    "total": ("in", "out"),
    "in": ("in",),
    "out": ("out",),
    "strength": ("in", "out"),
    "in_strength": ("in",),
    "out_strength": ("out",),
}


def check_number_kind(kind: str) -> None:
    """Raise `ParameterError` unless `kind` is one of `NumberKind`."""
    if kind not in get_args(NumberKind):
        raise ParameterError(f"kind={kind!r} is no degree or strength: use one of {get_args(NumberKind)}")


def is_strength(kind: NumberKind) -> bool:
    """Whether the numbers are real."""
    return kind.endswith("strength")


def numbers_of(network: LayeredDAG, layer: str, kind: NumberKind) -> NDArray[Any]:
    """The degree or strength of each neuron of a layer, (size,).

    A strength is the sum of the absolute weights (Barrat et al. 2004); a degree counts the edges, whatever their
    weight. Identity and gate blocks count in neither.

    Raises
    ------
    InvalidNetworkError
        Strengths of a block without weights.
    """
    parts = [_strengths(network, layer, side) if is_strength(kind) else _degrees(network, layer, side)
             for side in _SIDES[kind]]  # fmt: skip
    total: NDArray[Any] = sum(parts[1:], parts[0])
    return total


def largest_degree(network: LayeredDAG, layer: str, kind: NumberKind) -> int:
    """Connections that a neuron of the layer could have: to all it may be connected to, groups respected."""
    return sum(
        -(-block.possible // network.layer(layer).size)
        for side in _SIDES[kind]
        for block in _blocks(network, layer, side)
    )


def _blocks(network: LayeredDAG, layer: str, side: str) -> list[EdgeBlock]:
    found = network.incoming(layer) if side == "in" else network.outgoing(layer)
    return [block for block in found if block.carries_weights]


def _degrees(network: LayeredDAG, layer: str, side: str) -> NDArray[np.int64]:
    return network.in_degrees(layer) if side == "in" else network.out_degrees(layer)


def _strengths(network: LayeredDAG, layer: str, side: str) -> NDArray[np.float64]:
    total = np.zeros(network.layer(layer).size)
    for block in _blocks(network, layer, side):
        total += np.asarray(abs(block.weight_matrix()).sum(axis=0 if side == "in" else 1, dtype=np.float64)).ravel()
    return total
