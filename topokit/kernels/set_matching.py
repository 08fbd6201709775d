"""Pair the sets of inputs of two layers so that they are as similar as possible."""

from __future__ import annotations

import numpy as np

from topokit.kernels.assignment import heaviest_matching
from topokit.kernels.assignment_state import Integers, Lists
from topokit.kernels.input_sets import InputSets, identical_partners
from topokit.kernels.similar_sets import columns_for, most_similar

_LIST_LENGTH = 64
_LENGTHENING = 4


def match_sets(a: InputSets, b: InputSets, n_inputs: int) -> tuple[Integers, bool]:
    """A pairing of the sets of `a` and `b` whose Jaccard distances have the least sum.

    Equal sets are paired first: the Jaccard distance is a metric, so whatever two other pairings of them cost
    together, pairing them with each other and their partners with each other costs no more (triangle inequality).

    Parameters
    ----------
    a, b : InputSets
        Equally many sets over the inputs 0 to `n_inputs` - 1.
    n_inputs : int
        Number of inputs.

    Returns
    -------
    partner : ndarray of int64, shape (n_sets,)
        A permutation: set i of `a` goes with set ``partner[i]`` of `b`. Where it costs nothing, i goes with i.
    certified : bool
        Whether linear programming duality proves the pairing optimal, for similarities rounded to 2^-40.
    """
    if len(b.members) < len(a.members):
        # Lists of the sparser sets are the shorter ones.
        partner, certified = match_sets(b, a, n_inputs)
        return inverse(partner), certified
    partner = identical_partners(a, b, n_inputs)
    rows, columns = np.flatnonzero(partner < 0), _absent(partner)
    chosen, certified = _most_similar_pairs(a, rows, b, columns, n_inputs)
    partner[rows] = np.where(chosen < 0, -1, columns[chosen])
    return _completed(partner), certified


def inverse(partner: Integers) -> Integers:
    """The permutation that undoes `partner`."""
    inverted = np.empty_like(partner)
    inverted[partner] = np.arange(len(partner))
    return inverted


def _most_similar_pairs(
    a: InputSets, rows: Integers, b: InputSets, columns: Integers, n_inputs: int
) -> tuple[Integers, bool]:
    """Position in `columns` of the partner of each of as many `rows`, -1 where there is none to share an input with."""
    index = columns_for(a, len(rows), b, columns, n_inputs)

    def lengthen(lists: Lists, short: Integers) -> Lists:
        length = _LENGTHENING * (lists.stop - lists.start)[short]
        return _replaced(lists, short, most_similar(a, rows[short], index, length))

    lists = most_similar(a, rows, index, np.full(len(rows), _LIST_LENGTH))
    matching, gap = heaviest_matching(lists, len(columns), lengthen)
    return matching.partner, gap == 0


def _replaced(lists: Lists, rows: Integers, longer: Lists) -> Lists:
    """The lists with those of `rows` replaced; the old entries stay behind, unused."""
    start, stop, left_out = lists.start.copy(), lists.stop.copy(), lists.left_out.copy()
    used = int(stop.max())
    start[rows], stop[rows], left_out[rows] = longer.start + used, longer.stop + used, longer.left_out
    columns = _written(lists.columns, used, longer.columns)
    return Lists(start, stop, columns, _written(lists.weights, used, longer.weights), left_out)


def _written(array: Integers, place: int, values: Integers) -> Integers:
    """The array with `values` from `place` on, in a larger one with room to spare where it does not fit."""
    if place + len(values) > len(array):
        array = np.concatenate([array[:place], np.empty(place + len(values), np.int64)])
    array[place : place + len(values)] = values
    return array


def _absent(partner: Integers) -> Integers:
    """The positions that are nobody's partner, ascending."""
    absent = np.ones(len(partner), np.bool_)
    absent[partner[partner >= 0]] = False
    return np.flatnonzero(absent)


def _completed(partner: Integers) -> Integers:
    """Pair the rest, which shares no input: first each position with itself where it is free, then in order."""
    in_place = np.intersect1d(np.flatnonzero(partner < 0), _absent(partner), assume_unique=True)
    partner[in_place] = in_place
    partner[partner < 0] = _absent(partner)
    return partner
