"""Whether the taps of a block are those of its edges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from topokit.dag.lazy_pattern import LazyPattern
from topokit.dag.patterns import Pattern, read_only, same_edges
from topokit.dag.taps import Taps
from topokit.errors import InvalidNetworkError


def told_multiplicity(
    taps: Taps, pattern: Pattern, multiplicity: NDArray[np.integer] | None, name: str
) -> NDArray[np.integer] | None:
    """The multiplicity of a block with these taps: what they fold to, where they and the edges are in memory.

    Raises
    ------
    InvalidNetworkError
        The taps are of other layers or other edges, or fold to another multiplicity than the one given.
    """
    if not isinstance(taps, Taps) or taps.sizes != pattern.shape:
        raise InvalidNetworkError(f"block {name!r} of shape {pattern.shape} has {taps!r}: give taps of its own layers")
    if not taps.is_held or isinstance(pattern, LazyPattern):
        _check_degrees(taps, pattern, name)
        return multiplicity
    edges, counts = taps.edges
    if edges is not pattern and not same_edges(edges, pattern):
        raise InvalidNetworkError(
            f"block {name!r} has {pattern.nnz} edges and taps behind {edges.nnz} that are not all the same: an edge is "
            "where there is a tap"
        )
    if multiplicity is not None and not np.array_equal(multiplicity, counts):
        raise InvalidNetworkError(
            f"block {name!r} has multiplicities other than the taps behind each edge: leave them out, they follow"
        )
    return read_only(counts) if multiplicity is None else multiplicity


def _check_degrees(taps: Taps, pattern: Pattern, name: str) -> None:
    """What can be told of edges that are not in memory."""
    leaving, reaching = taps.pattern.out_degrees().reshape(-1, taps.count), taps.pattern.in_degrees()
    edges_out, edges_in = pattern.out_degrees(), pattern.in_degrees()
    leave = (leaving.max(axis=1, initial=0) <= edges_out) & (edges_out <= leaving.sum(axis=1))
    reach = (edges_in <= reaching) & (reaching <= edges_in * taps.count)
    if not leave.all() or not reach.all():
        raise InvalidNetworkError(f"block {name!r} has degrees that its {taps!r} cannot give: count both again")
