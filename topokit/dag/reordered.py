"""Networks with the neurons of their layers in another order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from topokit.dag.block import EdgeBlock
from topokit.dag.layer import Layer
from topokit.dag.network import LayeredDAG
from topokit.dag.patterns import CSRPattern
from topokit.dag.taps import Taps
from topokit.errors import InvalidNetworkError

Integers = NDArray[np.int64]


def reordered(network: LayeredDAG, orders: Mapping[str, ArrayLike]) -> LayeredDAG:
    """The network with the neurons of some layers in another order, and possibly others without edges among them.

    Parameters
    ----------
    network : LayeredDAG
        The network.
    orders : mapping of str to array_like of int
        For a layer by name, which of its neurons each place takes, each neuron once; -1 adds a neuron without edges.
        A layer that grows loses its shape. Layers that are not named stay.

    Returns
    -------
    LayeredDAG
        With the same edges, weights, multiplicities and taps, in CSR form.

    Raises
    ------
    UnknownNameError
        No layer of that name.
    InvalidNetworkError
        An order that leaves out a neuron or takes one twice.
    """
    places = {name: _places(network.layer(name), order) for name, order in orders.items()}
    sizes = {layer.name: layer.size for layer in network.layers} | {
        name: len(np.ravel(orders[name])) for name in orders
    }
    layers = [_resized(layer, sizes[layer.name]) for layer in network.layers]
    blocks = [
        _reordered_block(block, places, (sizes[block.source], sizes[block.target]))
        if block.source in places or block.target in places
        else block
        for block in network.blocks
    ]
    return replace(network, layers=tuple(layers), blocks=tuple(blocks))


def _places(layer: Layer, order: ArrayLike) -> Integers:
    """Where each neuron of the layer goes, (size,)."""
    taken = np.asarray(order)
    is_list = taken.dtype.kind in "iu" and taken.ndim == 1
    kept = np.flatnonzero(taken >= 0) if is_list else np.empty(0, np.int64)
    if not is_list or not np.array_equal(np.sort(taken[kept]), np.arange(layer.size)):
        raise InvalidNetworkError(
            f"the order of layer {layer.name!r} does not take each of its {layer.size} neurons once: "
            f"give the numbers 0 to {layer.size - 1}, and -1 for a neuron without edges"
        )
    places = np.empty(layer.size, np.int64)
    places[taken[kept]] = kept
    return places


def _resized(layer: Layer, size: int) -> Layer:
    return layer if size == layer.size else replace(layer, size=size, shape=None)


def _reordered_block(block: EdgeBlock, places: Mapping[str, Integers], shape: tuple[int, int]) -> EdgeBlock:
    indptr, indices = block.pattern.csr()
    rows = np.repeat(np.arange(block.shape[0]), np.diff(indptr))
    sources, targets = _moved(rows, places.get(block.source)), _moved(indices, places.get(block.target))
    edges = sparse.coo_array((np.arange(block.n_edges), (sources, targets)), shape=shape).tocsr()
    edges.sort_indices()
    order = edges.data
    return replace(
        block,
        pattern=CSRPattern(edges.indptr, edges.indices, shape),
        weights=None if block.weights is None else block.weights[order],
        multiplicity=None if block.multiplicity is None else block.multiplicity[order],
        taps=None if block.taps is None else _reordered_taps(block, block.taps, places, shape),
    )


def _reordered_taps(block: EdgeBlock, taps: Taps, places: Mapping[str, Integers], shape: tuple[int, int]) -> Taps:
    sources, tap, targets = taps.coordinates()
    moved = _moved(sources, places.get(block.source)), tap, _moved(targets, places.get(block.target))
    return Taps.from_coordinates(moved, shape, taps.count, weights=taps.weights, shape=taps.shape)


def _moved(neurons: NDArray[np.integer], places: Integers | None) -> Integers:
    return neurons.astype(np.int64) if places is None else places[neurons]
