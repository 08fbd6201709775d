"""Random networks that share with a given one its densities, its degrees or its edges: what chance alone would wire."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from operator import index
from typing import Literal, SupportsIndex

import numpy as np

from topokit.dag import CSRPattern, EdgeBlock, LayeredDAG, Pattern
from topokit.errors import InsufficientDataError, ParameterError
from topokit.generators.patterns import Random, keys_of_pattern, random_pattern

NullModel = Literal["density", "degrees"]

Draw = Callable[[EdgeBlock], Pattern]

ROUNDS = 16

# With more pairs of neurons than this for each edge, lists of edges are traded faster than bitmaps.
_BITS_PER_EDGE = 28


def same_density(network: LayeredDAG, rng: Random = None) -> LayeredDAG:
    """A random network with the layers of the given one and as many edges in each block.

    In each block every set of so many edges is equally likely. The weights, multiplicities and taps of the block are
    dealt out at random among its new edges: a whole kernel moves, a surviving tap keeps its position in it. The edges
    of full blocks stay, and identity and gate blocks stay as they are.

    Parameters
    ----------
    network : LayeredDAG
        The network; of blocks without weights only the number of edges is looked at.
    rng : int or numpy.random.Generator, optional
        Seed or source of randomness.

    Raises
    ------
    ParameterError
        A block that allows only some pairs of neurons (grouped layers) without saying which, and is not full.

    References
    ----------
    Frankle et al. (2021) and Su et al. (2020), the layer-wise shuffle as a test of pruning methods.
    """
    generator = np.random.default_rng(rng)
    return _redrawn(
        network,
        "edges drawn anew at the same densities",
        lambda block: random_pattern(block.shape, block.n_edges, generator),
        generator,
    )


shuffled_layers = same_density


def same_edges(network: LayeredDAG, rng: Random = None) -> LayeredDAG:
    """The same edges with the weights of each block dealt out among them at random.

    Every order of a block's weights is equally likely; where several numbers stand behind an edge (kernels, gates),
    the weights of all surviving taps of the block are dealt out among them. Edges, degrees, multiplicities and whatever
    does not look at weights stay as they are.

    Parameters
    ----------
    network : LayeredDAG
        The network.
    rng : int or numpy.random.Generator, optional
        Seed or source of randomness.

    Raises
    ------
    InsufficientDataError
        No block has weights.
    """
    generator = np.random.default_rng(rng)
    if not any(_has_weights(block) for block in network.blocks):
        raise InsufficientDataError(f"{network!r} has no weights to deal out: load or record them, or draw its edges")
    blocks = [_with_shuffled_weights(block, generator) for block in network.blocks]
    notes = (*network.provenance.notes, "weights dealt out anew among the same edges")
    return LayeredDAG(network.layers, tuple(blocks), replace(network.provenance, notes=notes))


def same_degrees(network: LayeredDAG, rng: Random = None, *, rounds: SupportsIndex = ROUNDS) -> LayeredDAG:
    """A random network whose neurons have the same numbers of inputs and outputs in each block as in the given one.

    In each block the edges are drawn from all bipartite graphs with its degrees, by global Curveball trades: a Markov
    chain whose only stationary distribution is the uniform one. The weights, multiplicities and
    taps of the block are dealt out at random among its new edges: a whole kernel moves, a surviving tap keeps its
    position in it. The edges of full blocks stay, and identity and gate blocks stay as they are.

    Parameters
    ----------
    network : LayeredDAG
        The network.
    rng : int or numpy.random.Generator, optional
        Seed or source of randomness.
    rounds : int
        Length of the chain, at least 1. In a round every source neuron trades edges with another one, and then every
        target neuron. What is left of the given edges beyond chance shrinks to about a quarter with each round, and
        more slowly where sources and targets both have very unequal degrees: 16 rounds leave nothing measurable there
        either, with expected degrees from 1 to 100 on both sides of a block of 300 x 300. With Pareto-like degrees
        (exponent 1.5) on both sides the correlation with the given edges is 0.56, 0.40, 0.29, 0.26 and 0.26 after 1, 2,
        4, 8 and 16 rounds: the last is what equal degrees alone give. `topokit.mixing` tells it of any network.

    Raises
    ------
    ParameterError
        A block that allows only some pairs of neurons (grouped layers) without saying which, and is not full; or no
        round.

    References
    ----------
    Strona et al. (2014), the trades; Carstens et al. (2018), global trades and their uniform distribution.
    """
    length = index(rounds)
    if length < 1:
        raise ParameterError(f"rounds={length}: at least one round of trades is needed")
    generator = np.random.default_rng(rng)
    return _redrawn(
        network,
        "edges drawn anew at the same degrees",
        lambda block: _with_same_degrees(block, generator, length),
        generator,
    )


NULL_MODELS: dict[NullModel, Callable[[LayeredDAG, np.random.Generator], LayeredDAG]] = {
    "density": same_density,
    "degrees": same_degrees,
}


def _has_weights(block: EdgeBlock) -> bool:
    return block.weights is not None or (block.taps is not None and block.taps.weights is not None)


def _with_shuffled_weights(block: EdgeBlock, generator: np.random.Generator) -> EdgeBlock:
    weights = None if block.weights is None else block.weights[generator.permutation(block.n_edges)]
    if block.taps is None or block.taps.weights is None:
        return block if weights is None else replace(block, weights=weights)
    taps = replace(block.taps, weights=block.taps.weights[generator.permutation(block.taps.n_taps)])
    return replace(block, weights=weights, taps=taps)


def _redrawn(network: LayeredDAG, note: str, draw: Draw, generator: np.random.Generator) -> LayeredDAG:
    blocks = [_redrawn_block(block, draw, generator) for block in network.blocks]
    notes = (*network.provenance.notes, note)
    return LayeredDAG(network.layers, tuple(blocks), replace(network.provenance, notes=notes))


def _redrawn_block(block: EdgeBlock, draw: Draw, generator: np.random.Generator) -> EdgeBlock:
    if not block.carries_weights or not block.n_edges:
        return block
    n_pairs = block.shape[0] * block.shape[1]
    if block.n_edges < block.possible < n_pairs:
        raise ParameterError(
            f"block {block.name!r} allows {block.possible} of {n_pairs} pairs and does not say which: "
            "draw networks without sparse grouped layers"
        )
    pattern = block.pattern if block.n_edges == block.possible else draw(block)
    if block.weights is None and block.multiplicity is None and block.taps is None:
        return replace(block, pattern=pattern, mask_source="none")
    return _with_dealt_values(block, pattern, generator)


def _with_dealt_values(block: EdgeBlock, pattern: Pattern, generator: np.random.Generator) -> EdgeBlock:
    """The edges of `pattern` with the values of the block's edges at random."""
    order = generator.permutation(block.n_edges)
    new_place = np.argsort(order)
    moved = keys_of_pattern(pattern)[new_place] if block.taps is not None else None
    return replace(
        block,
        pattern=pattern,
        weights=None if block.weights is None else block.weights[order],
        multiplicity=None if block.multiplicity is None else block.multiplicity[order],
        taps=None if block.taps is None or moved is None else block.taps.moved(*np.divmod(moved, block.shape[1])),
        mask_source="none",
    )


def _with_same_degrees(block: EdgeBlock, generator: np.random.Generator, rounds: int) -> CSRPattern:
    # numba takes half a second to import.
    from topokit.kernels.curveball import traded
    from topokit.kernels.curveball_bits import traded_bits

    indptr, indices = block.pattern.csr()
    start, members = indptr.astype(np.int64), np.ascontiguousarray(indices, np.int32)
    seed = generator.integers(2**64, dtype=np.uint64)
    if block.n_edges * _BITS_PER_EDGE < block.shape[0] * block.shape[1]:
        column_start = np.concatenate([[0], np.cumsum(block.in_degrees())]).astype(np.int64)
        targets = traded(start, members, column_start, seed, rounds)
    else:
        targets = traded_bits(start, members, block.shape[1], seed, rounds)
    return CSRPattern(indptr, targets, block.shape)
