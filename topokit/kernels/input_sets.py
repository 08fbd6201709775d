"""Sets of inputs, one per neuron: which are equal, and how far pairs of them are apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import float64, int32, int64, njit, types, uint64
from numpy.typing import NDArray

from topokit.kernels.assignment_state import Integers
from topokit.kernels.words import mixed

_ODD = np.uint64(0x94D049BB133111EB)

Prints = NDArray[np.uint64]
Mask = NDArray[np.bool_]


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
    if (labels == np.arange(len(labels))).all():
        return sets
    return InputSets(sets.start, labels.astype(np.int32)[sets.members])


@njit(nogil=True)
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
            prints[i] += mixed(np.uint64(sets.members[place]))
    return prints


def identical_partners(
    a: InputSets, b: InputSets, n_inputs: int, colours_a: NDArray[np.uint64], colours_b: NDArray[np.uint64]
) -> Integers:
    """Pair equal sets of `a` and `b`, (n_a,): position in `b`, or -1; each is used once.

    Of equal sets, those whose colours are equal in the last round (row of `colours_a` and `colours_b`) come first,
    then those of the round before, and so on; otherwise those at the same position, and the others in order.
    """
    prints_a, prints_b = _fingerprints(a), _fingerprints(b)
    partner = np.full(len(prints_a), -1)
    open_a, open_b = np.ones(len(prints_a), np.bool_), np.ones(len(prints_b), np.bool_)

    def pair(ours: Prints, theirs: Prints, candidates: Callable[..., tuple[Integers, Integers]]) -> None:
        left_a, left_b = candidates(ours, open_a, theirs, open_b)
        if len(left_a) == 0:
            return
        chosen = np.full(len(partner), -1)
        chosen[left_a] = left_b
        equal = left_a[pair_distances(a, b, chosen, n_inputs)[left_a] == 0]
        partner[equal] = chosen[equal]
        open_a[equal], open_b[chosen[equal]] = False, False

    for round_a, round_b in zip(colours_a[::-1], colours_b[::-1], strict=True):
        if not open_a.any():
            break
        ours, theirs = _painted(prints_a, round_a), _painted(prints_b, round_b)
        pair(ours, theirs, _in_place)
        open_a, open_b = _shared(prints_a, open_a, prints_b, open_b), _shared(prints_b, open_b, prints_a, open_a)
        pair(ours, theirs, _in_order)
    pair(prints_a, prints_b, _in_place)
    pair(prints_a, prints_b, _in_order)
    return partner


def _painted(prints: Prints, colours: NDArray[np.uint64]) -> Prints:
    """Numbers that are equal for equal sets if and only if their colours are equal."""
    spread = colours * _ODD
    painted: Prints = prints ^ spread ^ (spread >> np.uint64(32))
    return painted


def _shared(ours: Prints, open_a: Mask, theirs: Prints, open_b: Mask) -> Mask:
    """Which of the open positions have a print that an open one of the others has."""
    left, others = np.flatnonzero(open_a), np.append(np.sort(theirs[open_b]), np.uint64(0))
    shared = np.zeros_like(open_a)
    shared[left] = others[np.searchsorted(others[:-1], ours[left])] == ours[left]
    return shared


def _in_place(ours: Prints, open_a: Mask, theirs: Prints, open_b: Mask) -> tuple[Integers, Integers]:
    """The positions open on both sides, twice, where the prints are equal."""
    n = min(len(ours), len(theirs))
    both = np.flatnonzero(open_a[:n] & open_b[:n] & (ours[:n] == theirs[:n]))
    return both, both


def _in_order(ours: Prints, open_a: Mask, theirs: Prints, open_b: Mask) -> tuple[Integers, Integers]:
    """Pairs of open positions whose prints are equal: of each print first with first, second with second, and so on."""
    left_a, left_b = np.flatnonzero(open_a), np.flatnonzero(open_b)
    left_a = left_a[np.argsort(ours[left_a], kind="stable")]
    left_b = left_b[np.argsort(theirs[left_b], kind="stable")]
    ours, theirs = ours[left_a], theirs[left_b]
    rank = np.arange(len(ours)) - np.searchsorted(ours, ours)
    place = np.searchsorted(theirs, ours) + rank
    found = place < np.searchsorted(theirs, ours, "right")
    return left_a[found], left_b[place[found]]
