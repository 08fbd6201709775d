"""For each set of inputs, the most similar of other sets, most similar first.

Similarity is the Jaccard index as an integer of 40 bits, so equal fractions are equal integers on every machine.
Common inputs are counted in one of two ways, whichever is cheaper: by following each input to the sets that hold it,
or 64 inputs at a time by the bits of machine words. The second way, for dense sets, gives a head start to sets that
are expected to be less similar to all, for their size: lists would hold the same few sets otherwise. It adds the same
to every complete pairing of as many sets with as many, so the best pairing remains the best.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import int32, int64, njit, types, uint64, void
from numpy.typing import NDArray

from topokit.kernels.assignment_state import COLUMN_BITS, Integers, Lists
from topokit.kernels.input_sets import SETS, InputSets
from topokit.kernels.words import popcount

ONE = 1 << 40
_LAST_COLUMN = (1 << COLUMN_BITS) - 1
# Buckets of keys by their leading bits: at most MAX_WEIGHT << COLUMN_BITS >> _BUCKET_SHIFT = 1024.
_BUCKET_SHIFT = 52
_BUCKETS = 1025


class Columns(NamedTuple):
    """The sets to compare with, seen from the inputs.

    Attributes
    ----------
    sizes : ndarray of int64, shape (n_columns,)
        Number of inputs.
    start, holders : ndarray of int64 and int32, shapes (n_inputs + 1,) and (n_edges,)
        Input k is in the sets ``holders[start[k]:start[k + 1]]``.
    bits : ndarray of uint64, shape (n_words, n_columns)
        Bit k % 64 of ``bits[k // 64, j]`` tells whether input k is in set j; no words if following edges is cheaper.
    head_start : ndarray of int64, shape (n_columns,)
        What is added to each set's similarities; with bits, pairs without a common input are listed too.
    """

    sizes: Integers
    start: Integers
    holders: NDArray[np.int32]
    bits: NDArray[np.uint64]
    head_start: Integers


_COLUMNS = types.NamedTuple((int64[::1], int64[::1], int32[::1], uint64[:, ::1], int64[::1]), Columns)


def columns_for(rows: InputSets, n_rows: int, sets: InputSets, chosen: Integers, n_inputs: int) -> Columns:
    """The `chosen` ones of `sets`, indexed in the way that suits a comparison with `n_rows` of `rows`."""
    row_size = len(rows.members) / (len(rows.start) - 1)
    edges_followed = n_rows * row_size * len(sets.members) / n_inputs
    pairs = n_rows * len(chosen)
    # Measured: following an edge takes as long as counting 16 words, a pair's similarity as long as 12.
    if 16 * edges_followed <= pairs * (n_inputs / 64 + 12):
        return _holders_of_inputs(sets, chosen, n_inputs)
    return _bits_of_sets(sets, chosen, n_inputs, row_size)


def _holders_of_inputs(sets: InputSets, chosen: Integers, n_inputs: int) -> Columns:
    sizes = sets.start[chosen + 1] - sets.start[chosen]
    start, holders = np.zeros(n_inputs + 2, np.int64), np.empty(sizes.sum(), np.int32)
    _write_holders(sets, chosen, start, holders)
    return Columns(sizes, start[:-1], holders, np.empty((0, len(chosen)), np.uint64), np.zeros_like(sizes))


@njit(void(SETS, int64[::1], int64[::1], int32[::1]), cache=True, nogil=True)
def _write_holders(sets: InputSets, chosen: Integers, start: Integers, holders: NDArray[np.int32]) -> None:
    """Write the columns that hold each input, one input after the other, and where each one's begin."""
    # Counts stand two places late, so that they add up to the next free place of each input, one place late.
    for j in chosen:
        for place in range(sets.start[j], sets.start[j + 1]):
            start[sets.members[place] + 2] += 1
    for k in range(2, len(start)):
        start[k] += start[k - 1]
    for column, j in enumerate(chosen):
        for place in range(sets.start[j], sets.start[j + 1]):
            k = sets.members[place] + 1
            holders[start[k]] = column
            start[k] += 1


def _bits_of_sets(sets: InputSets, chosen: Integers, n_inputs: int, row_size: float) -> Columns:
    sizes = sets.start[chosen + 1] - sets.start[chosen]
    bits = np.zeros(((n_inputs + 63) // 64, len(chosen)), np.uint64)
    _write_bits(sets, chosen, bits)
    common = row_size * sizes / n_inputs
    expected = common / np.maximum(row_size + sizes - common, 1)
    head_start = ((expected.max() - expected) * ONE).astype(np.int64)
    return Columns(sizes, np.empty(0, np.int64), np.empty(0, np.int32), bits, head_start)


@njit(void(SETS, int64[::1], uint64[:, ::1]), cache=True, nogil=True)
def _write_bits(sets: InputSets, chosen: Integers, bits: NDArray[np.uint64]) -> None:
    for column, j in enumerate(chosen):
        for place in range(sets.start[j], sets.start[j + 1]):
            k = sets.members[place]
            bits[k >> 6, column] |= np.uint64(1) << np.uint64(k & 63)


@njit(nogil=True, error_model="numpy")
def _key(common: int, size: int, column: int, columns: Columns) -> int:
    """Similarity and head start above, column below (the first column highest), in one integer that sorts."""
    similarity = common / max(size + columns.sizes[column] - common, 1)
    weight = int(similarity * ONE + 0.5) + columns.head_start[column]
    return int(weight << COLUMN_BITS) | (_LAST_COLUMN - column)


@njit(nogil=True, error_model="numpy")
def _follow_edges(inputs: NDArray[np.int32], columns: Columns, common: Integers, keys: Integers) -> int:
    """Write the keys of all sets that share one of the `inputs`; return how many."""
    count = 0
    for k in inputs:
        for place in range(columns.start[k], columns.start[k + 1]):
            column = columns.holders[place]
            if common[column] == 0:
                keys[count] = column
                count += 1
            common[column] += 1
    for place in range(count):
        column = keys[place]
        keys[place] = _key(common[column], len(inputs), column, columns)
        common[column] = 0
    return count


@njit(nogil=True, error_model="numpy")
def _count_bits(inputs: NDArray[np.int32], columns: Columns, common: Integers, keys: Integers) -> int:
    """Write the keys of all sets of positive weight; return how many."""
    words = np.zeros(len(columns.bits), np.uint64)
    for k in inputs:
        words[k >> 6] |= np.uint64(1) << np.uint64(k & 63)
    common[:] = 0
    for word in range(len(words)):
        if words[word] == 0:
            continue
        for column in range(len(common)):
            common[column] += popcount(words[word] & columns.bits[word, column])
    for column in range(len(common)):
        keys[column] = _key(common[column], len(inputs), column, columns)
    count = 0
    for key in keys:
        keys[count] = key
        count += key > _LAST_COLUMN
    return count


@njit(nogil=True)
def _highest_first(keys: Integers, least: int, buckets: Integers) -> int:
    """Move the `least` highest keys, and all with the leading bits of the last one, to the front; return how many."""
    buckets[:] = 0
    for key in keys:
        buckets[key >> _BUCKET_SHIFT] += 1
    lowest, count = _BUCKETS, 0
    while count < least:
        lowest -= 1
        count += buckets[lowest]
    count = 0
    for key in keys:
        keys[count] = key
        count += key >> _BUCKET_SHIFT >= lowest
    return count


def most_similar(sets: InputSets, rows: Integers, columns: Columns, keep: Integers) -> Lists:
    """For each of the `rows`, a list of the most similar columns, the most similar first.

    Parameters
    ----------
    sets : InputSets
        The sets that the rows are taken from.
    rows : ndarray of int64, shape (n_rows,)
        Positions in `sets`.
    columns : Columns
        The sets to compare with, over the same inputs.
    keep : ndarray of int64, shape (n_rows,)
        Length of each list at most, at least 1. Only columns of positive weight are listed.
    """
    keep = np.minimum(keep, len(columns.sizes))
    stop, left_out, entries = np.zeros_like(rows), np.zeros_like(rows), np.empty(keep.sum(), np.int64)
    _write_lists(sets, rows, columns, keep, stop, left_out, entries)
    start = np.append(0, stop)[:-1]
    entries = entries[: stop[-1] if len(rows) else 0]
    return Lists(start, stop, _LAST_COLUMN - (entries & _LAST_COLUMN), entries >> COLUMN_BITS, left_out)


@njit(
    void(SETS, int64[::1], _COLUMNS, int64[::1], int64[::1], int64[::1], int64[::1]),
    cache=True,
    nogil=True,
)
def _write_lists(
    sets: InputSets,
    rows: Integers,
    columns: Columns,
    keep: Integers,
    stop: Integers,
    left_out: Integers,
    entries: Integers,
) -> None:
    """Write the keys of each row's list, one after the other, where each one stops, and the weight it leaves out."""
    n_columns = len(columns.sizes)
    keys, common, buckets = np.empty(n_columns, np.int64), np.zeros(n_columns, np.int64), np.empty(_BUCKETS, np.int64)
    position = 0
    for r, i in enumerate(rows):
        inputs = sets.members[sets.start[i] : sets.start[i + 1]]
        if len(columns.bits) > 0:
            count = _count_bits(inputs, columns, common, keys)
        else:
            count = _follow_edges(inputs, columns, common, keys)
        kept = min(count, keep[r])
        if kept < count:
            count = _highest_first(keys[:count], kept + 1, buckets)
        keys[:count].sort()
        if kept < count:
            left_out[r] = keys[count - kept - 1] >> COLUMN_BITS
        for place in range(kept):
            entries[position + place] = keys[count - 1 - place]
        position += kept
        stop[r] = position
