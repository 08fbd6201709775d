"""The layers of a directed acyclic graph: how long the longest path to each node is.

Kahn, Topological sorting of large networks, Communications of the ACM 5 (1962), a level at a time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


def levels_of(source: Integers, target: Integers, n_nodes: int, most: int) -> Integers | None:
    """Length of the longest path to each node, (n_nodes,); None when the graph has a cycle or more levels than `most`.

    Parameters
    ----------
    source, target : ndarray of int, shape (n_edges,)
        The nodes that each edge joins.
    n_nodes : int
        How many there are.
    most : int
        Levels allowed: each takes its time.
    """
    order = np.argsort(source, kind="stable")
    targets, starts = target[order], np.searchsorted(source[order], np.arange(n_nodes + 1))
    waiting = np.bincount(target, minlength=n_nodes)
    level, depth = np.full(n_nodes, -1, np.int64), 0
    ready = np.flatnonzero(waiting == 0)
    while len(ready) and depth < most:
        level[ready], depth = depth, depth + 1
        reached = targets[_ranges(starts[ready], starts[ready + 1])]
        np.subtract.at(waiting, reached, 1)
        touched = np.unique(reached)
        ready = touched[waiting[touched] == 0]
    return None if (level < 0).any() else level


def _ranges(starts: Integers, stops: Integers) -> Integers:
    """All numbers from each start up to its stop."""
    counts = stops - starts
    offsets = np.repeat(starts - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
    ranges: Integers = np.arange(counts.sum(), dtype=np.int64) + offsets
    return ranges
