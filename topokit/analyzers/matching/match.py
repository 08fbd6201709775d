"""Two networks paired as a definition asks, and what that costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

import numpy as np
from numpy.typing import NDArray

from topokit.analyzers.matching.authors import authors_layers
from topokit.analyzers.matching.comparable import check_comparable, is_labelled, padded_widths
from topokit.analyzers.matching.definition import Definition
from topokit.analyzers.matching.features import shared_layer
from topokit.analyzers.matching.greedy import greedy_pairings
from topokit.analyzers.matching.prepared import Integers, PreparedNetwork


@dataclass(frozen=True, eq=False)
class Match:
    """Two networks paired.

    Attributes
    ----------
    distances : ndarray, shape (L,)
        Distance of each reported layer.
    total : float
        Their average.
    partners : tuple of ndarray of int64
        For each group, the neuron of the second network paired with each neuron of the first, in the networks' own
        numbers and padded to the wider; with the authors' code, for each layer and -1 for none.
    matched : tuple of bool
        Whether each reported layer's neurons were matched, or paired by position (labelled).
    gaps : ndarray, shape (L,)
        By how much each distance could be smaller at most, given the pairings of the layers before: 0 is the proof
        that it could not, NaN that nothing is known.
    bounds : ndarray, shape (L,)
        What no pairing of any layers goes below, where a pairing of the layer alone tells (it is fed from labelled
        layers); NaN elsewhere.
    """

    distances: NDArray[np.float64]
    total: float
    partners: tuple[Integers, ...]
    matched: tuple[bool, ...]
    gaps: NDArray[np.float64]
    bounds: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Candidate:
    """A pairing of all groups, and what is known of it."""

    partners: Sequence[Integers]
    gaps: NDArray[np.float64]
    distances: NDArray[np.float64]
    total: float


def match_networks(a: PreparedNetwork, b: PreparedNetwork, definition: Definition) -> Match:
    """Pair the neurons of two networks, which says what inputs are the same, and measure the reported layers.

    Raises
    ------
    IncompatibleNetworksError, NotAChainError
        As `check_comparable` says.
    TooLargeError
        Full matrices of distances that do not fit into memory, where they are asked for.
    """
    check_comparable(a, b, definition)
    if definition.authors:
        return _authors_match(a, b, definition)
    greedy = _greedy(a, b, definition)
    best = _refined(greedy, a, b, definition)
    if definition.symmetric:
        other = _turned(_refined(_greedy(b, a, definition), b, a, definition), a, b, definition)
        best = min(best, other, key=lambda candidate: candidate.total)
    positions = a.positions(definition)
    alone = [_is_fed_from_labelled(a, k, definition) for k in positions]
    return Match(
        best.distances,
        best.total,
        tuple(_own_numbers(a, b, group, partner) for group, partner in enumerate(best.partners)),
        tuple(not is_labelled(a, a.layers[k].group, definition) for k in positions),
        best.gaps,
        np.where(alone, greedy.distances - greedy.gaps, np.nan),
    )


def normaliser(a: PreparedNetwork, b: PreparedNetwork, group: int, definition: Definition) -> int:
    """What the sum over the pairs of a layer is divided by."""
    one, other = a.groups[group].size, b.groups[group].size
    return {"max": max(one, other), "n1": one, "n2": other}[definition.normaliser]


def layer_weights(a: PreparedNetwork, b: PreparedNetwork, definition: Definition) -> NDArray[np.float64]:
    """The weight of each reported layer in the total, (L,), with sum 1: equal, or by edges or neurons of both."""
    layers = [(a.layers[k], b.layers[k]) for k in a.positions(definition)]
    if definition.average == "edges":
        weights = [len(one.sets.members) + len(other.sets.members) for one, other in layers]
    elif definition.average == "neurons":
        weights = [a.groups[one.group].size + b.groups[other.group].size for one, other in layers]
    else:
        weights = [1] * len(layers)
    # Layers without any edge in both networks weigh nothing, and if all are, the same.
    return np.array(weights if any(weights) else [1] * len(layers)) / (sum(weights) or len(layers))


def _average(distances: NDArray[np.float64], a: PreparedNetwork, b: PreparedNetwork, definition: Definition) -> float:
    if definition.average == "layers":
        return float(distances.mean())
    return float(distances @ layer_weights(a, b, definition))


def _greedy(a: PreparedNetwork, b: PreparedNetwork, definition: Definition) -> _Candidate:
    # SciPy's solver may pair neurons that are alike the other way round.
    if a.digest == b.digest and definition.ties != "scipy":
        by_place = [np.arange(group.size) for group in a.groups]
        return _candidate(by_place, np.zeros(len(a.positions(definition))), a, b, definition)
    pairings = greedy_pairings(a, b, definition)
    gaps = np.array([pairings[a.layers[k].group].gap for k in a.positions(definition)])
    partners = [pairing.partner for pairing in pairings]
    return _candidate(partners, gaps / _normalisers(a, b, definition), a, b, definition)


def _refined(greedy: _Candidate, a: PreparedNetwork, b: PreparedNetwork, definition: Definition) -> _Candidate:
    """A pairing of a lower total than the greedy one, where one is asked for and found."""
    if not definition.refine:
        return greedy
    from topokit.analyzers.matching.refine import refined

    rates = layer_weights(a, b, definition) / _normalisers(a, b, definition)
    rate_of = dict(zip(a.positions(definition), map(float, rates), strict=True))
    lowered = _candidate(
        refined(a, b, greedy.partners, rate_of, definition), _unproved(a, definition), a, b, definition
    )
    return lowered if lowered.total < greedy.total else greedy


def _candidate(
    partners: Sequence[Integers],
    gaps: NDArray[np.float64],
    a: PreparedNetwork,
    b: PreparedNetwork,
    definition: Definition,
) -> _Candidate:
    widths = padded_widths(a, b)
    distances = np.array([_distance(a, b, k, partners, widths, definition) for k in a.positions(definition)])
    return _Candidate(partners, gaps, distances, _average(distances, a, b, definition))


def _distance(
    a: PreparedNetwork,
    b: PreparedNetwork,
    k: int,
    partners: Sequence[Integers],
    widths: Sequence[int],
    definition: Definition,
) -> float:
    """Distance of layer `k`: the sum over its pairs over the normaliser."""
    group = a.layers[k].group
    costs = shared_layer(a.layers[k], b.layers[k], partners, widths).distances(partners[group])
    # The exact sum does not depend on the order of the neurons; NumPy's does, and the authors' code takes that.
    cost = float(costs.sum()) if definition.ties == "scipy" else fsum(costs)
    return cost / normaliser(a, b, group, definition)


def _turned(found: _Candidate, a: PreparedNetwork, b: PreparedNetwork, definition: Definition) -> _Candidate:
    """A pairing of `b` with `a` as one of `a` with `b`; its gaps were those of layers before in the other order."""
    return _candidate([np.argsort(partner) for partner in found.partners], found.gaps, a, b, definition)


def _unproved(a: PreparedNetwork, definition: Definition) -> NDArray[np.float64]:
    """Gaps of a pairing that trades one layer for another: only labelled layers are known to be the best."""
    groups = [a.layers[k].group for k in a.positions(definition)]
    return np.array([0.0 if is_labelled(a, group, definition) else np.nan for group in groups])


def _normalisers(a: PreparedNetwork, b: PreparedNetwork, definition: Definition) -> NDArray[np.float64]:
    groups = [a.layers[k].group for k in a.positions(definition)]
    return np.array([normaliser(a, b, group, definition) for group in groups], float)


def _is_fed_from_labelled(a: PreparedNetwork, k: int, definition: Definition) -> bool:
    return all(is_labelled(a, source.group, definition) for source in a.layers[k].sources)


def _own_numbers(a: PreparedNetwork, b: PreparedNetwork, group: int, partner: Integers) -> Integers:
    """The pairing of a group in the networks' own numbers; those added to the narrower network come last."""
    if not a.orders:
        return partner
    order_a, order_b = (
        np.concatenate([order, np.arange(len(order), len(partner))]) for order in (a.orders[group], b.orders[group])
    )
    own = np.empty_like(partner)
    own[order_a] = order_b[partner]
    return own


def _authors_match(a: PreparedNetwork, b: PreparedNetwork, definition: Definition) -> Match:
    positions = a.positions(definition)
    pairings, costs, gaps = authors_layers(a, b, positions[-1])
    normalisers = _normalisers(a, b, definition)
    chosen = np.array([costs[k] for k in positions]) / normalisers
    inputs = np.arange(a.groups[0].size)
    return Match(
        chosen,
        _average(chosen, a, b, definition),
        (inputs, *pairings),
        (True,) * len(positions),
        np.array([gaps[k] for k in positions]) / normalisers,
        np.full(len(positions), np.nan),
    )
