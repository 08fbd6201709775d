"""The edges of a network one by one, for writers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce
from operator import add
from typing import TypeAlias

import numpy as np

from topokit.dag.block import EdgeBlock
from topokit.dag.network import LayeredDAG

EdgeRow: TypeAlias = tuple[int, int, float | None, int | None]

_EDGES_AT_ONCE = 2**16


def edge_rows(block: EdgeBlock, first_source: int = 0, first_target: int = 0) -> Iterator[EdgeRow]:
    """(source, target, weight, multiplicity) of each edge as Python numbers, None for what the block has not.

    Neurons are counted from `first_source` and `first_target`.
    """
    indptr, indices = block.pattern.csr()
    rows = np.repeat(np.arange(block.shape[0], dtype=np.int64), np.diff(indptr))
    for start in range(0, len(rows), _EDGES_AT_ONCE):
        part = slice(start, start + _EDGES_AT_ONCE)
        sources, targets = rows[part] + first_source, indices[part].astype(np.int64) + first_target
        nothing = [None] * len(sources)
        weights = nothing if block.weights is None else block.weights[part].tolist()
        counts = nothing if block.multiplicity is None else block.multiplicity[part].tolist()
        yield from zip(sources.tolist(), targets.tolist(), weights, counts, strict=True)


def global_rows(network: LayeredDAG, block: EdgeBlock) -> Iterator[EdgeRow]:
    """The same with neurons counted over the whole network, layer after layer."""
    first = network.offsets
    return edge_rows(block, int(first[network.index[block.source]]), int(first[network.index[block.target]]))


def neurons(network: LayeredDAG) -> Iterator[tuple[int, str, int]]:
    """(number in the network, layer name, number in the layer) of every neuron."""
    numbered = ((layer.name, k) for layer in network.layers for k in range(layer.size))
    return ((number, name, k) for number, (name, k) in enumerate(numbered))


def chosen_blocks(network: LayeredDAG, identity: bool) -> LayeredDAG:
    """The network itself, or without the blocks that carry no weights."""
    if identity:
        return network
    return replace(network, blocks=tuple(block for block in network.blocks if block.carries_weights))


def has_parallel_edges(network: LayeredDAG) -> bool:
    """Whether two blocks join the same two neurons."""
    together = defaultdict(list)
    for block in network.blocks:
        together[block.source, block.target].append(block)
    return any(_overlap(blocks) for blocks in together.values() if len(blocks) > 1)


def _overlap(blocks: Sequence[EdgeBlock]) -> bool:
    union = reduce(add, (block.adjacency() for block in blocks))
    return bool(union.nnz < sum(block.n_edges for block in blocks))
