"""Sets of inputs with a value each: what two of them have in common, and the Ruzicka similarity.

Two sets have in common the lesser of the two values of each input, summed; the Ruzicka similarity is that over the sum
of the greater values, as the Jaccard index is for values of 1. A power of two twice as large as the greatest possible
sum is added before summing and subtracted after it. All terms are then rounded alike, to what the sum can hold, so the
sum does not depend on their order (Demmel and Nguyen, ARITH 2013), and equal sets have all in common, exactly.
"""

from __future__ import annotations

from math import frexp, ldexp
from typing import NamedTuple

import numpy as np
from numba import float64, int32, int64, njit, types, void
from numpy.typing import NDArray
from scipy import sparse

from topokit.kernels.assignment_state import Integers
from topokit.kernels.similar_sets import ONE

# Measured: adding one value where an edge leads takes as long as adding this many values in a row.
_IN_A_ROW = 5
_DENSE_BYTES = 1 << 28


class WeightedSets(NamedTuple):
    """Neuron i has the inputs ``members[start[i]:start[i + 1]]``, each once, in any order.

    Attributes
    ----------
    start : ndarray of int64, shape (n_neurons + 1,)
    members : ndarray of int32, shape (n_edges,)
    values : ndarray of float64, shape (n_edges,)
        What each input counts, not negative.
    """

    start: Integers
    members: NDArray[np.int32]
    values: NDArray[np.float64]


class WeightedColumns(NamedTuple):
    """The sets to compare with, seen from the inputs.

    Attributes
    ----------
    totals : ndarray of float64, shape (n_columns,)
        Sum of the values of each set.
    start, holders, held : ndarray of int64, int32 and float64, shapes (n_inputs + 1,), (n_edges,) and (n_edges,)
        Input k is in the sets ``holders[start[k]:start[k + 1]]``, where it counts ``held``.
    dense : ndarray of float64, shape (n_inputs, n_columns)
        What each input counts in each set; no rows if following edges is cheaper.
    """

    totals: NDArray[np.float64]
    start: Integers
    holders: NDArray[np.int32]
    held: NDArray[np.float64]
    dense: NDArray[np.float64]


WEIGHTED_SETS = types.NamedTuple((int64[::1], int32[::1], float64[::1]), WeightedSets)
_COLUMNS = types.NamedTuple((float64[::1], int64[::1], int32[::1], float64[::1], float64[:, ::1]), WeightedColumns)


def weighted_columns(sets: WeightedSets, n_inputs: int) -> WeightedColumns:
    """All of `sets`, over inputs 0 to `n_inputs` - 1, indexed in the way that suits their density."""
    n_columns = len(sets.start) - 1
    by_input = sparse.csc_array((sets.values, sets.members, sets.start), shape=(n_inputs, n_columns)).tocsr()
    room = n_inputs * n_columns
    dense = by_input.toarray() if len(sets.members) * _IN_A_ROW > room and 8 * room <= _DENSE_BYTES else None
    return WeightedColumns(
        totals(sets),
        by_input.indptr.astype(np.int64),
        by_input.indices.astype(np.int32),
        by_input.data,
        np.empty((0, n_columns)) if dense is None else dense,
    )


@njit(nogil=True)
def _offset(sets: WeightedSets, i: int) -> float:
    """A power of two, at least twice the sum of the set's values."""
    total = 0.0
    for place in range(sets.start[i], sets.start[i + 1]):
        total += sets.values[place]
    return ldexp(1.0, frexp(total)[1] + 1)


def totals(sets: WeightedSets) -> NDArray[np.float64]:
    """Sum of the values of each set, (n_sets,)."""
    sums = np.zeros(len(sets.start) - 1)
    _add_values(sums, sets)
    return sums


@njit(void(float64[::1], WEIGHTED_SETS), cache=True, nogil=True)
def _add_values(sums: NDArray[np.float64], sets: WeightedSets) -> None:
    for i in range(len(sums)):
        offset = _offset(sets, i)
        for place in range(sets.start[i], sets.start[i + 1]):
            sums[i] += (sets.values[place] + offset) - offset


