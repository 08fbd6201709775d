"""Core numbers of an undirected graph in time linear in its edges (Batagelj and Zaversnik 2003)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import int32, int64, njit, types, void
from numpy.typing import NDArray

_INT32 = types.Array(int32, 1, "C", readonly=True)
_INT64 = types.Array(int64, 1, "C", readonly=True)
_INT32_OUT, _INT64_OUT = int32[::1], int64[::1]


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


@njit(void(_INT64, _INT32, int64, int64, _INT64_OUT), cache=True, nogil=True)
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


@njit(void(_INT64, _INT32, int64, int64, _INT64_OUT, _INT32_OUT), cache=True, nogil=True)
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


@njit(_INT64_OUT(_INT64, _INT32), cache=True, nogil=True)
def core_numbers(starts: NDArray[np.int64], neighbours: NDArray[np.int32]) -> NDArray[np.int64]:
    """Coreness of every node of a simple undirected graph, (n_nodes,): the largest k whose k-core holds it.

    The nodes stay sorted by remaining degree: the lowest one is taken, and each neighbour of higher degree moves
    to the bin below by one swap with the first node of its own.
    """
    n_nodes = len(starts) - 1
    remaining = np.empty(n_nodes, np.int64)
    for node in range(n_nodes):
        remaining[node] = starts[node + 1] - starts[node]
    bins = np.zeros((remaining.max() if n_nodes else 0) + 2, np.int64)
    for node in range(n_nodes):
        bins[remaining[node] + 1] += 1
    for degree in range(1, len(bins)):
        bins[degree] += bins[degree - 1]
    order = np.empty(n_nodes, np.int32)
    position = np.empty(n_nodes, np.int32)
    filled = bins.copy()
    for node in range(n_nodes):
        position[node] = filled[remaining[node]]
        order[position[node]] = node
        filled[remaining[node]] += 1
    for place in range(n_nodes):
        node = order[place]
        for edge in range(starts[node], starts[node + 1]):
            other = neighbours[edge]
            if remaining[other] > remaining[node]:
                first = bins[remaining[other]]
                front = order[first]
                order[position[other]] = front
                position[front] = position[other]
                order[first] = other
                position[other] = first
                bins[remaining[other]] = first + 1
                remaining[other] -= 1
    return remaining
