"""What a training method is, and one rewiring of one layer by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from topokit.training.methods.drop import DropRule, drop_smallest
from topokit.training.methods.selection import Positions

_NOTHING: NDArray[np.floating] = np.empty(0, np.float32)


@dataclass(frozen=True, eq=False)
class LayerView:
    """What the rules see of a layer: flat arrays over all possible edges (n_possible,), in the engine's order.

    Attributes
    ----------
    mask : ndarray of bool
        The edges.
    weights : ndarray
        0 where there is no edge.
    gradient, momentum : ndarray
        Of the loss, on all possible edges; empty where the grow rule does not use them.
    """

    mask: NDArray[np.bool_]
    weights: NDArray[np.floating]
    gradient: NDArray[np.floating] = field(default_factory=_NOTHING.copy)
    momentum: NDArray[np.floating] = field(default_factory=_NOTHING.copy)


GrowRule = Callable[[LayerView, Positions, int, np.random.Generator], Positions]


@dataclass(frozen=True, kw_only=True)
class Method:
    """How the wiring of a network changes while it learns.

    Attributes
    ----------
    name : str
        As in `topokit.registry.METHODS`.
    sparse : bool
        Whether the network starts from a sparse mask; a dense one has every possible edge.
    grow : callable, optional
        Where new edges come; a method without keeps its wiring.
    drop : callable
        Which edges go.
    uses_gradient : bool
        Whether `grow` reads the gradient of all possible edges.
    dense_momentum : bool
        Whether momentum gathers on all possible edges, or only on edges, anew on those that come.
    """

    name: str
    sparse: bool = True
    grow: GrowRule | None = None
    drop: DropRule = drop_smallest
    uses_gradient: bool = False
    dense_momentum: bool = False


@dataclass(frozen=True, eq=False)
class Rewiring:
    """One update of one layer's wiring; as many edges come as go.

    Attributes
    ----------
    dropped, grown : ndarray of int64
        Flat positions, ascending. A dropped edge may be grown again at once.
    """

    dropped: Positions
    grown: Positions

    @property
    def regrown(self) -> Positions:
        """Edges that went and came back."""
        return np.intersect1d(self.dropped, self.grown, assume_unique=True)

    @property
    def n_changed(self) -> int:
        """New edges that were not there before."""
        return len(self.grown) - len(self.regrown)


def rewire(layer: LayerView, drop: DropRule, grow: GrowRule, fraction: float, rng: np.random.Generator) -> Rewiring:
    """Drop a share of a layer's edges and grow as many anywhere but on the edges that stay.

    Kept edges are left out of the choice by their position. Were their score multiplied by 0 instead, they would tie
    with candidates whose score is 0, and fewer edges would come than go. A layer that has every possible edge stays as
    it is: whatever went could only come back, without its weight.

    Parameters
    ----------
    layer : LayerView
        The layer before.
    drop, grow : callable
        The rules.
    fraction : float
        Share of the edges to replace, in [0, 1]; 0 changes nothing.
    rng : numpy.random.Generator
        For random growth.
    """
    edges = np.flatnonzero(layer.mask)
    if not fraction or len(edges) == len(layer.mask):
        return Rewiring(edges[:0], edges[:0])
    dropped = edges[drop(layer.weights[edges], fraction)]
    free = ~layer.mask
    free[dropped] = True
    return Rewiring(dropped, grow(layer, np.flatnonzero(free), len(dropped), rng))
