"""A network as one undirected simple graph, made from its blocks as they are."""

from __future__ import annotations

from collections import defaultdict
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from topokit.dag import EdgeBlock, LayeredDAG

Neighbours = tuple[NDArray[np.int64], NDArray[np.int32]]


def neighbours_of(network: LayeredDAG) -> Neighbours:
    """Where each neuron's neighbours begin, (n_neurons + 1,), and the neighbours, (2 * edges,), over all layers.

    Two neurons joined by several blocks have one edge. Identity and gate blocks do not count.

    Raises
    ------
    TooLargeError
        The edges of all blocks together would not fit into this machine's memory.
    """
    network.check_edges_fit(bytes_each=12)
    from topokit.kernels.cores import Bipartite, neighbour_lists  # numba takes half a second to import

    blocks = [Bipartite(*_union(parallel), *first) for first, parallel in parallel_blocks(network).items()]
    starts, neighbours = neighbour_lists(blocks, network.n_neurons)
    return starts, neighbours


def parallel_blocks(network: LayeredDAG) -> dict[tuple[int, int], list[EdgeBlock]]:
    """The blocks that carry weights, by the numbers of the first neuron of their source and of their target."""
    joined: dict[tuple[int, int], list[EdgeBlock]] = defaultdict(list)
    for block in network.blocks:
        if block.carries_weights:
            ends = network.index[block.source], network.index[block.target]
            joined[int(network.offsets[ends[0]]), int(network.offsets[ends[1]])].append(block)
    return joined


def _union(parallel: list[EdgeBlock]) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    if len(parallel) == 1:
        return parallel[0].pattern.csr()
    merged = reduce(lambda a, b: a + b, [block.adjacency() for block in parallel])
    return merged.indptr, merged.indices
