"""What two sets of edges between the same layers have in common."""

from __future__ import annotations

import numpy as np
from numba import float64, int32, int64, njit, types
from numba.core.types import UniTuple
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Targets = NDArray[np.int32]
Floats = NDArray[np.float64]

_INT32 = types.Array(int32, 1, "C", readonly=True)
_INT64 = types.Array(int64, 1, "C", readonly=True)
_FLOAT64 = types.Array(float64, 1, "C", readonly=True)


@njit(int64(_INT64, _INT32, _INT64, _INT32, int64), cache=True, nogil=True)
def count_shared(start_a: Integers, targets_a: Targets, start_b: Integers, targets_b: Targets, n_targets: int) -> int:
    """Edges in both; row i has the targets ``targets[start[i]:start[i + 1]]``, each once."""
    row_seen = np.full(n_targets, -1)
    count = 0
    for row in range(len(start_a) - 1):
        for target in targets_a[start_a[row] : start_a[row + 1]]:
            row_seen[target] = row
        for target in targets_b[start_b[row] : start_b[row + 1]]:
            count += row_seen[target] == row
    return count


@njit(UniTuple(float64, 3)(_INT64, _INT32, _FLOAT64, _INT64, _INT32, _FLOAT64, int64), cache=True, nogil=True)
def compare_shared(
    start_a: Integers,
    targets_a: Targets,
    weights_a: Floats,
    start_b: Integers,
    targets_b: Targets,
    weights_b: Floats,
    n_targets: int,
) -> tuple[float, float, float]:
    """Of the edges in both: how many, how many whose weights are on opposite sides of 0, and the sum of |w_b - w_a|."""
    place_seen = np.full(n_targets, -1)
    count, turned, change = 0, 0, 0.0
    for row in range(len(start_a) - 1):
        for place in range(start_a[row], start_a[row + 1]):
            place_seen[targets_a[place]] = place
        for place in range(start_b[row], start_b[row + 1]):
            before = place_seen[targets_b[place]]
            if before >= start_a[row]:
                old, new = weights_a[before], weights_b[place]
                count += 1
                turned += (old < 0 and new > 0) or (old > 0 and new < 0)
                change += abs(new - old)
    return float(count), float(turned), change
