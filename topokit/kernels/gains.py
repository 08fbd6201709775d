"""What pairing the neurons of one layer would add to what the neurons of the next have in common."""

from __future__ import annotations

import numpy as np
from numba import float64, int64, njit, void
from numpy.typing import NDArray

from topokit.kernels.assignment_state import Integers
from topokit.kernels.weighted_sets import WEIGHTED_SETS, WeightedSets

# Measured: adding one value where two members meet takes as long as this many steps of a matrix product.
_STEPS = 28
_BLOCK = 1 << 20


def split_by_tap(sets: WeightedSets, source: Integers, tap: Integers, n_taps: int) -> WeightedSets:
    """The sets of each tap on their own, as sets of source neurons: set i of tap t becomes set ``i * n_taps + t``.

    Parameters
    ----------
    sets : WeightedSets
    source, tap : ndarray of int64, shape (n_inputs,)
        Source neuron of each input, -1 if it is to be left out; and the tap, 0 to `n_taps` - 1, by which it comes.
    n_taps : int
        Inputs are comparable that come by the same tap.
    """
    n_sets = len(sets.start) - 1
    chosen = np.flatnonzero(source[sets.members] >= 0)
    owner = np.repeat(np.arange(n_sets), np.diff(sets.start))[chosen]
    part = owner * n_taps + tap[sets.members[chosen]]
    order = np.argsort(part, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(part, minlength=n_sets * n_taps))])
    members = source[sets.members[chosen[order]]].astype(np.int32)
    return WeightedSets(start.astype(np.int64), members, sets.values[chosen[order]])


def add_gains(
    sums: NDArray[np.float64], a: WeightedSets, b: WeightedSets, partner: Integers, slopes: NDArray[np.float64]
) -> None:
    """Add what each pair of members would gain if they were the same.

    For members i and j, the sum over sets u of ``slopes[u]`` times the lesser of the values of i in set u of `a` and of
    j in its partner in `b`. Where values are 1, this is exact for slopes that are whole numbers, up to sums of 2^53.

    Parameters
    ----------
    sums : ndarray of float64, shape (n_a, n_b)
        What the gains are added to.
    a, b : WeightedSets
        Sets of members of their own, 0 to n_a - 1 and 0 to n_b - 1.
    partner : ndarray of int64, shape (n_sets,)
        The set of `b` that goes with each set of `a`.
    slopes : ndarray of float64, shape (n_sets,)
    """
    meetings, most = np.diff(a.start) @ np.diff(b.start)[partner], len(partner) * sums.size
    all_ones = bool((a.values == 1).all() and (b.values == 1).all())
    if all_ones and meetings == most:
        sums += slopes.sum()
    elif all_ones and _STEPS * meetings > most:
        _add_products(sums, a, b, partner, slopes)
    else:
        _add_meetings(sums, a, b, partner, slopes, np.zeros(sums.shape[1]))


@njit(
    void(float64[:, ::1], WEIGHTED_SETS, WEIGHTED_SETS, int64[::1], float64[::1], float64[::1]), cache=True, nogil=True
)
def _add_meetings(
    sums: NDArray[np.float64],
    a: WeightedSets,
    b: WeightedSets,
    partner: Integers,
    slopes: NDArray[np.float64],
    spread: NDArray[np.float64],
) -> None:
    """Member by member; `spread` is room for one of the larger sets, all zeros."""
    for u, v in enumerate(partner):
        begin, end = b.start[v], b.start[v + 1]
        many = 4 * (end - begin) > len(spread)
        for k in range(begin, end):
            spread[b.members[k]] = b.values[k]
        for place in range(a.start[u], a.start[u + 1]):
            row, value, slope = sums[a.members[place]], a.values[place], slopes[u]
            if many:
                for j in range(len(spread)):
                    row[j] += slope * (spread[j] if spread[j] < value else value)
            else:
                for k in range(begin, end):
                    row[b.members[k]] += slope * (b.values[k] if b.values[k] < value else value)
        for k in range(begin, end):
            spread[b.members[k]] = 0.0


def _add_products(
    sums: NDArray[np.float64], a: WeightedSets, b: WeightedSets, partner: Integers, slopes: NDArray[np.float64]
) -> None:
    """The same for values of 1, as products of matrices of a part of the sets at a time."""
    block = max(1, _BLOCK // max(sums.shape))
    for first in range(0, len(partner), block):
        chosen = np.arange(first, min(first + block, len(partner)))
        ours = _incidence(a, chosen, sums.shape[0]) * slopes[chosen, None]
        sums += ours.T @ _incidence(b, partner[chosen], sums.shape[1])


def _incidence(sets: WeightedSets, chosen: Integers, n_members: int) -> NDArray[np.float64]:
    """One row per chosen set, 1 for its members."""
    sizes = np.diff(sets.start)[chosen]
    row = np.repeat(np.arange(len(chosen)), sizes)
    place = np.arange(len(row)) + np.repeat(sets.start[chosen] - (np.cumsum(sizes) - sizes), sizes)
    incidence = np.zeros((len(chosen), n_members))
    incidence[row, sets.members[place]] = 1
    return incidence
