"""Which edges go.

A drop rule takes the weights of a layer's edges (n_edges,) and the share of them to drop, and returns the positions
among them, ascending. Of equal weights the first ones go.
"""

from __future__ import annotations

from collections.abc import Callable
from math import floor

import numpy as np
from numpy.typing import NDArray

from topokit.training.methods.selection import Positions, largest, smallest

Weights = NDArray[np.floating]
DropRule = Callable[[Weights, float], Positions]


def drop_smallest(weights: Weights, fraction: float) -> Positions:
    """The floor(fraction n) edges of smallest magnitude (Evci et al. 2020, section 3)."""
    return smallest(np.abs(weights), floor(fraction * len(weights)))


def drop_signed(weights: Weights, fraction: float) -> Positions:
    """The smallest positive weights, the negative ones nearest to 0, and all that are exactly 0.

    Of p positive and q negative weights floor(fraction p) and floor(fraction q) go
    (Mocanu et al. 2018, Algorithm 1: smallest positive and largest negative weights).
    """
    positive, negative = np.flatnonzero(weights > 0), np.flatnonzero(weights < 0)
    low = positive[smallest(weights[positive], floor(fraction * len(positive)))]
    high = negative[largest(weights[negative], floor(fraction * len(negative)))]
    return np.sort(np.concatenate([low, high, np.flatnonzero(weights == 0)]))


DROP_RULES: dict[str, DropRule] = {"magnitude": drop_smallest, "set": drop_signed}
