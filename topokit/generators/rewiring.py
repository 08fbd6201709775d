"""Networks with some of their edges moved: how Liu et al. (ECML-PKDD 2020, section 4.2) make related networks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.dag import EdgeBlock, LayeredDAG, Moment, Series
from topokit.errors import ParameterError
from topokit.generators.patterns import Keys, Random, keys_of_pattern, pattern_of_keys, random_keys, unused_keys


def rewired(network: LayeredDAG, fraction: float, rng: Random = None, *, generations: int = 1) -> LayeredDAG:
    """The network after a fraction of the edges of each block has moved, once per generation.

    ``round(fraction * edges)`` edges of a block, drawn at random, go to pairs of neurons that had none; a block with
    fewer free pairs moves as many as it has, so a dense one stays. Edge counts stay, and the moved edges keep their
    weights, multiplicities and taps, dealt out at random among the new places: a whole kernel moves, a surviving tap
    keeps its position in it. Identity and gate blocks stay.

    Parameters
    ----------
    network : LayeredDAG
        The network.
    fraction : float
        Share of the edges to move, from 0 to 1.
    rng : int or numpy.random.Generator, optional
        Seed or source of randomness.
    generations : int
        How often, at least once; each generation starts from the one before, so an edge may move back.

    Raises
    ------
    ParameterError
        A fraction outside [0, 1], no generation, or a block that allows only some pairs of neurons (grouped layers)
        without saying which.
    """
    for descendant in _descendants(network, fraction, rng, generations):
        network = descendant
    return network


def rewiring_chain(network: LayeredDAG, fraction: float, rng: Random = None, *, generations: int) -> Series:
    """The network and its descendants, one per generation, each made from the one before; see `rewired`.

    Returns
    -------
    Series
        ``generations + 1`` networks, labelled by their generation, the given network (0) first.
    """
    networks = [network, *_descendants(network, fraction, rng, generations)]
    moments = [Moment(step=k, label=f"generation {k}") for k in range(len(networks))]
    return Series(moments, networks.__getitem__, name=f"{fraction:.2%} moved per generation")


def _descendants(network: LayeredDAG, fraction: float, rng: Random, generations: int) -> Iterator[LayeredDAG]:
    if not 0 <= fraction <= 1 or generations < 1:
        raise ParameterError(
            f"fraction is {fraction} and generations is {generations}: a share from 0 to 1 and at least one "
            "generation are needed"
        )
    generator = np.random.default_rng(rng)
    provenance = network.provenance
    for k in range(generations):
        note = f"{fraction:.2%} of the edges moved at random, generation {k + 1}"
        blocks = tuple(_moved(block, fraction, generator) for block in network.blocks)
        network = LayeredDAG(network.layers, blocks, replace(provenance, notes=(*provenance.notes, note)))
        yield network


def _moved(block: EdgeBlock, fraction: float, generator: np.random.Generator) -> EdgeBlock:
    n_pairs = block.shape[0] * block.shape[1]
    if not block.carries_weights or not round(fraction * block.n_edges) or n_pairs == block.n_edges:
        return block
    if block.possible < n_pairs:
        raise ParameterError(
            f"block {block.name!r} allows {block.possible} of {n_pairs} pairs and does not say which: "
            "rewire networks without grouped layers"
        )
    keys = keys_of_pattern(block.pattern)
    moved = moved_keys(keys, n_pairs, fraction, generator)
    order = np.argsort(moved)
    return replace(
        block,
        pattern=pattern_of_keys(moved[order], block.shape),
        weights=_reordered(block.weights, order),
        multiplicity=_reordered(block.multiplicity, order),
        taps=None if block.taps is None else block.taps.moved(*np.divmod(moved, block.shape[1])),
        mask_source="none",
    )


def moved_keys(keys: Keys, population: int, fraction: float, generator: np.random.Generator) -> Keys:
    """The places of edges after ``round(fraction * edges)`` of them moved to where there was none, in the same order.

    Parameters
    ----------
    keys : ndarray of int64, shape (n_edges,)
        Distinct numbers below `population`, ascending; fewer move where fewer are free.
    population : int
        How many places there are.
    fraction : float
        From 0 to 1.
    generator : numpy.random.Generator
        Source of randomness.
    """
    n_moved = min(round(fraction * len(keys)), population - len(keys))
    leaving = random_keys(len(keys), n_moved, generator)
    arriving = unused_keys(keys, random_keys(population - len(keys), n_moved, generator))
    moved = keys.copy()
    moved[leaving] = generator.permutation(arriving)
    return moved


def _reordered(values: NDArray[Any] | None, order: NDArray[np.int64]) -> NDArray[Any] | None:
    return None if values is None else values[order]
