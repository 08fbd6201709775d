"""Layers whose neurons share one permutation, because blocks without weights join neuron i to neuron i."""

from __future__ import annotations

import numpy as np

from topokit.dag import EdgeBlock, LayeredDAG


def tied_layers(network: LayeredDAG) -> list[int]:
    """The group of each layer, numbered in the order of their first layers, one per layer of a chain.

    Two layers are tied by an identity or a gate that joins all their neurons in order (a residual connection, an
    elementwise product), and a recurrent state is tied to the units whose state it is.
    """
    leader = list(range(len(network.layers)))

    def first(k: int) -> int:
        while leader[k] != k:
            k = leader[k]
        return k

    for block in network.blocks:
        if ties(network, block):
            one, other = sorted((first(network.index[block.source]), first(network.index[block.target])))
            leader[other] = one
    leaders = [first(k) for k in range(len(leader))]
    numbers = {k: number for number, k in enumerate(dict.fromkeys(leaders))}
    return [numbers[k] for k in leaders]


def ties(network: LayeredDAG, block: EdgeBlock) -> bool:
    """Whether the block makes neuron i of its source and neuron i of its target the same, however they are numbered."""
    n_source, n_target = block.shape
    if n_source != n_target:
        return False
    if block.kind == "recurrent":
        return network.layer(block.source).kind == "state"
    return not block.carries_weights and _joins_in_order(block)


def _joins_in_order(block: EdgeBlock) -> bool:
    if block.n_edges != block.shape[0]:
        return False
    indptr, indices = block.pattern.csr()
    return bool((np.diff(indptr) == 1).all() and (indices == np.arange(len(indices))).all())
