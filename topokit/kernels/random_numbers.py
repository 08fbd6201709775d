"""Random whole numbers for compiled loops: SplitMix64 (Steele et al. 2014), the same on every machine."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from topokit.kernels.words import STEP, mixed

# One word, started at a seed and moved on by each draw.
State = NDArray[np.uint64]


@njit(nogil=True)
def random_word(state: State) -> np.uint64:
    """64 random bits."""
    word = mixed(state[0])
    state[0] += STEP
    return np.uint64(word)


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
