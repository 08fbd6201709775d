"""Pair the sets of inputs of two layers so that they are as similar as possible."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from topokit.kernels.assignment_state import Integers, Lists
from topokit.kernels.candidate_lists import completed, replaced
from topokit.kernels.input_sets import InputSets, identical_partners, padded, pair_distances
from topokit.kernels.similar_sets import ONE, columns_for, most_similar
from topokit.kernels.tie_breaking import Colours, agreeing_matching

_LIST_LENGTH = 64
_LENGTHENING = 4


_NO_ROUNDS = np.empty((0, 0), np.uint64)


class SetMatch(NamedTuple):
    """A pairing of sets.

    Attributes
    ----------
    partner : ndarray of int64, shape (n_sets,)
        A permutation: set i of the first goes with set ``partner[i]`` of the second.
    gap : int
        How much more similar another pairing could be at most, in units of 2^-40 similarity; 0 is the proof by linear
        programming duality that none is, for similarities rounded to these units.
    """

    partner: Integers
    gap: int


def match_sets(a: InputSets, b: InputSets, n_inputs: int, colours: Colours | None = None) -> SetMatch:
    """A pairing of the sets of `a` and `b` whose Jaccard distances have the least sum.

    Equal sets are paired first: the Jaccard distance is a metric, so whatever two other pairings of them cost
    together, pairing them with each other and their partners with each other costs no more (triangle inequality).

    Parameters
    ----------
    a, b : InputSets
        Sets over the inputs 0 to `n_inputs` - 1. If one has fewer sets, then sets that are similar to nothing follow.
    n_inputs : int
        Number of inputs.
    colours : Colours, optional
        Of the sets of `a` and of `b`. Two sets agree in as many rounds as they have equal colours. Of equally good
        pairings the one with the most agreement is taken: first among equal sets, the last rounds counting first, and
        then, as a sum, among the others.

    Returns
    -------
    SetMatch
        Where it costs nothing and agrees with nothing less, i goes with i.
    """
    if len(b.members) < len(a.members):
        # Lists of the sparser sets are the shorter ones.
        partner, gap = match_sets(b, a, n_inputs, None if colours is None else Colours(colours.columns, colours.rows))
        return SetMatch(inverse(partner), gap)
    n_a, n_b = len(a.start) - 1, len(b.start) - 1
    n = max(n_a, n_b)
    wide = (colours or Colours(_NO_ROUNDS, _NO_ROUNDS)).widened(n)
    partner = np.full(n, -1)
    partner[:n_a] = identical_partners(a, b, n_inputs, wide.rows, wide.columns)
    rows, columns = np.flatnonzero(partner < 0), _absent(partner)
    chosen, gap = _most_similar_pairs(padded(a, n), rows, padded(b, n), columns, n_inputs, wide)
    partner[rows] = np.where(chosen < 0, -1, columns[chosen])
    return SetMatch(completed(partner), gap)


def gap_of(partner: Integers, a: InputSets, b: InputSets, n_inputs: int) -> int:
    """How much more similar than a given one another pairing could be at most, in units of 2^-40 similarity.

    Each pair's similarity is rounded to such a unit, so as many of them as there are pairs are as good as none.

    Parameters
    ----------
    partner : ndarray of int64, shape (n_a,)
        Set of `b` with each set of `a`; -1 or a number past the last one for none.
    a, b, n_inputs
        As for `match_sets`.
    """
    best, gap = match_sets(a, b, n_inputs)
    return max(0, _similarity(best, a, b, n_inputs) + gap - _similarity(partner, a, b, n_inputs))


def _similarity(partner: Integers, a: InputSets, b: InputSets, n_inputs: int) -> int:
    """Sum of the similarities of all pairs, each rounded, in units of 2^-40."""
    partner = partner[: len(a.start) - 1]
    partner = np.where(partner < len(b.start) - 1, partner, -1)
    paired = partner >= 0
    similarities = 1 - pair_distances(a, b, partner, n_inputs)[paired]
    return int(np.rint(similarities * ONE).astype(np.int64).sum())


def inverse(partner: Integers) -> Integers:
    """The permutation that undoes `partner`."""
    inverted = np.empty_like(partner)
    inverted[partner] = np.arange(len(partner))
    return inverted


def _most_similar_pairs(
    a: InputSets, rows: Integers, b: InputSets, columns: Integers, n_inputs: int, colours: Colours
) -> tuple[Integers, int]:
    """Position in `columns` of the partner of each of as many `rows`, -1 where that may be any; and the duality gap."""
    index = columns_for(a, len(rows), b, columns, n_inputs)

    def lengthen(lists: Lists, short: Integers) -> Lists:
        length = _LENGTHENING * (lists.stop - lists.start)[short]
        return replaced(lists, short, most_similar(a, rows[short], index, length))

    lists = most_similar(a, rows, index, np.full(len(rows), _LIST_LENGTH))
    chosen = Colours(colours.rows[:, rows], colours.columns[:, columns])
    return agreeing_matching(lists, len(columns), lengthen, chosen)


def _absent(partner: Integers) -> Integers:
    """The positions that are nobody's partner, ascending."""
    absent = np.ones(len(partner), np.bool_)
    absent[partner[partner >= 0]] = False
    return np.flatnonzero(absent)
