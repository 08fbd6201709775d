"""Core numbers of an undirected graph in time linear in its edges (Batagelj and Zaversnik 2003)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import int32, int64, njit, types, void
from numpy.typing import NDArray

Sorted = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]

# The arrays of a network are read-only.
_INT32 = types.Array(int32, 1, "C", readonly=True)
_INT64 = types.Array(int64, 1, "C", readonly=True)


class Bipartite(NamedTuple):
    """Edges between two ranges of nodes, as compressed sparse rows.

    `indptr` (n_rows + 1,) and `indices` (n_edges,) list the columns of each row; row i is node
    ``first_row + i``, column j is node ``first_column + j``.
    """

    indptr: NDArray[np.integer]
    indices: NDArray[np.integer]
    first_row: int
    first_column: int


def neighbour_lists(blocks: Sequence[Bipartite], n_nodes: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Join blocks to one undirected graph: node v's neighbours are ``neighbours[starts[v] : starts[v + 1]]``.

    The blocks must not repeat an edge.

    Returns
    -------
    starts : ndarray of int64, shape (n_nodes + 1,)
    neighbours : ndarray of int32, shape (2 * n_edges,)
    """
    plain = [
        (
            np.require(block.indptr, np.int64, ["C", "A"]),
            np.require(block.indices, np.int32, ["C", "A"]),
            block.first_row,
            block.first_column,
        )
        for block in blocks
    ]
    starts = np.zeros(n_nodes + 1, np.int64)
    for block in plain:
        _count_ends(*block, starts[1:])
    np.cumsum(starts, out=starts)
    neighbours = np.empty(starts[-1], np.int32)
    free = starts[:-1].copy()
    for block in plain:
        _place_ends(*block, free, neighbours)
    return starts, neighbours


@njit(void(_INT64, _INT32, int64, int64, int64[::1]), cache=True, nogil=True)
def _count_ends(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    first_row: int,
    first_column: int,
    degrees: NDArray[np.int64],
) -> None:
    for row in range(len(indptr) - 1):
        degrees[first_row + row] += indptr[row + 1] - indptr[row]
    for column in indices:
        degrees[first_column + column] += 1


@njit(void(_INT64, _INT32, int64, int64, int64[::1], int32[::1]), cache=True, nogil=True)
def _place_ends(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    first_row: int,
    first_column: int,
    free: NDArray[np.int64],
    neighbours: NDArray[np.int32],
) -> None:
    for row in range(len(indptr) - 1):
        node = first_row + row
        for edge in range(indptr[row], indptr[row + 1]):
            other = first_column + indices[edge]
            neighbours[free[node]] = other
            neighbours[free[other]] = node
            free[node] += 1
            free[other] += 1


@njit("Tuple((int32[::1], int32[::1], int64[::1]))(int64[::1])", cache=True, nogil=True)
def sorted_by_degree(degrees: NDArray[np.int64]) -> Sorted:
    """Nodes by ascending degree, the place of each node there, and where the nodes of each degree begin."""
    highest = 0
    for degree in degrees:
        highest = max(highest, degree)
    bins = np.zeros(highest + 2, np.int64)
    for degree in degrees:
        bins[degree + 1] += 1
    for degree in range(1, len(bins)):
        bins[degree] += bins[degree - 1]
    order, position = np.empty(len(degrees), np.int32), np.empty(len(degrees), np.int32)
    for node in range(len(degrees)):
        position[node] = bins[degrees[node]]
        order[position[node]] = node
        bins[degrees[node]] += 1
    for degree in range(len(bins) - 1, 0, -1):
        bins[degree] = bins[degree - 1]
    bins[0] = 0
    return order, position, bins


@njit("int64[::1](int64[::1], int32[::1])", cache=True, nogil=True)
def core_numbers(starts: NDArray[np.int64], neighbours: NDArray[np.int32]) -> NDArray[np.int64]:
    """Coreness of every node of a simple undirected graph, (n_nodes,): the largest k whose k-core holds it.

    The nodes stay sorted by remaining degree: the lowest one is taken, and each neighbour of higher degree moves
    to the bin below by one swap with the first node of its own.
    """
    remaining = np.empty(len(starts) - 1, np.int64)
    for node in range(len(remaining)):
        remaining[node] = starts[node + 1] - starts[node]
    order, position, bins = sorted_by_degree(remaining)
    for node in order:
        for edge in range(starts[node], starts[node + 1]):
            other = neighbours[edge]
            if remaining[other] > remaining[node]:
                first = bins[remaining[other]]
                front = order[first]
                order[position[other]], order[first] = front, other
                position[front], position[other] = position[other], first
                bins[remaining[other]] += 1
                remaining[other] -= 1
    return remaining
