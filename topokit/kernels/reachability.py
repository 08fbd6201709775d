"""Which neurons edges lead to, and from, in one block of compressed sparse rows."""

from __future__ import annotations

import numpy as np
from numba import boolean, int32, int64, njit, types, void
from numpy.typing import NDArray

# The arrays of a network are read-only.
_STARTS = types.Array(int64, 1, "C", readonly=True)
_ENDS = types.Array(int32, 1, "C", readonly=True)


@njit(void(_STARTS, _ENDS, boolean[::1], boolean[::1]), cache=True, nogil=True)
def mark_reached(
    starts: NDArray[np.int64], ends: NDArray[np.int32], sources: NDArray[np.bool_], targets: NDArray[np.bool_]
) -> None:
    """Set the `targets` that an edge from one of the `sources` leads to."""
    for source in range(len(sources)):
        if sources[source]:
            for edge in range(starts[source], starts[source + 1]):
                targets[ends[edge]] = True


@njit(void(_STARTS, _ENDS, boolean[::1], boolean[::1]), cache=True, nogil=True)
def mark_reaching(
    starts: NDArray[np.int64], ends: NDArray[np.int32], sources: NDArray[np.bool_], targets: NDArray[np.bool_]
) -> None:
    """Set the `sources` from which an edge leads to one of the `targets`."""
    for source in range(len(sources)):
        for edge in range(starts[source], starts[source + 1]):
            if targets[ends[edge]]:
                sources[source] = True
                break


@njit(int64(_STARTS, _ENDS, boolean[::1], boolean[::1]), cache=True, nogil=True)
def count_between(
    starts: NDArray[np.int64], ends: NDArray[np.int32], sources: NDArray[np.bool_], targets: NDArray[np.bool_]
) -> int:
    """How many edges lead from the `sources` to the `targets`."""
    count = 0
    for source in range(len(sources)):
        if sources[source]:
            for edge in range(starts[source], starts[source + 1]):
                count += targets[ends[edge]]
    return count
