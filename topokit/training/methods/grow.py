"""Where new edges come.

A grow rule takes the layer, the flat positions an edge may come to (ascending), how many, and a source of randomness,
and returns the chosen positions, ascending. Of equal scores the first positions win.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from topokit.generators import random_keys
from topokit.training.methods.method import LayerView
from topokit.training.methods.selection import Positions, largest


def grow_at_random(layer: LayerView, candidates: Positions, count: int, rng: np.random.Generator) -> Positions:
    """Uniformly, without replacement (Mocanu et al. 2018, Algorithm 1)."""
    return candidates[random_keys(len(candidates), count, rng)]


def grow_by_gradient(layer: LayerView, candidates: Positions, count: int, rng: np.random.Generator) -> Positions:
    """Where the magnitude of the loss gradient is largest (Evci et al. 2020, section 3)."""
    return _where_largest(layer.gradient, candidates, count)


def grow_by_momentum(layer: LayerView, candidates: Positions, count: int, rng: np.random.Generator) -> Positions:
    """Where the magnitude of the dense momentum is largest (Dettmers and Zettlemoyer 2019, section 3)."""
    return _where_largest(layer.momentum, candidates, count)


def _where_largest(scores: NDArray[np.floating], candidates: Positions, count: int) -> Positions:
    return candidates[largest(np.abs(scores[candidates]), count)]
