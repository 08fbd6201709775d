"""Colours of neurons from their neighbours' colours (Weisfeiler and Leman, Nauchno-Tekhn. Inf. 2(9), 1968)."""

from __future__ import annotations

import numpy as np
from numba import int64, njit, uint64, void
from numpy.typing import NDArray

from topokit.kernels.assignment_state import Integers
from topokit.kernels.input_sets import SETS, InputSets
from topokit.kernels.words import STEP, mixed

Words = NDArray[np.uint64]


@njit(uint64[::1](uint64[::1], uint64[::1]), nogil=True, cache=True)
def mixed_pairs(words: Words, others: Words) -> Words:
    """One word for each pair of words, which depends on their order."""
    result = np.empty_like(words)
    for k in range(len(words)):
        result[k] = mixed(mixed(words[k]) ^ (others[k] + STEP))
    return result


@njit(
    void(SETS, int64, int64[::1], uint64[::1], uint64[::1], uint64[::1], uint64[::1], uint64[::1]),
    nogil=True,
    cache=True,
)
def tell_neighbours(
    sets: InputSets,
    first: int,
    neurons: Integers,
    labels: Words,
    values: Words,
    colours: Words,
    incoming: Words,
    outgoing: Words,
) -> None:
    """Add to each neuron's sums what the edges of one layer tell it of its neighbours' colours.

    Parameters
    ----------
    sets : InputSets
        The features of the layer's neurons.
    first : int
        Number of the layer's first neuron.
    neurons, labels : ndarray, shape (n_features,)
        The neuron behind each feature, and a word for what kind of edge leads from it.
    values : ndarray of uint64, shape (n_edges,) or (0,)
        A word for the weight of each edge.
    colours : ndarray of uint64, shape (n_neurons,)
        Of all neurons.
    incoming, outgoing : ndarray of uint64, shape (n_neurons,)
        Changed: sums over the edges that reach and leave each neuron, which do not depend on their order.
    """
    for u in range(len(sets.start) - 1):
        own = mixed(~colours[first + u])
        for place in range(sets.start[u], sets.start[u + 1]):
            feature = sets.members[place]
            label = labels[feature]
            if len(values) > 0:
                label = mixed(label ^ values[place])
            incoming[first + u] += mixed(colours[neurons[feature]] + label)
            outgoing[neurons[feature]] += mixed(own + label)
