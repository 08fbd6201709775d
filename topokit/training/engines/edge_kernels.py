"""Edges as sorted positions and as compressed rows, and how one becomes the other.

The position of the edge from source j to target i is ``i * n_sources + j``, its flat one in a tensor
(n_targets, n_sources); ascending positions are the order of compressed rows.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Positions = NDArray[np.int64]
Floats = NDArray[np.float32]
Starts = NDArray[np.int64]
Neurons = NDArray[np.int32]

_KEYS = "Array(int64, 1, 'C', readonly=True)"


@njit(f"Tuple((int64[::1], int32[::1]))({_KEYS}, int64, int64)", cache=True, nogil=True)
def rows_of(positions: Positions, n_targets: int, n_sources: int) -> tuple[Starts, Neurons]:
    """Where the edges of each target start, (n_targets + 1,), and the sources, (n_edges,), of ascending positions."""
    starts = np.zeros(n_targets + 1, np.int64)
    sources = np.empty(len(positions), np.int32)
    target = 0
    for k in range(len(positions)):
        while positions[k] >= (target + 1) * n_sources:
            target += 1
            starts[target] = k
        sources[k] = positions[k] - target * n_sources
    starts[target + 1 :] = len(positions)
    return starts, sources


@njit("int64[::1](int64[::1], int32[::1], int64)", cache=True, nogil=True)
def positions_of(starts: Starts, sources: Neurons, n_sources: int) -> Positions:
    """The inverse of `rows_of`."""
    positions = np.empty(len(sources), np.int64)
    for target in range(len(starts) - 1):
        for edge in range(starts[target], starts[target + 1]):
            positions[edge] = target * n_sources + sources[edge]
    return positions


@njit("Tuple((int64[::1], int32[::1], int32[::1]))(int64[::1], int32[::1], int64)", cache=True, nogil=True)
def columns_of(starts: Starts, sources: Neurons, n_sources: int) -> tuple[Starts, Neurons, Neurons]:
    """The same edges by source: where those of each start, their targets (ascending), and their places among the rows.

    A counting sort, in time linear in edges and neurons.
    """
    first = np.zeros(n_sources + 1, np.int64)
    for source in sources:
        first[source + 1] += 1
    for source in range(n_sources):
        first[source + 1] += first[source]
    free = first[:-1].copy()
    targets, places = np.empty(len(sources), np.int32), np.empty(len(sources), np.int32)
    for target in range(len(starts) - 1):
        for edge in range(starts[target], starts[target + 1]):
            at = free[sources[edge]]
            targets[at], places[at] = target, edge
            free[sources[edge]] += 1
    return first, targets, places


@njit(
    f"Tuple((int64[::1], float32[::1], float32[::1]))({_KEYS}, float32[::1], float32[::1], {_KEYS}, {_KEYS}, "
    "float32[::1], float32[::1])",
    cache=True,
    nogil=True,
)
def merged(
    positions: Positions,
    weights: Floats,
    velocity: Floats,
    dropped: Positions,
    grown: Positions,
    grown_weights: Floats,
    grown_velocity: Floats,
) -> tuple[Positions, Floats, Floats]:
    """Edges without the `dropped` and with the `grown` ones, with weights and momentum; all positions ascend.

    One pass over both lists. What is dropped is among `positions`, what is grown is not among those that stay.
    """
    count = len(positions) - len(dropped) + len(grown)
    keys, values, speeds = np.empty(count, np.int64), np.empty(count, np.float32), np.empty(count, np.float32)
    old = gone = new = 0
    for at in range(count):
        while old < len(positions) and gone < len(dropped) and positions[old] == dropped[gone]:
            old += 1
            gone += 1
        if new < len(grown) and (old == len(positions) or grown[new] < positions[old]):
            keys[at], values[at], speeds[at] = grown[new], grown_weights[new], grown_velocity[new]
            new += 1
        else:
            keys[at], values[at], speeds[at] = positions[old], weights[old], velocity[old]
            old += 1
    return keys, values, speeds
