"""Blocks whose edges come and go at rates that depend on degree in a known way."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from topokit.dag import LayeredDAG, Series


def attached(
    gain: float,
    retention: float = 0.0,
    *,
    seed: int = 0,
    updates: int = 12,
    shape: tuple[int, int] = (150, 120),
    moved: float = 0.2,
    shift: float = 0.0,
    opposite: tuple[float, float] | None = None,
) -> Series:
    """A block; each update drops and grows a share of its edges, without replacement.

    An edge goes at a rate of its target's (in-degree + shift) ** -retention, a vacant pair is taken at one of its
    target's (in-degree + shift) ** gain, with the degrees before the update. `opposite` holds the exponents of gain and
    retention of the sources, by which these rates are multiplied.
    """
    rng = np.random.default_rng(seed)
    # Neurons begin with different chances, so that there are degrees to tell apart.
    chances = [0.05, 0.1, 0.2, 0.3]
    even = np.ones((1, 1)) if opposite is None else 2 * np.sqrt(rng.choice(chances, (shape[0], 1)))
    mask = rng.random(shape) < even * rng.choice(chances, shape[1])
    out_gain, out_retention = opposite or (0.0, 0.0)
    masks = [mask]
    for _ in range(updates):
        degrees = np.maximum(mask.sum(axis=0) + shift, 1e-9)
        others = np.maximum(mask.sum(axis=1, keepdims=True) + shift, 1e-9)
        count = round(moved * mask.sum())
        gone = _first(np.where(mask, degrees**-retention * others**-out_retention, 0), count, rng)
        come = _first(np.where(mask, 0, degrees**gain * others**out_gain), count, rng)
        mask = mask.copy()
        mask.flat[gone], mask.flat[come] = False, True
        masks.append(mask)
    return Series.from_networks([LayeredDAG.from_adjacencies([each]) for each in masks])


def _first(rates: NDArray[np.float64], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """The first `count` cells to go off when each waits for an exponential time at its rate."""
    with np.errstate(divide="ignore"):
        times = rng.exponential(size=rates.shape) / rates
    return np.argpartition(times.ravel(), count)[:count]
