"""Random networks for property tests."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from topokit.dag import EdgeBlock, Layer, LayeredDAG


def random_mask(rng: np.random.Generator, shape: tuple[int, int], density: float) -> NDArray[np.bool_]:
    """Each edge on its own with probability `density`."""
    return rng.random(shape) < density


@st.composite
def layered_dags(
    draw: st.DrawFn, *, max_layers: int = 5, max_size: int = 12, skips: bool = True, weights: bool = True
) -> LayeredDAG:
    """A chain, with random skip blocks where `skips`, with random weights (some of them 0) where `weights`."""
    sizes = draw(st.lists(st.integers(1, max_size), min_size=2, max_size=max_layers))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    layers = [Layer(f"layer{k}", size) for k, size in enumerate(sizes)]
    pairs = [(k, k + 1) for k in range(len(sizes) - 1)]
    if skips:
        pairs += [(i, j) for i in range(len(sizes)) for j in range(i + 2, len(sizes)) if draw(st.booleans())]
    blocks = []
    for i, j in pairs:
        mask = random_mask(rng, (sizes[i], sizes[j]), draw(st.sampled_from([0.0, 0.1, 0.5, 1.0])))
        matrix = rng.integers(-2, 3, mask.shape).astype(np.float32) if weights else mask
        blocks.append(EdgeBlock.from_matrix(layers[i].name, layers[j].name, matrix, mask=mask))
    return LayeredDAG(tuple(layers), tuple(blocks))


@st.composite
def chains(draw: st.DrawFn, *, max_layers: int = 5, max_size: int = 12, weights: bool = False) -> LayeredDAG:
    """A layered DAG with blocks between neighbours only."""
    return draw(layered_dags(max_layers=max_layers, max_size=max_size, skips=False, weights=weights))
