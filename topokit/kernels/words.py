"""Machine words: how many bits are set, and words whose every bit depends on every bit of another."""

from __future__ import annotations

import numpy as np
from numba import njit

STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_MIX_AGAIN = np.uint64(0x94D049BB133111EB)


@njit(nogil=True)
def popcount(word: np.uint64) -> int:
    """The number of bits that are set."""
    # The compiler knows this pattern and makes one instruction of it.
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(nogil=True)
def mixed(word: np.uint64) -> np.uint64:
    """The word that SplitMix64 makes of a state (Steele, Lea and Flood, OOPSLA 2014)."""
    word = np.uint64(word + STEP)
    word = np.uint64((word ^ (word >> np.uint64(30))) * _MIX)
    word = np.uint64((word ^ (word >> np.uint64(27))) * _MIX_AGAIN)
    return np.uint64(word ^ (word >> np.uint64(31)))
