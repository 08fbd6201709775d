"""(alpha, beta)-cores of a bipartite graph: rows keep at least alpha neighbours, columns at least beta."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from topokit.kernels.cores import sorted_by_degree


@njit("int64[::1](int64[::1], int32[::1], int64, int64, int64)", cache=True, nogil=True)
def core_levels(
    starts: NDArray[np.int64], neighbours: NDArray[np.int32], first: int, stop: int, least: int
) -> NDArray[np.int64]:
    """The largest beta >= 1 for which each node is in the (least, beta)-core, (n_nodes,); 0 for none.

    Nodes from `first` to `stop` (one side of the graph) need `least` neighbours, the others beta. Those others are
    taken by ascending remaining degree as in Batagelj and Zaversnik (2003), in time linear in the edges; a node of the
    first side goes with the neighbour that leaves it fewer than `least`.
    """
    count = len(starts) - 1
    remaining = starts[1:] - starts[:-1]
    kept = np.zeros(count, np.bool_)
    for node in range(first, stop):
        kept[node] = remaining[node] >= least
        if not kept[node]:
            for edge in range(starts[node], starts[node + 1]):
                remaining[neighbours[edge]] -= 1
    # The first side never waits in the queue: as nodes of degree 0 they come first and are passed over.
    queued = remaining.copy()
    queued[first:stop] = 0
    order, position, bins = sorted_by_degree(queued)
    levels = np.zeros(count, np.int64)
    for node in order:
        if first <= node < stop:
            continue
        level = levels[node] = queued[node]
        for edge in range(starts[node], starts[node + 1]):
            other = neighbours[edge]
            if not kept[other]:
                continue
            remaining[other] -= 1
            if remaining[other] >= least:
                continue
            kept[other] = False
            levels[other] = level
            for further in range(starts[other], starts[other + 1]):
                poorer = neighbours[further]
                if queued[poorer] > level:
                    front_place = bins[queued[poorer]]
                    front = order[front_place]
                    order[position[poorer]], order[front_place] = front, poorer
                    position[front], position[poorer] = position[poorer], front_place
                    bins[queued[poorer]] += 1
                    queued[poorer] -= 1
    return levels
