"""Onion layers of an undirected graph in time linear in its edges (Hébert-Dufresne, Grochow and Allard 2016)."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit("Tuple((int32[::1], int64[::1]))(int64[::1])", cache=True, nogil=True)
def _grouped(cores: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Nodes by ascending core number, and where the nodes of each begin."""
    highest = 0
    for core in cores:
        highest = max(highest, core)
    starts = np.zeros(highest + 2, np.int64)
    for core in cores:
        starts[core + 1] += 1
    for core in range(highest + 1):
        starts[core + 1] += starts[core]
    free = starts[:-1].copy()
    order = np.empty(len(cores), np.int32)
    for node in range(len(cores)):
        order[free[cores[node]]] = node
        free[cores[node]] += 1
    return order, starts


@njit("int64[::1](int64[::1], int32[::1], int64[::1])", cache=True, nogil=True)
def onion_layers(
    starts: NDArray[np.int64], neighbours: NDArray[np.int32], cores: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The peeling step, from 1, at which each node of a simple undirected graph goes, (n_nodes,).

    At each step all nodes go whose remaining degree is at most the current core number, which rises only when there
    are none. Node v's neighbours are ``neighbours[starts[v] : starts[v + 1]]``; `cores` are the core numbers, so that
    only nodes of the current one are looked at.
    """
    count = len(cores)
    remaining = starts[1:] - starts[:-1]
    layers = np.zeros(count, np.int64)
    queue = np.empty(count, np.int32)
    order, first_of = _grouped(cores)
    taken = filled = step = 0
    for core in range(len(first_of) - 1):
        for place in range(first_of[core], first_of[core + 1]):
            if remaining[order[place]] <= core:
                queue[filled] = order[place]
                filled += 1
        while taken < filled:
            step += 1
            for _ in range(filled - taken):
                node = queue[taken]
                taken += 1
                layers[node] = step
                for edge in range(starts[node], starts[node + 1]):
                    other = neighbours[edge]
                    remaining[other] -= 1
                    # Exactly once on its way down; nodes that start lower are in the queue already.
                    if remaining[other] == core and cores[other] == core:
                        queue[filled] = other
                        filled += 1
    return layers
