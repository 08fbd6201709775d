"""The wiring a network starts with: how many edges each layer gets, and which."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from topokit.errors import ConfigError
from topokit.generators import erk_weight_counts, random_keys
from topokit.training.config import TrainConfig
from topokit.training.methods.selection import Positions

Shapes = Sequence[tuple[int, ...]]


def edge_counts(config: TrainConfig, shapes: Shapes) -> tuple[int, ...]:
    """Edges of each layer, exactly.

    ``dense_output`` takes the last layer out of the density. In fully connected networks 'er' and 'erk' are the same.

    Parameters
    ----------
    config : TrainConfig
        Its ``mask``, ``density`` or ``epsilon``, and ``dense_output``.
    shapes : sequence of tuple of int
        Of the weight tensors, (n_target, n_source, ...), input first.

    Returns
    -------
    tuple of int
        One per tensor, each at least 1.

    Raises
    ------
    ConfigError
        A layer would get no edge, so that nothing could be learned.
    """
    sparse, dense = (shapes[:-1], shapes[-1:]) if config.dense_output else (shapes, shapes[:0])
    counts = _sparse_counts(config, sparse) + tuple(prod(shape) for shape in dense)
    if 0 in counts:
        layer = counts.index(0)
        knob = "epsilon" if config.mask == "er-epsilon" else "density"
        raise ConfigError(
            f"{knob} {getattr(config, knob):g} leaves no edge between layers {layer} and {layer + 1} "
            f"({shapes[layer][1]} and {shapes[layer][0]} neurons): raise it or the widths"
        )
    return counts


def _sparse_counts(config: TrainConfig, shapes: Shapes) -> tuple[int, ...]:
    if not shapes:
        return ()
    if config.mask == "er-epsilon":
        return tuple(min(prod(shape), round(config.epsilon * (shape[0] + shape[1]))) for shape in shapes)
    if config.mask == "uniform":
        return tuple(round(config.density * prod(shape)) for shape in shapes)
    return erk_weight_counts(shapes, config.density)


def initial_edges(config: TrainConfig, shapes: Shapes, *, sparse: bool, rng: np.random.Generator) -> list[Positions]:
    """The flat positions of each layer's edges, ascending, drawn uniformly among the sets of that size.

    Without `sparse` every possible edge is there.
    """
    if not sparse:
        return [np.arange(prod(shape)) for shape in shapes]
    counts = edge_counts(config, shapes)
    return [random_keys(prod(shape), n, rng) for shape, n in zip(shapes, counts, strict=True)]
