"""Generalised core numbers of a weighted undirected graph (Batagelj and Zaversnik 2002), for degree and strength."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import float64, int32, int64, njit, void
from numpy.typing import NDArray

from topokit.kernels.cores import Bipartite


class WeightedNeighbours(NamedTuple):
    """An undirected graph: the neighbours of node v, and the weights of its edges, lie from starts[v] to
    starts[v + 1]."""

    starts: NDArray[np.int64]
    neighbours: NDArray[np.int32]
    weights: NDArray[np.int64]


def weighted_neighbour_lists(
    blocks: Sequence[Bipartite], weights: Sequence[NDArray[np.int64]], n_nodes: int
) -> WeightedNeighbours:
    """Join blocks, each with a weight per edge in the order of its indices, to one undirected graph.

    The blocks must not repeat an edge.
    """
    starts = np.zeros(n_nodes + 1, np.int64)
    for block in blocks:
        stop_row, stop_column = block.first_row + len(block.indptr), block.first_column + 1
        starts[block.first_row + 1 : stop_row] += np.diff(block.indptr)
        reaching = np.bincount(block.indices)
        starts[stop_column : stop_column + len(reaching)] += reaching
    np.cumsum(starts, out=starts)
    graph = WeightedNeighbours(starts, np.empty(starts[-1], np.int32), np.empty(starts[-1], np.int64))
    free = starts[:-1].copy()
    for block, values in zip(blocks, weights, strict=True):
        rows = np.array(block.indptr, np.int64), np.array(block.indices, np.int32)
        _place(*rows, np.array(values, np.int64), block.first_row, block.first_column, free, *graph[1:])
    return graph


@njit(
    void(int64[::1], int32[::1], int64[::1], int64, int64, int64[::1], int32[::1], int64[::1]), cache=True, nogil=True
)
def _place(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    values: NDArray[np.int64],
    first_row: int,
    first_column: int,
    free: NDArray[np.int64],
    neighbours: NDArray[np.int32],
    weights: NDArray[np.int64],
) -> None:
    for row in range(len(indptr) - 1):
        node = first_row + row
        for edge in range(indptr[row], indptr[row + 1]):
            other = first_column + indices[edge]
            neighbours[free[node]], weights[free[node]] = other, values[edge]
            neighbours[free[other]], weights[free[other]] = node, values[edge]
            free[node] += 1
            free[other] += 1


@njit("float64(int64, float64, float64, float64)", cache=True, nogil=True)
def weighted_degree(degree: int, strength: float, alpha: float, beta: float) -> float:
    """(degree^alpha * strength^beta)^(1 / (alpha + beta)); 0 for degree 0."""
    if degree == 0:
        return 0.0
    if alpha == beta:
        return float(np.sqrt(degree * strength))
    return float(degree ** (alpha / (alpha + beta)) * strength ** (beta / (alpha + beta)))


@njit(void(int32[::1], int32[::1], float64[::1], int64), cache=True, nogil=True)
def _rise(heap: NDArray[np.int32], place: NDArray[np.int32], keys: NDArray[np.float64], at: int) -> None:
    node = heap[at]
    while at > 0:
        above = (at - 1) // 2
        if keys[heap[above]] <= keys[node]:
            break
        heap[at] = heap[above]
        place[heap[at]] = at
        at = above
    heap[at] = node
    place[node] = at


@njit(void(int32[::1], int32[::1], float64[::1], int64, int64), cache=True, nogil=True)
def _sink(heap: NDArray[np.int32], place: NDArray[np.int32], keys: NDArray[np.float64], at: int, size: int) -> None:
    node = heap[at]
    while 2 * at + 1 < size:
        below = 2 * at + 1
        if below + 1 < size and keys[heap[below + 1]] < keys[heap[below]]:
            below += 1
        if keys[heap[below]] >= keys[node]:
            break
        heap[at] = heap[below]
        place[heap[at]] = at
        at = below
    heap[at] = node
    place[node] = at


@njit("float64[::1](int64[::1], int32[::1], int64[::1], float64, float64, float64)", cache=True, nogil=True)
def weighted_levels(
    starts: NDArray[np.int64],
    neighbours: NDArray[np.int32],
    weights: NDArray[np.int64],
    unit: float,
    alpha: float,
    beta: float,
) -> NDArray[np.float64]:
    """The largest x for which each node stays when all nodes of weighted degree below x go, again and again.

    Weights are whole numbers of `unit`, so that strengths stay exact whatever the order in which nodes go. The node of
    the lowest weighted degree goes first; its level is that degree or the level of the node before it, whichever is
    higher. Takes time edges * log(nodes).
    """
    count = len(starts) - 1
    degrees = starts[1:] - starts[:-1]
    strengths = np.zeros(count, np.int64)
    keys, levels = np.empty(count), np.empty(count)
    for node in range(count):
        for edge in range(starts[node], starts[node + 1]):
            strengths[node] += weights[edge]
        keys[node] = weighted_degree(degrees[node], strengths[node] * unit, alpha, beta)
    # A sorted start would need numba's argsort, whose compiled code is mistaken for that of its sort once different
    # processes have cached them.
    heap, place = np.arange(count, dtype=np.int32), np.arange(count, dtype=np.int32)
    for at in range(count // 2 - 1, -1, -1):
        _sink(heap, place, keys, at, count)
    level = 0.0
    for left in range(count - 1, -1, -1):
        node = heap[0]
        level = max(level, keys[node])
        levels[node], place[node] = level, -1
        if left > 0:
            heap[0] = heap[left]
            _sink(heap, place, keys, 0, left)
        for edge in range(starts[node], starts[node + 1]):
            other = neighbours[edge]
            if place[other] >= 0:
                degrees[other] -= 1
                strengths[other] -= weights[edge]
                keys[other] = weighted_degree(degrees[other], strengths[other] * unit, alpha, beta)
                _rise(heap, place, keys, place[other])
    return levels