@njit(nogil=True)
def _lesser(one: float, other: float, offset: float) -> float:
    """The lesser of two values, rounded."""
    # Unlike min(), which looks for NaN, this compiles to vector instructions.
    return ((one if one < other else other) + offset) - offset


def overlaps(sets: WeightedSets, rows: Integers, columns: WeightedColumns) -> NDArray[np.float64]:
    """What each of the `rows` of `sets` has in common with each column, (n_rows, n_columns).

    The sum, over the inputs of both, of the lesser value.
    """
    sums = np.zeros((len(rows), len(columns.totals)))
    _add_overlaps(sums, sets, rows, columns)
    return sums


@njit(void(float64[:, ::1], WEIGHTED_SETS, int64[::1], _COLUMNS), cache=True, nogil=True)
def _add_overlaps(sums: NDArray[np.float64], sets: WeightedSets, rows: Integers, columns: WeightedColumns) -> None:
    for r, i in enumerate(rows):
        row, offset = sums[r], _offset(sets, i)
        for place in range(sets.start[i], sets.start[i + 1]):
            k, value = sets.members[place], sets.values[place]
            if len(columns.dense) > 0:
                held = columns.dense[k]
                for column in range(len(row)):
                    row[column] += _lesser(held[column], value, offset)
            else:
                for edge in range(columns.start[k], columns.start[k + 1]):
                    row[columns.holders[edge]] += _lesser(columns.held[edge], value, offset)


def similarities(
    common: NDArray[np.float64], totals_a: NDArray[np.float64], totals_b: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Similarity of each pair as an integer of 40 bits, (n_a, n_b): what is common over what either has.

    `ONE` for two sets of total 0, and 0 if only one is of total 0.

    Parameters
    ----------
    common : ndarray, shape (n_a, n_b)
        What each pair has in common: an overlap, or a number of inputs.
    totals_a, totals_b : ndarray, shapes (n_a,) and (n_b,)
        What each set has.
    """
    weights = np.zeros(common.shape, np.int64)
    _write_similarities(weights, common, totals_a, totals_b)
    return weights


@njit(void(int64[:, ::1], float64[:, ::1], float64[::1], float64[::1]), cache=True, nogil=True, error_model="numpy")
def _write_similarities(
    weights: NDArray[np.int64],
    common: NDArray[np.float64],
    totals_a: NDArray[np.float64],
    totals_b: NDArray[np.float64],
) -> None:
    for i in range(len(totals_a)):
        for j in range(len(totals_b)):
            if common[i, j] > 0:
                similarity = common[i, j] / (totals_a[i] + totals_b[j] - common[i, j])
                weights[i, j] = min(int(similarity * ONE + 0.5), ONE)
            elif totals_a[i] + totals_b[j] == 0:
                weights[i, j] = ONE


def ruzicka_distances(a: WeightedSets, b: WeightedSets, partner: Integers, n_inputs: int) -> NDArray[np.float64]:
    """Ruzicka distance of each set of `a` to its partner in `b`, (n_a,); 0 where partner is -1.

    Sum of the differences of values over the sum of the greater values, which is 0 for two sets of total 0, 1 if only
    one is of total 0, and exactly 0 for equal sets in any order.
    """
    distances = np.zeros(len(partner))
    _write_distances(distances, a, b, partner, np.zeros(n_inputs))
    return distances


@njit(void(float64[::1], WEIGHTED_SETS, WEIGHTED_SETS, int64[::1], float64[::1]), cache=True, nogil=True)
def _write_distances(
    distances: NDArray[np.float64], a: WeightedSets, b: WeightedSets, partner: Integers, left: NDArray[np.float64]
) -> None:
    for i, j in enumerate(partner):
        if j < 0:
            continue
        for place in range(a.start[i], a.start[i + 1]):
            left[a.members[place]] = a.values[place]
        apart = greater = 0.0
        for place in range(b.start[j], b.start[j + 1]):
            k, value = b.members[place], b.values[place]
            apart += abs(value - left[k])
            greater += max(value, left[k])
            left[k] = 0.0
        for place in range(a.start[i], a.start[i + 1]):
            k = a.members[place]
            apart += left[k]
            greater += left[k]
            left[k] = 0.0
        if greater > 0:
            distances[i] = apart / greater
