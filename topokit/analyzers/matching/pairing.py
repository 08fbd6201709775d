"""Pair the neurons of one group of layers, the groups before it being paired."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from topokit.analyzers.matching.definition import Ties
from topokit.analyzers.matching.features import SharedLayer, of_known_sources, shared_layer
from topokit.analyzers.matching.prepared import Integers, PreparedNetwork

if TYPE_CHECKING:
    from topokit.kernels.tie_breaking import Colours


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
    ties: Ties,
) -> Pairing:
    """Pair a group so that the distances of its layers, as far as paired groups feed them, have the least sum."""
    partners = [found[g].partner if g in found else np.arange(width) for g, width in enumerate(widths)]
    members = [k for k, layer in enumerate(a.layers) if layer.group == group]
    known = [(of_known_sources(a.layers[k], found), of_known_sources(b.layers[k], found)) for k in members]
    shared = [
        shared_layer(one, other, partners, widths) for one, other in known if one is not None and other is not None
    ]
    pairing = _paired(shared, _colours(a, b, group, widths[group]), ties)
    is_whole = len(members) == 1 and known[0][0] is a.layers[members[0]]
    return pairing if is_whole else Pairing(pairing.partner, float("nan"))


def _paired(shared: Sequence[SharedLayer], colours: Colours | None, ties: Ties) -> Pairing:
    # Loading compiled code takes a moment, which analyses that do not match should not wait for.
    from topokit.kernels.set_matching import match_sets
    from topokit.kernels.similar_sets import ONE

    if ties == "scipy":
        return _paired_densely(shared)
    if len(shared) > 1 or shared[0].weighted:
        return _paired_by_rows(shared, colours)
    only = shared[0]
    partner, gap = match_sets(only.a, only.b, only.n_features, colours)
    return Pairing(partner, gap / ONE)


def _paired_by_rows(shared: Sequence[SharedLayer], colours: Colours | None = None) -> Pairing:
    """By the similarities of several layers, or of weights, summed a few neurons at a time."""
    from topokit.kernels.candidate_lists import completed
    from topokit.kernels.matrix_matching import match_rows
    from topokit.kernels.similar_sets import ONE

    width = shared[0].width
    partner, gap = match_rows(_summed_similarities(shared), width, width, ONE * len(shared), colours)
    return Pairing(completed(partner), gap / ONE)


def _summed_similarities(shared: Sequence[SharedLayer]) -> Callable[[Integers], Integers]:
    parts = [layer.similarities() for layer in shared]

    def summed(rows: Integers) -> Integers:
        total: Integers = np.sum([part(rows) for part in parts], axis=0)
        return total

    return summed


def _paired_densely(shared: Sequence[SharedLayer]) -> Pairing:
    """By SciPy, through the full matrix of distances; the certificate is that of the solver above."""
    from scipy.optimize import linear_sum_assignment

    from topokit.kernels.dense_matching import match_densely
    from topokit.kernels.set_matching import gap_of
    from topokit.kernels.similar_sets import ONE

    only, width = shared[0], shared[0].width
    if len(shared) == 1 and not only.weighted:
        partner = match_densely(only.a, only.b, only.n_features)
        return Pairing(partner, gap_of(partner, only.a, only.b, only.n_features) / ONE)
    everything = np.arange(width)
    similarity = _summed_similarities(shared)(everything)
    partner = linear_sum_assignment(similarity, maximize=True)[1]
    best = _paired_by_rows(shared)
    gained = similarity[everything, best.partner].sum() - similarity[everything, partner].sum()
    return Pairing(partner, best.gap + float(gained) / ONE)


def _colours(a: PreparedNetwork, b: PreparedNetwork, group: int, width: int) -> Colours | None:
    """The colours of a group in both networks, padded, as many rounds as both have."""
    from topokit.kernels.tie_breaking import Colours

    if not a.colours or not b.colours:
        return None
    rounds = min(len(a.colours[group]), len(b.colours[group]))
    return Colours(a.colours[group][:rounds], b.colours[group][:rounds]).widened(width)
