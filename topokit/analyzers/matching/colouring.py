"""Colours that tell the neurons of a network apart by structure alone (Weisfeiler and Leman, 1968).

Inputs, and labelled outputs, have a colour each; all others are coloured by the colours of the neurons before and
behind them, round after round. A colour is a word that depends on the wiring alone, so equal colours in two networks
mean equal surroundings, as far as that many steps lead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from topokit.analyzers.matching.prepared import PreparedNetwork
    from topokit.kernels.input_sets import InputSets

Integers = NDArray[np.int64]
Words = NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class LayerEdges:
    """The edges of one layer, its neurons and features numbered over the whole network.

    Attributes
    ----------
    sets : InputSets
        The features of the layer's neurons.
    first : int
        Number of the layer's first neuron.
    neurons, labels : ndarray, shape (n_features,)
        The neuron behind each feature, and a word for its source and tap.
    values : ndarray of uint64, shape (n_edges,) or (0,)
        The bits of the weights.
    """

    sets: InputSets
    first: int
    neurons: Integers
    labels: Words
    values: Words


def layer_edges(network: PreparedNetwork, *, values: bool) -> list[LayerEdges]:
    """The edges of every layer, with the weights that are compared where `values` are asked for."""
    offsets = np.cumsum([0, *(group.size for group in network.groups)])
    return [_edges(network, k, offsets, values) for k in range(len(network.layers))]


def first_colours(network: PreparedNetwork, fixed: Sequence[bool]) -> Words:
    """Colours of all neurons by their group, and in the `fixed` groups by their number too."""
    from topokit.kernels.colours import mixed_pairs

    numbers = [
        np.arange(1, group.size + 1, dtype=np.uint64) if stays else np.zeros(group.size, np.uint64)
        for group, stays in zip(network.groups, fixed, strict=True)
    ]
    kinds = [np.full(group.size, number, np.uint64) for number, group in enumerate(network.groups)]
    return mixed_pairs(np.concatenate(kinds), np.concatenate(numbers))


def coloured(colours: Words, edges: Sequence[LayerEdges]) -> list[Words]:
    """The colours of all neurons after each round, until no round tells more of them apart; the first are `colours`."""
    from topokit.kernels.colours import mixed_pairs, tell_neighbours

    rounds, n_colours = [colours], 0
    while (n_now := len(np.unique(rounds[-1]))) > n_colours:
        n_colours = n_now
        incoming, outgoing = np.zeros((2, len(colours)), np.uint64)
        for part in edges:
            tell_neighbours(
                part.sets, part.first, part.neurons, part.labels, part.values, rounds[-1], incoming, outgoing
            )
        rounds.append(mixed_pairs(rounds[-1], mixed_pairs(incoming, outgoing)))
    return rounds


def _edges(network: PreparedNetwork, k: int, offsets: Integers, values: bool) -> LayerEdges:
    layer = network.layers[k]
    neurons, labels = [], []
    for number, source in enumerate(layer.sources):
        neurons.append(offsets[source.group] + np.repeat(np.arange(source.size), source.taps))
        # Layers 4,096 apart share words, which changes nothing: the colours of their neurons differ from the start.
        first = np.uint64((((k << 20) + number) << 32) % 2**64)
        labels.append(np.tile(first + np.arange(source.taps, dtype=np.uint64), source.size))
    words = layer.values.view(np.uint64) if values and layer.values is not None else np.zeros(0, np.uint64)
    return LayerEdges(layer.sets, int(offsets[layer.group]), np.concatenate(neurons), np.concatenate(labels), words)
