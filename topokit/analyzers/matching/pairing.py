"""Pair the neurons of one group of layers, the groups before it being paired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from topokit.analyzers.matching.definition import Definition
from topokit.analyzers.matching.features import common_sets, of_known_sources
from topokit.analyzers.matching.prepared import Integers, PreparedLayer, PreparedNetwork

SIMILARITY_UNIT = 2.0**-40


@dataclass(frozen=True, eq=False)
class Pairing:
    """The pairing of one group.

    Attributes
    ----------
    partner : ndarray of int64, shape (width,)
        A permutation: the neuron of the second network with each neuron of the first, both padded.
    gap : float
        How much less the distances of the pairs could sum up to at most; NaN where nothing is known.
    """

    partner: Integers
    gap: float


def paired_group(
    a: PreparedNetwork,
    b: PreparedNetwork,
    group: int,
    found: Mapping[int, Pairing],
    widths: Sequence[int],
    definition: Definition,
) -> Pairing:
    """Pair a group so that the distances of its layers, as far as paired groups feed them, have the least sum."""
    partners = [found[g].partner if g in found else np.arange(width) for g, width in enumerate(widths)]
    members = [
        (of_known_sources(layer_a, found), of_known_sources(layer_b, found))
        for layer_a, layer_b in zip(a.layers, b.layers, strict=False)
        if layer_a.group == group
    ]
    known = [(one, other) for one, other in members if one is not None and other is not None]
    whole = len(known) == len(members) == 1 and len(known[0][0].sources) == len(
        next(layer for layer in a.layers if layer.group == group).sources
    )
    pairing = _single(*known[0], group, a, b, partners, widths, definition)
    return pairing if whole else Pairing(pairing.partner, float("nan"))


def _single(
    one: PreparedLayer,
    other: PreparedLayer,
    group: int,
    a: PreparedNetwork,
    b: PreparedNetwork,
    partners: Sequence[Integers],
    widths: Sequence[int],
    definition: Definition,
) -> Pairing:
    # Loading compiled code takes a moment, which analyses that do not match should not wait for.
    from topokit.kernels.dense_matching import match_densely
    from topokit.kernels.set_matching import match_sets

    sets_a, sets_b, n_features = common_sets(one, other, partners, widths)
    if definition.ties == "scipy":
        return Pairing(match_densely(sets_a, sets_b, n_features), float("nan"))
    partner, gap = match_sets(sets_a, sets_b, n_features)
    return Pairing(partner, gap * SIMILARITY_UNIT)
