"""The wiring a network starts with: how many edges each layer gets, and which."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from topokit.errors import ConfigError
from topokit.generators import er_epsilon_edge_counts, erk_edge_counts, random_mask, uniform_edge_counts
from topokit.training.config import TrainConfig


def edge_counts(config: TrainConfig, sizes: Sequence[int]) -> tuple[int, ...]:
    """Edges of each layer, exactly.

    ``dense_output`` takes the last layer out of the density. In fully connected networks 'er' and 'erk' are the same.

    Parameters
    ----------
    config : TrainConfig
        Its ``mask``, ``density`` or ``epsilon``, and ``dense_output``.
    sizes : sequence of int
        Neurons of each layer, input first.

    Returns
    -------
    tuple of int
        One per pair of neighbouring layers, each at least 1.

    Raises
    ------
    ConfigError
        A layer would get no edge, so that nothing could be learned.
    """
    counts = _all_counts(config, sizes)
    if 0 in counts:
        layer = counts.index(0)
        knob = "epsilon" if config.mask == "er-epsilon" else "density"
        raise ConfigError(
            f"{knob} {getattr(config, knob):g} leaves no edge between layers {layer} and {layer + 1} "
            f"({sizes[layer]} and {sizes[layer + 1]} neurons): raise it or the widths"
        )
    return counts


def _all_counts(config: TrainConfig, sizes: Sequence[int]) -> tuple[int, ...]:
    sparse = sizes[:-1] if config.dense_output else sizes
    head = (sizes[-2] * sizes[-1],) if config.dense_output else ()
    if len(sparse) < 2:
        return head
    if config.mask == "er-epsilon":
        return er_epsilon_edge_counts(sparse, config.epsilon) + head
    counts = uniform_edge_counts if config.mask == "uniform" else erk_edge_counts
    return counts(sparse, config.density) + head


def initial_masks(
    config: TrainConfig, sizes: Sequence[int], *, sparse: bool, rng: np.random.Generator
) -> list[NDArray[np.bool_]]:
    """A boolean matrix (n_target, n_source) for each layer, drawn uniformly among those with its edge count.

    Without `sparse` every possible edge is there.
    """
    shapes = [(n_out, n_in) for n_in, n_out in pairwise(sizes)]
    if not sparse:
        return [np.ones(shape, np.bool_) for shape in shapes]
    return [random_mask(shape, n, rng) for shape, n in zip(shapes, edge_counts(config, sizes), strict=True)]
