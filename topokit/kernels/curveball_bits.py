"""Curveball trades on bitmaps, which are many times faster than on lists where edges are many.

Dealing out a pool by a coin per column gives each of two rows a random share of it, though seldom of the right size;
moving as many random columns as are missing keeps the share uniform among those of the right size.
"""

from __future__ import annotations

import numpy as np
from numba import int32, int64, njit, types, uint64, void
from numpy.typing import NDArray

from topokit.kernels.assignment_state import Integers
from topokit.kernels.random_numbers import State, random_below, random_word, shuffle
from topokit.kernels.words import popcount

Words = NDArray[np.uint64]
Targets = NDArray[np.int32]

_INT32 = types.Array(int32, 1, "C", readonly=True)
_INT64 = types.Array(int64, 1, "C", readonly=True)
_ONE = np.uint64(1)


@njit(nogil=True)
def _move(giver: Words, taker: Words, count: int, n_bits: int, state: State) -> None:
    """Move `count` random bits that the taker lacks."""
    while count > 0:
        place = random_below(state, n_bits)
        word, bit = place >> 6, _ONE << np.uint64(place & 63)
        if giver[word] & ~taker[word] & bit:
            giver[word] ^= bit
            taker[word] ^= bit
            count -= 1


@njit(nogil=True)
def _trade(a: Words, b: Words, n_bits: int, state: State) -> None:
    """Deal the bits that only one of two rows has out anew, each row getting as many as it gave."""
    surplus = 0
    for k in range(len(a)):
        pool, shared = a[k] ^ b[k], a[k] & b[k]
        to_a = pool & random_word(state)
        surplus += popcount(to_a) - popcount(pool & a[k])
        a[k], b[k] = shared | to_a, shared | (pool ^ to_a)
    if surplus > 0:
        _move(a, b, surplus, n_bits, state)
    else:
        _move(b, a, -surplus, n_bits, state)


@njit(nogil=True)
def _global_trade(bits: Words, n_bits: int, state: State) -> None:
    """Pair the rows at random, one staying out if they are odd, and let each pair trade."""
    rows = np.arange(len(bits))
    shuffle(rows, state)
    for k in range(0, len(rows) - 1, 2):
        _trade(bits[rows[k]], bits[rows[k + 1]], n_bits, state)


@njit(nogil=True)
def _transpose_square(square: Words) -> None:
    """Transpose 64 x 64 bits in place, halving the squares that are swapped (Warren 2012, section 7-3)."""
    width, mask = np.uint64(32), np.uint64(0x00000000FFFFFFFF)
    while width > np.uint64(0):
        step = np.int64(width)
        for start in range(0, 64, 2 * step):
            for k in range(start, start + step):
                swapped = ((square[k] >> width) ^ square[k + step]) & mask
                square[k] ^= swapped << width
                square[k + step] ^= swapped
        width >>= _ONE
        mask ^= mask << width


@njit(nogil=True)
def _transposed(bits: Words, turned: Words) -> None:
    """Write the transposed bitmap."""
    square = np.empty(64, np.uint64)
    for i in range(turned.shape[1]):
        for j in range(bits.shape[1]):
            for k in range(64):
                square[k] = bits[64 * i + k, j] if 64 * i + k < len(bits) else np.uint64(0)
            _transpose_square(square)
            for k in range(min(64, len(turned) - 64 * j)):
                turned[64 * j + k, i] = square[k]


@njit(void(_INT64, _INT32, uint64[:, ::1], uint64[:, ::1], uint64[::1], int64), cache=True, nogil=True)
def _trade_all(start: Integers, members: Targets, bits: Words, turned: Words, state: State, rounds: int) -> None:
    for row in range(len(bits)):
        for place in range(start[row], start[row + 1]):
            bits[row, members[place] >> 6] |= _ONE << np.uint64(members[place] & 63)
    for _ in range(rounds):
        _global_trade(bits, len(turned), state)
        _transposed(bits, turned)
        _global_trade(turned, len(bits), state)
        _transposed(turned, bits)


@njit(void(uint64[:, ::1], int64, int32[::1]), cache=True, nogil=True)
def _list_columns(bits: Words, n_columns: int, columns: Targets) -> None:
    """Write the columns of each row, ascending; `columns` has one place more than there are."""
    place = 0
    for row in range(len(bits)):
        for column in range(n_columns):
            columns[place] = column
            place += int((bits[row, column >> 6] >> np.uint64(column & 63)) & _ONE)


def traded_bits(start: Integers, members: Targets, n_columns: int, seed: np.uint64, rounds: int) -> Targets:
    """As `topokit.kernels.curveball.traded`, with other random numbers and n_rows * n_columns / 4 bytes of memory."""
    n_rows = len(start) - 1
    bits = np.zeros((n_rows, -(-n_columns // 64)), np.uint64)
    turned = np.zeros((n_columns, -(-n_rows // 64)), np.uint64)
    _trade_all(start, members, bits, turned, np.array([seed], np.uint64), rounds)
    columns = np.empty(len(members) + 1, np.int32)
    _list_columns(bits, n_columns, columns)
    return columns[:-1]
