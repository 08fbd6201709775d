"""Sets of inputs, one per neuron: which are equal, and how far pairs of them are apart."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import float64, int32, int64, njit, types, uint64
from numpy.typing import NDArray

from topokit.kernels.assignment_state import Integers

_MIX = np.uint64(0xBF58476D1CE4E5B9)
_MIX_AGAIN = np.uint64(0x94D049BB133111EB)

Prints = NDArray[np.uint64]


class InputSets(NamedTuple):
    """Neuron i has the inputs ``members[start[i]:start[i + 1]]``, each once, in any order.

    Attributes
    ----------
    start : ndarray of int64, shape (n_neurons + 1,)
    members : ndarray of int32, shape (n_edges,)
    """

    start: Integers
    members: NDArray[np.int32]


SETS = types.NamedTuple((int64[::1], int32[::1]), InputSets)


def padded(sets: InputSets, n: int) -> InputSets:
    """The same sets followed by empty ones, `n` in all."""
    missing = np.full(n + 1 - len(sets.start), sets.start[-1])
    return InputSets(np.concatenate([sets.start, missing]), sets.members)


def relabelled(sets: InputSets, labels: Integers) -> InputSets:
    """The sets with each input k called ``labels[k]``."""
    return InputSets(sets.start, labels.astype(np.int32)[sets.members])


@njit(int64(SETS, int64, SETS, int64, int64[::1]), cache=True, nogil=True)
def _common(a: InputSets, i: int, b: InputSets, j: int, stamp: Integers) -> int:
    """Inputs common to set i of `a` and set j of `b`; `stamp` holds no i yet."""
    for place in range(a.start[i], a.start[i + 1]):
        stamp[a.members[place]] = i
    count = 0
    for place in range(b.start[j], b.start[j + 1]):
        count += stamp[b.members[place]] == i
    return count


@njit(float64[::1](SETS, SETS, int64[::1], int64), cache=True, nogil=True)
def pair_distances(a: InputSets, b: InputSets, partner: Integers, n_inputs: int) -> NDArray[np.float64]:
    """Jaccard distance of each set of `a` to its partner in `b`, (n_a,); 0 where partner is -1.

    |A \\ B| + |B \\ A| over |A u B|, which is 0 for two empty sets and 1 for one empty set.
    """
    distances = np.zeros(len(partner))
    stamp = np.full(n_inputs, -1)
    for i, j in enumerate(partner):
        if j >= 0:
            common = _common(a, i, b, j, stamp)
            total = a.start[i + 1] - a.start[i] + b.start[j + 1] - b.start[j]
            if total > 0:
                distances[i] = (total - 2 * common) / (total - common)
    return distances


@njit(uint64[::1](SETS), cache=True, nogil=True)
def _fingerprints(sets: InputSets) -> Prints:
    """A number per set that does not depend on the order of its members."""
    prints = np.zeros(len(sets.start) - 1, np.uint64)
    for i in range(len(prints)):
        for place in range(sets.start[i], sets.start[i + 1]):
            mixed = (np.uint64(sets.members[place]) + np.uint64(1)) * _MIX
            mixed = (mixed ^ (mixed >> np.uint64(29))) * _MIX_AGAIN
            prints[i] += mixed ^ (mixed >> np.uint64(32))
    return prints


@njit(nogil=True)
def _equal(a: InputSets, i: int, b: InputSets, j: int, stamp: Integers) -> bool:
    size = a.start[i + 1] - a.start[i]
    return bool(size == b.start[j + 1] - b.start[j] and _common(a, i, b, j, stamp) == size)


@njit(nogil=True)
def _painted(prints: Prints, colours: Prints) -> Prints:
    """Numbers that are equal for equal sets if and only if their colours are equal."""
    mixed = (colours ^ (colours >> np.uint64(29))) * _MIX_AGAIN
    return prints ^ mixed ^ (mixed >> np.uint64(32))


@njit(nogil=True)
def _pair_equals(
    a: InputSets,
    prints_a: Prints,
    b: InputSets,
    prints_b: Prints,
    partner: Integers,
    free_b: NDArray[np.bool_],
    stamp: Integers,
) -> None:
    """Pair the equal sets of equal prints that have no partner: first those at the same position, then in order."""
    for i in range(min(len(prints_a), len(prints_b))):
        if partner[i] < 0 and free_b[i] and prints_a[i] == prints_b[i] and _equal(a, i, b, i, stamp):
            partner[i] = i
            free_b[i] = False
    left_a, left_b = np.flatnonzero(partner < 0), np.flatnonzero(free_b)
    left_a = left_a[np.argsort(prints_a[left_a], kind="mergesort")]
    left_b = left_b[np.argsort(prints_b[left_b], kind="mergesort")]
    place = 0
    for other in left_a:
        while place < len(left_b) and prints_b[left_b[place]] < prints_a[other]:
            place += 1
        alike = place < len(left_b) and prints_b[left_b[place]] == prints_a[other]
        if alike and _equal(a, int(other), b, int(left_b[place]), stamp):
            partner[other] = left_b[place]
            free_b[left_b[place]] = False
            place += 1


@njit(int64[::1](SETS, SETS, int64, uint64[:, ::1], uint64[:, ::1]), cache=True, nogil=True)
def identical_partners(
    a: InputSets, b: InputSets, n_inputs: int, colours_a: NDArray[np.uint64], colours_b: NDArray[np.uint64]
) -> Integers:
    """Pair equal sets of `a` and `b`, (n_a,): position in `b`, or -1; each is used once.

    Of equal sets, those whose colours are equal in the last round (row of `colours_a` and `colours_b`) come first,
    then those of the round before, and so on; otherwise those at the same position, and the others in order.
    """
    prints_a, prints_b = _fingerprints(a), _fingerprints(b)
    stamp = np.full(n_inputs, -1)
    partner = np.full(len(prints_a), -1)
    free_b = np.ones(len(prints_b), np.bool_)
    for r in range(len(colours_a) - 1, -1, -1):
        painted_a, painted_b = _painted(prints_a, colours_a[r]), _painted(prints_b, colours_b[r])
        _pair_equals(a, painted_a, b, painted_b, partner, free_b, stamp)
    _pair_equals(a, prints_a, b, prints_b, partner, free_b, stamp)
    return partner
