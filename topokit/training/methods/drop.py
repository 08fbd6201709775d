"""Which edges go.

A drop rule takes the weights of a layer's edges (n_edges,), the share of them to drop, how that share is rounded to a
number and a source of randomness, and returns the positions among them, ascending. Of equal weights the first ones go.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from topokit.training.methods.selection import Positions, largest, smallest

Weights = NDArray[np.floating]
DropRule = Callable[[Weights, float, str, np.random.Generator], Positions]
Randomness = np.random.Generator | None


def rounded(number: float, rounding: str) -> int:
    """The integer at or below (floor), at or above (ceil) or closest to `number`; halves go up."""
    return ceil(number) if rounding == "ceil" else floor(number + 0.5 * (rounding == "nearest"))


def drop_smallest(weights: Weights, fraction: float, rounding: str = "floor", rng: Randomness = None) -> Positions:
    """The edges of smallest magnitude: floor(fraction n) of n (Evci et al. 2020, section 3), or as `rounding` says."""
    return smallest(np.abs(weights), rounded(fraction * len(weights), rounding))


def drop_signed(weights: Weights, fraction: float, rounding: str = "floor", rng: Randomness = None) -> Positions:
    """The smallest positive weights, the negative ones nearest to 0, and all that are exactly 0.

    Of p positive and q negative weights floor(fraction p) and floor(fraction q) go
    (Mocanu et al. 2018, Algorithm 1: smallest positive and largest negative weights), or as `rounding` says.
    """
    positive, negative = np.flatnonzero(weights > 0), np.flatnonzero(weights < 0)
    low = positive[smallest(weights[positive], rounded(fraction * len(positive), rounding))]
    high = negative[largest(weights[negative], rounded(fraction * len(negative), rounding))]
    return np.sort(np.concatenate([low, high, np.flatnonzero(weights == 0)]))


def drop_between(weights: Weights, fraction: float, rounding: str = "floor", rng: Randomness = None) -> Positions:
    """All from one sorted weight to another, as the public SciPy code of SET chooses them; `rounding` has no say.

    With f negative weights among the n sorted ones, up to one, everything goes from number int((1 - fraction) f) to
    number int(a + fraction (n - a)), where a comes just after the weight nearest to 0. These are one to
    three edges more than the share, and one or two go even where the share is 0.
    """
    n = len(weights)
    if not n:
        return np.empty(0, np.int64)
    ordered = np.sort(weights)
    magnitudes = np.abs(ordered)
    first, after_last = int(magnitudes.argmin()), n - int(magnitudes[::-1].argmin())
    low = ordered[int((1 - fraction) * first)]
    high = ordered[min(n - 1, int(after_last + fraction * (n - after_last)))]
    return np.flatnonzero((weights >= low) & (weights <= high))


def drop_wrong_negatives(
    weights: Weights, fraction: float, rounding: str = "ceil", rng: Randomness = None
) -> Positions:
    """What widely copied public code drops under the name of SET, for comparison with results that rest on it.

    With k = ceil(ceil(fraction n) / 2), the k smallest positive weights go, as they should; of the negative weights
    only the k - 1 farthest from 0 stay, where all but the k nearest to 0 should. A layer with as many weights of
    either sign loses a share 1 - fraction of its negative ones and so about half of its edges, whatever the fraction.
    `rounding` has no say.
    """
    half = ceil(ceil(fraction * len(weights)) / 2)
    positive, negative = np.flatnonzero(weights > 0), np.flatnonzero(weights < 0)
    low = positive[smallest(weights[positive], min(half, len(positive)))]
    kept = min(half, len(negative)) - 1
    wrong = negative[largest(weights[negative], len(negative) - max(kept, 0))]
    return np.sort(np.concatenate([low, wrong, np.flatnonzero(weights == 0)]))


def drop_at_random(weights: Weights, fraction: float, rounding: str, rng: np.random.Generator) -> Positions:
    """Any edges, with the same chance: what choosing by weight has to beat."""
    return np.sort(rng.choice(len(weights), rounded(fraction * len(weights), rounding), replace=False))


DROP_RULES: dict[str, DropRule] = {
    "magnitude": drop_smallest,
    "set": drop_signed,
    "set-nowak": drop_wrong_negatives,
    "set-scipy": drop_between,
    "random": drop_at_random,
}
