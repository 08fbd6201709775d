"""Networks that are rewired over time as dynamic sparse training does, without training."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from topokit.dag import LayeredDAG, Moment, Series

WIDTHS = (64, 96, 72, 10)


def grown(
    frames: int = 6, *, preference: float = 1.0, seed: int = 0, density: float = 0.08, name: str = "grown"
) -> Series:
    """A chain of `WIDTHS` over an 8 x 8 image; each frame moves 30 % of the edges, to rich neurons by preference."""
    rng = np.random.default_rng(seed)
    masks = [rng.random(shape) < density for shape in pairwise(WIDTHS)]
    networks, moments = [], []
    for t in range(frames):
        weights = [np.where(mask, rng.normal(size=mask.shape), 0).astype(np.float32) for mask in masks]
        networks.append(LayeredDAG.from_adjacencies(weights, masks=masks, input_shape=(8, 8)))
        metrics = {"validation_accuracy": 0.9 - 0.5 / (t + 1), "test_accuracy": 0.88 - 0.5 / (t + 1)}
        moments.append(Moment(step=100 * t, epoch=float(t), metrics=metrics))
        masks = [_moved(mask, preference, rng) for mask in masks]
    return Series(moments, networks.__getitem__, name=name)


def _moved(mask: NDArray[np.bool_], preference: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    moved = mask.copy()
    edges = np.flatnonzero(moved)
    count = 3 * len(edges) // 10
    moved.flat[rng.choice(edges, count, replace=False)] = False
    degrees = (1.0 + moved.sum(1, keepdims=True)) * (1.0 + moved.sum(0, keepdims=True))
    chances = np.where(moved, 0, degrees**preference).ravel()
    moved.flat[rng.choice(moved.size, count, replace=False, p=chances / chances.sum())] = True
    return moved
