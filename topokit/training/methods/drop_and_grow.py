"""Sparse training at a constant number of edges: some go, and as many come."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from topokit.training.methods.drop import DROP_RULES, DropRule
from topokit.training.methods.grow import GrowRule
from topokit.training.methods.layer_view import LayerView, Rewiring
from topokit.training.methods.method import Change, Layers


@dataclass(frozen=True)
class DropAndGrow:
    """The rule of SET, RigL and sparse networks from scratch.

    Attributes
    ----------
    drop, grow : callable
        Which edges go, unless the configuration names another rule, and where new ones come.
    """

    drop: DropRule
    grow: GrowRule

    def __call__(self, layers: Layers, change: Change) -> dict[str, Rewiring]:
        """Replace a share of the edges of each layer."""
        drop = self.drop if change.config.drop == "auto" else DROP_RULES[change.config.drop]
        return {name: replaced(layer, drop, self.grow, change) for name, layer in layers.items()}


def replaced(layer: LayerView, drop: DropRule, grow: GrowRule, change: Change) -> Rewiring:
    """Drop a share of a layer's edges and grow as many anywhere but on the edges that stay.

    Kept edges are left out of the choice by their position. Were their score multiplied by 0 instead, they would tie
    with candidates whose score is 0, and fewer edges would come than go. A layer that has every possible edge stays as
    it is: whatever went could only come back, without its weight.
    """
    edges = layer.edges
    if not change.fraction or len(edges) == layer.n_possible:
        return Rewiring(edges[:0], edges[:0])
    places = drop(layer.weights, change.fraction)
    return Rewiring(edges[places], grow(layer, np.delete(edges, places), len(places), change.rng))
