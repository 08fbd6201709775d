"""Degrees after as many edges have gone and come as in a real network, but at random."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from topokit.analyzers.edge_lives.comparison import Edges, block_change, comparable_edges
from topokit.dag import Layer, LayeredDAG

Degrees = NDArray[np.int64]
Side = Literal["in", "out"]


class Moved(NamedTuple):
    """Edges of a block that only the earlier, and that only the later network has."""

    gone: int
    come: int


def moved_edges(before: LayeredDAG, after: LayeredDAG) -> dict[str, Moved]:
    """How many edges differ between two networks, per block that carries weights; raises as `comparable_edges`."""
    pairs = comparable_edges(before, after, taps=False)
    changes = {
        name: block_change(Edges(old.pattern, None), Edges(new.pattern, None)) for name, (old, new) in pairs.items()
    }
    return {name: Moved(change.before - change.kept, change.after - change.kept) for name, change in changes.items()}


class BlindMoves:
    """Draws degrees that a network would have after edges have gone and come regardless of degrees.

    Those that go are drawn from all edges of a block, those that come from all free places, without replacement. As
    only degrees are asked for, they are drawn themselves: both are multivariate hypergeometric.

    Parameters
    ----------
    network : LayeredDAG
        Where the moves begin.
    """

    def __init__(self, network: LayeredDAG) -> None:
        self._blocks = [block for block in network.blocks if block.carries_weights]

    def degrees(
        self, layer: Layer, side: Side, moved: Mapping[str, Moved], size: int, rng: np.random.Generator
    ) -> Degrees:
        """Connections of each of a layer's n neurons on one side, of `size` networks, (size, n)."""
        total = np.zeros((size, layer.size), np.int64)
        for block in self._blocks:
            if (block.target if side == "in" else block.source) == layer.name:
                own = block.in_degrees() if side == "in" else block.out_degrees()
                total += _drawn(own, block.possible, moved[block.name], size, rng)
        return total


def _drawn(degrees: Degrees, possible: int, moved: Moved, size: int, rng: np.random.Generator) -> Degrees:
    """Of a neuron's share of the possible edges, all equal, those that are no edges are free."""
    room = -(-possible // len(degrees))
    free = np.maximum(room - degrees, 0)
    gone = rng.multivariate_hypergeometric(degrees, moved.gone, size, method="marginals")
    come = rng.multivariate_hypergeometric(free, moved.come, size, method="marginals")
    return np.asarray(degrees - gone + come)
