"""Sparse training at a constant number of edges: some go, and as many come."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from topokit.training.methods.drop import DROP_RULES, DropRule
from topokit.training.methods.grow import GrowRule, grow_at_random, grow_by_chance
from topokit.training.methods.layer_view import LayerView, Rewiring
from topokit.training.methods.method import Change, Layers
from topokit.training.methods.redistribution import mean_momentum, shared_out
from topokit.training.methods.selection import Positions
from topokit.training.methods.sparse_layers import sparse_layers


@dataclass(frozen=True)
class DropAndGrow:
    """The rule of SET, RigL and sparse networks from scratch.

    Kept edges are left out of the choice of new ones by their position. Were their score multiplied by 0 instead, they
    would tie with candidates whose score is 0, and fewer edges would come than go.

    Attributes
    ----------
    drop, grow : callable
        Which edges go, unless the configuration names another rule, and where new ones come.
    """

    drop: DropRule
    grow: GrowRule

    def __call__(self, layers: Layers, change: Change) -> dict[str, Rewiring]:
        """Replace a share of the edges of each layer; with ``redistribute`` they move between layers.

        The change after training may only take them away.
        """
        dropped = {name: self._dropped(layer, change) for name, layer in self._open(layers, change).items()}
        kept = {name: _without(layers[name].edges, places) for name, places in dropped.items()}
        counts = {name: len(places) for name, places in dropped.items()}
        if not change.grows:
            counts = dict.fromkeys(counts, 0)
        elif change.config.redistribute:
            counts = _redistributed(layers, kept, sum(counts.values()))
        done = {name: Rewiring(layer.edges[:0], layer.edges[:0]) for name, layer in layers.items()}
        for name, places in dropped.items():
            grown = self._grow_rule(change)(layers[name], kept[name], counts[name], change.rng)
            done[name] = Rewiring(layers[name].edges[places], grown)
        return done

    def _open(self, layers: Layers, change: Change) -> Layers:
        """The layers that change.

        One that has every possible edge stays as it is: whatever went could only come back, without its weight. It
        takes part where its edges may move to other layers.
        """
        if not change.fraction:
            return {}
        if change.config.redistribute:
            return sparse_layers(layers, change.config)
        return {name: layer for name, layer in layers.items() if len(layer.edges) < layer.n_possible}

    def _dropped(self, layer: LayerView, change: Change) -> Positions:
        drop = self.drop if change.config.drop == "auto" else DROP_RULES[change.config.drop]
        return drop(layer.weights, change.fraction, change.config.rounding, change.rng)

    def _grow_rule(self, change: Change) -> GrowRule:
        by_chance = change.config.growth == "bernoulli" and self.grow is grow_at_random
        return grow_by_chance if by_chance else self.grow


def _redistributed(layers: Layers, kept: dict[str, Positions], total: int) -> dict[str, int]:
    weights = [mean_momentum(layers[name]) for name in kept]
    room = [layers[name].n_possible - len(edges) for name, edges in kept.items()]
    return dict(zip(kept, map(int, shared_out(total, weights, room)), strict=True))


def _without(edges: Positions, places: Positions) -> Positions:
    kept = np.ones(len(edges), np.bool_)
    kept[places] = False
    return edges[kept]
