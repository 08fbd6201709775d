"""Random numbers that are a function of a seed and a position, so that any part of a sequence can be drawn alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import float32, int64, njit, uint64
from numpy.typing import NDArray

from topokit.kernels.words import STEP, mixed

_BITS = np.uint64(40)
_UNIT = np.float32(2.0**-24)


def _uniform_at(seed: np.uint64, positions: NDArray[np.int64]) -> NDArray[np.float32]:
    """Numbers in [0, 1), multiples of 2^-24, one for each position: the draws of SplitMix64 from that seed there."""
    values = np.empty(len(positions), np.float32)
    for k in range(len(positions)):
        values[k] = np.float32(mixed(seed + STEP * np.uint64(positions[k])) >> _BITS) * _UNIT
    return values


uniform_at: Callable[[np.uint64, NDArray[np.int64]], NDArray[np.float32]] = njit(
    float32[::1](uint64, int64[::1]), cache=True, nogil=True
)(_uniform_at)
