"""The wiring a network starts with: how many edges each layer gets, and which."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from topokit.errors import ConfigError
from topokit.generators import RadixTopology, erk_weight_counts, moved_keys, random_keys
from topokit.generators.counts import channel_demand
from topokit.training.config import TrainConfig
from topokit.training.methods.selection import Positions
from topokit.training.radix_masks import RADIX_MASKS, fitting_topology
from topokit.training.randomness import stream

Shapes = Sequence[tuple[int, ...]]


def sparse_range(config: TrainConfig, n_layers: int) -> range:
    """Numbers of the layers of weights that are not dense by ``dense_input`` or ``dense_output``."""
    return range(int(config.dense_input), n_layers - config.dense_output)


def edge_counts(config: TrainConfig, shapes: Shapes) -> tuple[int, ...]:
    """Edges of each layer, exactly; where ``mask_draw`` leaves the number to chance, the expected one, rounded.

    In fully connected networks masks 'er' and 'erk' are the same; of kernels 'er' looks at the channels alone.

    Parameters
    ----------
    config : TrainConfig
        Its ``mask`` with what belongs to it, ``dense_input`` and ``dense_output``.
    shapes : sequence of tuple of int
        Of the weight tensors, (n_target, n_source, ...), input first.

    Returns
    -------
    tuple of int
        One per tensor, each at least 1.

    Raises
    ------
    ConfigError
        A layer would get no edge, so that nothing could be learned, or a RadiX-Net that does not fit.
    """
    counts = [prod(shape) for shape in shapes]
    sparse = sparse_range(config, len(shapes))
    if sparse:
        counts[sparse.start : sparse.stop] = _sparse_counts(config, shapes)
    _check_edges(config, shapes, counts)
    return tuple(counts)


def total_edges(config: TrainConfig, shapes: Shapes) -> int:
    """Edges of the layers that are not dense, all together, whichever of them has how many.

    Parameters
    ----------
    config : TrainConfig
        Its ``density``; of mask 'er-epsilon' its ``epsilon``.
    shapes : sequence of tuple of int
        Of all weight tensors.
    """
    sparse = [shapes[layer] for layer in sparse_range(config, len(shapes))]
    if config.mask == "er-epsilon":
        return sum(_epsilon_counts(config, sparse))
    return round(config.density * sum(map(prod, sparse)))


def initial_edges(config: TrainConfig, shapes: Shapes, *, sparse: bool, rng: np.random.Generator) -> list[Positions]:
    """The flat positions of each layer's edges, ascending; drawn as ``mask_draw`` says, but for a RadiX-Net.

    Without `sparse` every possible edge is there.

    Raises
    ------
    ConfigError
        As in `edge_counts`.
    """
    drawn = sparse_range(config, len(shapes)) if sparse else range(0)
    counts = edge_counts(config, shapes) if sparse else ()
    # All positions of a sparse layer may be more than memory holds, so they are listed for dense ones alone.
    edges: list[Positions] = [
        _chosen(config, shapes, layer, counts[layer], rng) if layer in drawn else np.arange(prod(shape))
        for layer, shape in enumerate(shapes)
    ]
    _check_edges(config, shapes, list(map(len, edges)))
    return _descended(config, shapes, edges)


def _descended(config: TrainConfig, shapes: Shapes, edges: list[Positions]) -> list[Positions]:
    """The edges after so many generations, each made from the one before (Liu et al. 2020, section 4.2)."""
    for generation in range(config.generation):
        rng = stream(config.wiring_seed, "generations", generation)
        for layer in sparse_range(config, len(shapes)):
            moved = moved_keys(edges[layer], prod(shapes[layer]), config.generation_change, rng)
            edges[layer] = np.sort(moved)
    return edges


def _sparse_counts(config: TrainConfig, shapes: Shapes) -> Sequence[int]:
    if config.mask in RADIX_MASKS:
        return _topology(config, shapes).edge_counts
    sparse = [shapes[layer] for layer in sparse_range(config, len(shapes))]
    if config.mask == "er-epsilon":
        return _epsilon_counts(config, sparse)
    if config.mask == "uniform":
        return [round(config.density * prod(shape)) for shape in sparse]
    return erk_weight_counts(sparse, config.density, kernels=config.mask == "erk")


def _epsilon_counts(config: TrainConfig, shapes: Shapes) -> list[int]:
    return [min(prod(shape), _epsilon_draws(config, shape)) for shape in shapes]


def _epsilon_draws(config: TrainConfig, shape: tuple[int, ...]) -> int:
    return round(config.epsilon * channel_demand(shape))


def _chosen(config: TrainConfig, shapes: Shapes, layer: int, count: int, rng: np.random.Generator) -> Positions:
    possible = prod(shapes[layer])
    if config.mask == "radix":
        return _topology(config, shapes).weight_positions(layer)
    if config.mask_draw == "replacement":
        return np.unique(rng.integers(possible, size=_epsilon_draws(config, shapes[layer])))
    if config.mask_draw == "bernoulli":
        # How many first, then which: the same law as a draw for each possible edge, without that many numbers.
        count = int(rng.binomial(possible, count / possible))
    return random_keys(possible, count, rng)


def _topology(config: TrainConfig, shapes: Shapes) -> RadixTopology:
    return fitting_topology(config.radix_systems, config.radix_widths, shapes)


def _check_edges(config: TrainConfig, shapes: Shapes, counts: Sequence[int]) -> None:
    if 0 not in counts:
        return
    layer = counts.index(0)
    knob = "epsilon" if config.mask == "er-epsilon" else "density"
    raise ConfigError(
        f"{knob} {getattr(config, knob):g} leaves no edge between layers {layer} and {layer + 1} "
        f"({shapes[layer][1]} and {shapes[layer][0]} neurons): raise it or the widths"
    )
