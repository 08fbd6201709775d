"""Random networks that share with a given one its densities or its degrees: what chance alone would wire."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from operator import index
from typing import Any, Literal, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from topokit.dag import CSRPattern, EdgeBlock, LayeredDAG
from topokit.errors import ParameterError
from topokit.generators.patterns import Random, random_pattern

NullModel = Literal["density", "degrees"]

ROUNDS = 16


def same_density(network: LayeredDAG, rng: Random = None) -> LayeredDAG:
    """A random network with the layers of the given one and as many edges in each block.

    In each block every set of so many edges is equally likely. The weights and multiplicities of the block are dealt
    out at random among its new edges. Identity and gate blocks stay, and so do full and empty ones.

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
    """
    generator = np.random.default_rng(rng)
    return _redrawn(
        network,
        "edges drawn anew at the same densities",
        lambda block: random_pattern(block.shape, block.n_edges, generator),
        generator,
    )


def same_degrees(network: LayeredDAG, rng: Random = None, *, rounds: SupportsIndex = ROUNDS) -> LayeredDAG:
    """A random network whose neurons have the same numbers of inputs and outputs in each block as in the given one.

    In each block the edges are drawn from all bipartite graphs with its degrees, by global Curveball trades: a Markov
    chain whose only stationary distribution is the uniform one. The weights and multiplicities of the block are dealt
    out at random among its new edges. Identity and gate blocks stay, and so do full and empty ones.

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
        either, at degrees from 1 to 300 in a block of 784 x 784.

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


def _redrawn(
    network: LayeredDAG, note: str, draw: Callable[[EdgeBlock], CSRPattern], generator: np.random.Generator
) -> LayeredDAG:
    blocks = [_redrawn_block(block, draw, generator) for block in network.blocks]
    notes = (*network.provenance.notes, note)
    return LayeredDAG(network.layers, tuple(blocks), replace(network.provenance, notes=notes))


def _redrawn_block(
    block: EdgeBlock, draw: Callable[[EdgeBlock], CSRPattern], generator: np.random.Generator
) -> EdgeBlock:
    if not block.carries_weights or block.n_edges in (0, block.possible):
        return block
    n_pairs = block.shape[0] * block.shape[1]
    if block.possible < n_pairs:
        raise ParameterError(
            f"block {block.name!r} allows {block.possible} of {n_pairs} pairs and does not say which: "
            "draw networks without sparse grouped layers"
        )
    pattern, order = draw(block), None
    if block.weights is not None or block.multiplicity is not None:
        order = generator.permutation(block.n_edges)
    return replace(
        block,
        pattern=pattern,
        weights=_dealt(block.weights, order),
        multiplicity=_dealt(block.multiplicity, order),
        mask_source="none",
    )


def _dealt(values: NDArray[Any] | None, order: NDArray[np.int64] | None) -> NDArray[Any] | None:
    return None if values is None else values[order]


def _with_same_degrees(block: EdgeBlock, generator: np.random.Generator, rounds: int) -> CSRPattern:
    from topokit.kernels.curveball import traded  # numba takes half a second to import

    indptr, indices = block.pattern.csr()
    start, column_start = (_starts(degrees) for degrees in (block.out_degrees(), block.in_degrees()))
    seed = generator.integers(2**64, dtype=np.uint64)
    targets = traded(start, np.ascontiguousarray(indices, np.int32), column_start, seed, rounds)
    return CSRPattern(indptr, targets, block.shape)


def _starts(degrees: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(degrees)]).astype(np.int64)
