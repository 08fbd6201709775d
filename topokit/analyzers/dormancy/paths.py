"""Which neurons and edges lie on a path from an input to an output layer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from topokit.dag import EdgeBlock, LayeredDAG

BoolArray = NDArray[np.bool_]


class Reach(NamedTuple):
    """Which neurons paths reach, layer after layer.

    Attributes
    ----------
    forward : mapping of str to ndarray of bool, shape (size,)
        By layer: whether a path leads there from an input layer.
    backward : mapping of str to ndarray of bool, shape (size,)
        By layer: whether a path leads from there to an output layer.
    """

    forward: dict[str, BoolArray]
    backward: dict[str, BoolArray]

    def alive(self, layer: str) -> BoolArray:
        """Which neurons of `layer` lie on a path from an input to an output layer."""
        return self.forward[layer] & self.backward[layer]


def reach(network: LayeredDAG) -> Reach:
    """Which neurons paths reach from the input layers, and from which they reach the output layers.

    ``f_0 = 1, f_l = [M^T f > 0]`` over all blocks into layer l, and backward likewise. Identity and gate blocks carry
    paths. Linear in the edges; blocks between layers that are reached throughout are not even read.

    References
    ----------
    Vysogorets and Kempe (2023), section 3.
    """
    forward = {layer.name: np.full(layer.size, layer in network.inputs) for layer in network.layers}
    backward = {layer.name: np.full(layer.size, layer in network.outputs) for layer in network.layers}
    # In this order all blocks into a layer are passed before those out of it.
    for block in sorted(network.blocks, key=lambda block: network.index[block.source]):
        forward[block.target] |= _reached(block, forward[block.source])
    for block in sorted(network.blocks, key=lambda block: -network.index[block.target]):
        backward[block.source] |= _reaching(block, backward[block.target])
    return Reach(forward, backward)


def edges_between(block: EdgeBlock, sources: BoolArray, targets: BoolArray) -> int:
    """How many edges of `block` lead from the chosen sources to the chosen targets."""
    if targets.all():
        return int(block.out_degrees()[sources].sum())
    if sources.all():
        return int(block.in_degrees()[targets].sum())
    from topokit.kernels.reachability import count_between  # numba takes half a second to import

    return int(count_between(*_rows(block), sources, targets))


def _reached(block: EdgeBlock, sources: BoolArray) -> BoolArray:
    if sources.all():
        return block.in_degrees() > 0
    from topokit.kernels.reachability import mark_reached

    targets = np.zeros(block.shape[1], np.bool_)
    mark_reached(*_rows(block), sources, targets)
    return targets


def _reaching(block: EdgeBlock, targets: BoolArray) -> BoolArray:
    if targets.all():
        return block.out_degrees() > 0
    from topokit.kernels.reachability import mark_reaching

    sources = np.zeros(block.shape[0], np.bool_)
    mark_reaching(*_rows(block), sources, targets)
    return sources


def _rows(block: EdgeBlock) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    starts, ends = block.pattern.csr()
    return np.require(starts, np.int64, ["C", "A"]), np.require(ends, np.int32, ["C", "A"])
