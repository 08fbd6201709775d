"""Chains paired as the code published with Liu et al. (2020) does it, including what is wrong with that."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from topokit.analyzers.matching.prepared import Integers, PreparedNetwork


def authors_layers(
    a: PreparedNetwork, b: PreparedNetwork, last: int
) -> tuple[list[Integers], list[float], list[float]]:
    """The pairing (-1 is none), its cost, and how much less it could cost, of each layer of two chains up to `last`.

    Of unequal layers only as many neurons are paired as the narrower has, and where the first network has the wider
    one, the next layer's inputs are numbered past the gaps, which misaligns them.
    """
    # Loading compiled code takes a moment, which analyses that do not match should not wait for.
    from topokit.kernels.dense_matching import match_densely
    from topokit.kernels.input_sets import pair_distances, relabelled
    from topokit.kernels.set_matching import gap_of
    from topokit.kernels.similar_sets import ONE

    labels: NDArray[np.int64] = np.arange(b.groups[0].size)
    pairings, costs, gaps = [], [], []
    for k in range(last + 1):
        layer_a, layer_b = a.layers[k], b.layers[k]
        n_inputs = max(layer_a.sources[0].size, layer_b.sources[0].size)
        sets_b = relabelled(layer_b.sets, labels)
        partner = match_densely(layer_a.sets, sets_b, n_inputs)
        pairings.append(partner)
        costs.append(float(pair_distances(layer_a.sets, sets_b, partner, n_inputs).sum()))
        gaps.append(gap_of(partner, layer_a.sets, sets_b, n_inputs) / ONE)
        if k < last:
            labels = _labels_after(partner)
    return pairings, costs, gaps


def _labels_after(partner: Integers) -> Integers:
    """Label of each neuron of the second network, where the first one's neurons without a partner are not counted."""
    chosen = partner[partner >= 0]
    labels = np.empty_like(chosen)
    labels[chosen] = np.arange(len(chosen))
    return labels
