"""Random whole numbers for compiled loops: SplitMix64 (Steele et al. 2014), the same on every machine."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

# One word, started at a seed and moved on by each draw.
State = NDArray[np.uint64]

_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_MIX_AGAIN = np.uint64(0x94D049BB133111EB)


@njit(nogil=True)
def random_word(state: State) -> np.uint64:
    """64 random bits."""
    state[0] += _STEP
    mixed = state[0]
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _MIX
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _MIX_AGAIN
    return mixed ^ (mixed >> np.uint64(31))


@njit(nogil=True)
def random_below(state: State, bound: int) -> int:
    """A whole number from 0 to ``bound - 1``; no number is favoured by more than `bound` in 2^53."""
    return int(np.float64(random_word(state) >> np.uint64(11)) * (2.0**-53 * bound))


@njit(nogil=True)
def shuffle(numbers: NDArray[np.int64], state: State) -> None:
    """Put the numbers in random order (Fisher and Yates)."""
    for k in range(len(numbers) - 1, 0, -1):
        other = random_below(state, k + 1)
        numbers[k], numbers[other] = numbers[other], numbers[k]
