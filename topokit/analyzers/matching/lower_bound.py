"""What no pairing of neurons can go below, however the layers before are paired."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray

from topokit.analyzers.matching.comparable import is_labelled
from topokit.analyzers.matching.definition import Definition
from topokit.analyzers.matching.match import Match, normaliser
from topokit.analyzers.matching.prepared import PreparedLayer, PreparedNetwork

# Beyond this many different sets, sizes are paired with the nearest size instead of one another.
_MOST_PAIRED = 4096

Floats = NDArray[np.float64]


def lower_bounds(a: PreparedNetwork, b: PreparedNetwork, match: Match, definition: Definition) -> Floats:
    """What no pairing of any layers goes below, for each reported layer, (L,).

    Where the layers before are labelled, it is the best pairing of the layer. Elsewhere the sizes of the sets tell:
    sets of sizes s and t have at most min(s, t) in common and together at least max(s, t), so their Jaccard distance
    is at least 1 - min(s, t) / max(s, t), and likewise for sums of weights. That is a metric of the sizes, so equal
    sizes are paired first, and the others so that the bounds have the least sum.
    """
    return np.array(
        [
            bound if np.isfinite(bound) else _size_bound(a, b, k, definition)
            for k, bound in zip(a.positions(definition), match.bounds, strict=True)
        ]
    )


def _size_bound(a: PreparedNetwork, b: PreparedNetwork, k: int, definition: Definition) -> float:
    group = a.layers[k].group
    width = max(a.groups[group].size, b.groups[group].size)
    ours, theirs = (_sizes(network.layers[k], width) for network in (a, b))
    by_position = is_labelled(a, group, definition)
    cost = float(_apart(ours, theirs).sum()) if by_position else _least_sum(np.sort(ours), np.sort(theirs))
    return cost / normaliser(a, b, group, definition)


def _sizes(layer: PreparedLayer, width: int) -> Floats:
    """Number of features of each neuron, or the sum of their values, padded."""
    values = np.ones(len(layer.sets.members)) if layer.values is None else layer.values
    sums = np.concatenate([[0.0], np.cumsum(values)])
    sizes = np.zeros(width)
    sizes[: len(layer.sets.start) - 1] = sums[layer.sets.start[1:]] - sums[layer.sets.start[:-1]]
    return sizes


def _apart(sizes: Floats, others: Floats) -> Floats:
    greater = np.maximum(sizes, others)
    least: Floats = 1 - np.divide(np.minimum(sizes, others), greater, out=np.ones(greater.shape), where=greater > 0)
    return least


def _least_sum(ours: Floats, theirs: Floats) -> float:
    """Least sum of `_apart` over all pairings of two ascending lists, or less where they are long."""
    ours, theirs = _without_equal(ours, theirs)
    if len(ours) <= _MOST_PAIRED:
        costs = _apart(ours[:, None], theirs[None, :])
        return float(costs[scipy.optimize.linear_sum_assignment(costs)].sum())
    return max(_nearest_sum(ours, theirs), _nearest_sum(theirs, ours))


def _without_equal(ours: Floats, theirs: Floats) -> tuple[Floats, Floats]:
    values, (n_ours, n_theirs) = _counts(ours, theirs)
    both = np.minimum(n_ours, n_theirs)
    return np.repeat(values, n_ours - both), np.repeat(values, n_theirs - both)


def _counts(ours: Floats, theirs: Floats) -> tuple[Floats, NDArray[np.int64]]:
    values, which = np.unique(np.concatenate([ours, theirs]), return_inverse=True)
    counts = [np.bincount(part, minlength=len(values)) for part in np.split(which, [len(ours)])]
    return values, np.array(counts)


def _nearest_sum(sizes: Floats, others: Floats) -> float:
    """Sum over `sizes` of what the nearest of the `others` costs."""
    place = np.searchsorted(others, sizes)
    below, above = others[np.maximum(place - 1, 0)], others[np.minimum(place, len(others) - 1)]
    return float(np.minimum(_apart(sizes, below), _apart(sizes, above)).sum())
