"""The same network with the neurons of each layer in another order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from topokit.dag import EdgeBlock, LayeredDAG


def relabelled(network: LayeredDAG, seed: int) -> tuple[LayeredDAG, NDArray[np.int64]]:
    """A shuffled copy, and where each of its neurons was: ``values_of(copy) == values_of(network)[order]``."""
    rng = np.random.default_rng(seed)
    orders = {layer.name: rng.permutation(layer.size) for layer in network.layers}
    blocks = []
    for block in network.blocks:
        rows, columns = orders[block.source], orders[block.target]
        mask = block.adjacency().toarray()[np.ix_(rows, columns)]
        weights = None if block.weights is None else block.weight_matrix().toarray()[np.ix_(rows, columns)]
        matrix = mask if weights is None else weights
        made = EdgeBlock.from_matrix(block.source, block.target, matrix, mask=mask, name=block.name)
        if block.taps is not None:
            sources, targets = block.adjacency().nonzero()
            moved = block.taps.moved(np.argsort(rows)[sources], np.argsort(columns)[targets])
            made = replace(made, taps=moved)
        blocks.append(made)
    offsets = zip(network.layers, network.offsets, strict=False)
    order = np.concatenate([first + orders[layer.name] for layer, first in offsets])
    return LayeredDAG(network.layers, tuple(blocks)), order
