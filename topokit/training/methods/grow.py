"""Where new edges come.

A grow rule takes the layer, the positions of the edges that stay (ascending), how many edges to grow off them, and a
source of randomness, and returns the chosen positions, ascending. Of equal scores the first positions win.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from topokit.generators import random_keys, unused_keys
from topokit.training.methods.layer_view import LayerView
from topokit.training.methods.selection import Positions

GrowRule = Callable[[LayerView, Positions, int, np.random.Generator], Positions]


def grow_at_random(layer: LayerView, kept: Positions, count: int, rng: np.random.Generator) -> Positions:
    """Uniformly, without replacement (Mocanu et al. 2018, Algorithm 1)."""
    return unused_keys(kept, random_keys(layer.n_possible - len(kept), count, rng))


def grow_by_chance(layer: LayerView, kept: Positions, count: int, rng: np.random.Generator) -> Positions:
    """Each free position on its own with the same chance, so that `count` come on average, and edges drift in number.

    The number is drawn first, from the binomial distribution, and then as many positions: the same law without a
    random number for each position. Only for comparison with public code that grows in this way.
    """
    free = layer.n_possible - len(kept)
    return grow_at_random(layer, kept, int(rng.binomial(free, count / free)) if free else 0, rng)


def grow_by_gradient(layer: LayerView, kept: Positions, count: int, rng: np.random.Generator) -> Positions:
    """Where the magnitude of the loss gradient is largest (Evci et al. 2020, section 3)."""
    assert layer.gradient is not None
    return layer.gradient.largest(count, but=kept)


def grow_by_momentum(layer: LayerView, kept: Positions, count: int, rng: np.random.Generator) -> Positions:
    """Where the magnitude of the dense momentum is largest (Dettmers and Zettlemoyer 2019, section 3)."""
    assert layer.momentum is not None
    return layer.momentum.largest(count, but=kept)
