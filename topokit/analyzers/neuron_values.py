"""One number per neuron by which neurons can be ranked: degree, strength or coreness."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from topokit.analyzers.degrees import DegreeKind
from topokit.analyzers.kshell import coreness
from topokit.dag import EdgeBlock, Layer, LayeredDAG
from topokit.errors import InsufficientDataError

NeuronValue = Literal["degree", "strength", "coreness"]


def neuron_values(
    network: LayeredDAG, layers: tuple[Layer, ...], of: NeuronValue, kind: DegreeKind = "total"
) -> NDArray[Any]:
    """Degree or coreness (int64) or strength (float64) of every neuron of `layers`, layer after layer, (N,).

    Parameters
    ----------
    network : LayeredDAG
        The network.
    layers : tuple of Layer
        Some of its layers.
    of : {'degree', 'strength', 'coreness'}
        Connections, the sum of their absolute weights, or the shell of the k-shell decomposition.
    kind : {'total', 'in', 'out'}
        Connections on which side; the coreness has none.

    Raises
    ------
    InsufficientDataError
        A strength is asked for and a block at these layers has no weights.
    """
    if of == "coreness":
        shells = coreness(network)
        starts = {layer.name: int(network.offsets[network.index[layer.name]]) for layer in layers}
        return np.concatenate([shells[starts[layer.name] : starts[layer.name] + layer.size] for layer in layers])
    incoming, outgoing = _in_degrees, _out_degrees
    if of == "strength":
        incoming, outgoing = _in_strengths, _out_strengths
    sides = {"in": [incoming], "out": [outgoing], "total": [incoming, outgoing]}[kind]
    return np.concatenate([sum(side(network, layer) for side in sides) for layer in layers])


def _in_degrees(network: LayeredDAG, layer: Layer) -> NDArray[Any]:
    return network.in_degrees(layer.name)


def _out_degrees(network: LayeredDAG, layer: Layer) -> NDArray[Any]:
    return network.out_degrees(layer.name)


def _in_strengths(network: LayeredDAG, layer: Layer) -> NDArray[Any]:
    blocks = [block for block in network.incoming(layer.name) if block.carries_weights]
    parts = [np.bincount(block.pattern.csr()[1], _magnitudes(block), layer.size) for block in blocks]
    return sum(parts, np.zeros(layer.size))


def _out_strengths(network: LayeredDAG, layer: Layer) -> NDArray[Any]:
    blocks = [block for block in network.outgoing(layer.name) if block.carries_weights]
    parts = []
    for block in blocks:
        sources = np.repeat(np.arange(layer.size), block.out_degrees())
        parts.append(np.bincount(sources, _magnitudes(block), layer.size))
    return sum(parts, np.zeros(layer.size))


def _magnitudes(block: EdgeBlock) -> NDArray[np.float64]:
    if block.weights is None:
        raise InsufficientDataError(
            f"block {block.name!r} has no weights to add up to a strength: record them, or use of='degree'"
        )
    return np.abs(block.weights.astype(np.float64))
