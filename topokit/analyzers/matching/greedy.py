"""Pair the neurons of two networks layer by layer: Algorithm 1 of Liu et al. (2020)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from topokit.analyzers.matching.authors import authors_layers
from topokit.analyzers.matching.comparable import check_comparable, is_labelled
from topokit.analyzers.matching.definition import Definition
from topokit.analyzers.matching.features import common_sets
from topokit.analyzers.matching.pairing import Pairing, paired_group
from topokit.analyzers.matching.prepared import Integers, PreparedNetwork


@dataclass(frozen=True, eq=False)
class Match:
    """Two networks paired.

    Attributes
    ----------
    distances : ndarray, shape (L,)
        Distance of each reported layer.
    partners : tuple of ndarray of int64
        For each reported layer, the neuron of the second network paired with each neuron of the first, (size_a,);
        -1 for none.
    matched : tuple of bool
        Whether the layer's neurons were matched, or paired by position (labelled).
    gaps : ndarray, shape (L,)
        By how much the distance could be smaller at most, given the pairings of the layers before: 0 is the proof
        that it could not, NaN that nothing is known.
    """

    distances: NDArray[np.float64]
    partners: tuple[Integers, ...]
    matched: tuple[bool, ...]
    gaps: NDArray[np.float64]


def match_networks(a: PreparedNetwork, b: PreparedNetwork, definition: Definition) -> Match:
    """Pair the neurons of each layer up to the last one that `definition` reports, and return the reported ones.

    The pairing of a layer decides which inputs of the next layer are the same.

    Raises
    ------
    IncompatibleNetworksError, NotAChainError
        As `check_comparable` says.
    """
    check_comparable(a, b, definition)
    positions = a.positions(definition)
    if definition.authors:
        pairings, distances = authors_layers(a, b, positions[-1])
        return Match(
            np.array([distances[k] for k in positions]),
            tuple(pairings[k] for k in positions),
            (True,) * len(positions),
            np.full(len(positions), np.nan),
        )
    widths = [max(one.size, other.size) for one, other in zip(a.groups, b.groups, strict=False)]
    pairings_of = _paired_groups(a, b, widths, positions[-1], definition)
    partners = [pairing.partner for pairing in pairings_of]
    return Match(
        np.array([layer_distance(a, b, k, partners, widths, definition) for k in positions]),
        tuple(_own_numbers(a, b, a.layers[k].group, partners) for k in positions),
        tuple(not is_labelled(a, a.layers[k].group, definition) for k in positions),
        np.array([pairings_of[a.layers[k].group].gap for k in positions]),
    )


def layer_distance(
    a: PreparedNetwork,
    b: PreparedNetwork,
    k: int,
    partners: Sequence[Integers],
    widths: Sequence[int],
    definition: Definition,
) -> float:
    """Distance of layer `k` under a pairing of all groups: the sum over its pairs over the normaliser."""
    from topokit.kernels.input_sets import pair_distances

    group = a.layers[k].group
    sets_a, sets_b, n_features = common_sets(a.layers[k], b.layers[k], partners, widths)
    costs = pair_distances(sets_a, sets_b, partners[group], n_features)
    return float(costs.sum() / normaliser(a, b, group, definition))


def normaliser(a: PreparedNetwork, b: PreparedNetwork, group: int, definition: Definition) -> int:
    """What the sum over the pairs of a layer is divided by."""
    one, other = a.groups[group].size, b.groups[group].size
    return {"max": max(one, other), "n1": one, "n2": other}[definition.normaliser]


def _paired_groups(
    a: PreparedNetwork, b: PreparedNetwork, widths: Sequence[int], last: int, definition: Definition
) -> list[Pairing]:
    """The pairing of every group; those that no layer up to `last` needs are paired by position."""
    found = {
        group: Pairing(np.arange(width), 0.0) for group, width in enumerate(widths) if is_labelled(a, group, definition)
    }
    for layer in a.layers[: last + 1]:
        if layer.group not in found:
            found[layer.group] = paired_group(a, b, layer.group, found, widths, definition)
    return [found.get(group, Pairing(np.arange(width), np.nan)) for group, width in enumerate(widths)]


def _own_numbers(a: PreparedNetwork, b: PreparedNetwork, group: int, partners: Sequence[Integers]) -> Integers:
    """The pairing of a group in the networks' own numbers, without the neurons added to the narrower one."""
    size_a, size_b = a.groups[group].size, b.groups[group].size
    partner = partners[group][:size_a]
    if not a.orders:
        return np.where(partner < size_b, partner, -1)
    own = np.empty(size_a, np.int64)
    own[a.orders[group]] = np.append(b.orders[group], -1)[np.minimum(partner, size_b)]
    return own
