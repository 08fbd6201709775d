"""Networks with their neurons in an order that depends on the wiring alone, not on how they were numbered.

Two networks that differ in the numbers of their hidden neurons become the same, so whatever is computed from the
result does not depend on those numbers. Neurons are ordered by colour; those that colours cannot tell apart, by a
canonical labelling of the part of the graph between them (Junttila and Kaski, ALENEX 2007: bliss, through igraph).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from topokit.analyzers.matching.colouring import Integers, LayerEdges, Words, coloured, first_colours, layer_edges

if TYPE_CHECKING:
    from topokit.analyzers.matching.prepared import PreparedLayer, PreparedNetwork

ROUNDS_KEPT = 4


def canonical_form(network: PreparedNetwork, *, labelled_outputs: bool) -> PreparedNetwork:
    """The network with the neurons of each group in canonical order, and with its orders and colours.

    Inputs, and labelled outputs, stay where they are. Weights, where they are compared, are part of what the order
    depends on; the colours tell of the wiring alone, for weights that differ a little would make all colours differ.
    """
    fixed = [group.role == "input" or (labelled_outputs and group.role == "output") for group in network.groups]
    edges = layer_edges(network, values=False)
    rounds = coloured(first_colours(network, fixed), edges)
    colours = rounds[-1]
    if any(layer.values is not None for layer in network.layers):
        edges = layer_edges(network, values=True)
        colours = coloured(colours, edges)[-1]
    ranks = _ranks(colours, edges)
    bounds = np.cumsum([0, *(group.size for group in network.groups)])
    places = [slice(start, stop) for start, stop in pairwise(bounds)]
    orders = tuple(
        np.arange(group.size) if stays else np.lexsort((ranks[place], colours[place]))
        for group, stays, place in zip(network.groups, fixed, places, strict=True)
    )
    kept = np.array(rounds[1 : ROUNDS_KEPT + 1])
    return replace(
        network,
        layers=tuple(_reordered(layer, orders) for layer in network.layers),
        orders=orders,
        colours=tuple(
            np.ascontiguousarray(kept[:, place][:, order]) for place, order in zip(places, orders, strict=True)
        ),
    )


def _ranks(colours: Words, edges: Sequence[LayerEdges]) -> Integers:
    """A number per neuron that orders those of one colour canonically; 0 where they are interchangeable."""
    _, cells, sizes = np.unique(colours, return_inverse=True, return_counts=True)
    several = sizes[cells] > 1
    ranks = np.zeros(len(colours), np.int64)
    if not several.any():
        return ranks
    tails, heads, kinds = (np.concatenate(parts) for parts in zip(*map(partial(_between, several), edges), strict=True))
    telling = _telling(cells, sizes, tails, heads, kinds)
    tails, heads, kinds = tails[telling], heads[telling], kinds[telling]
    if not len(tails):
        return ranks
    neurons, ends = np.unique(np.concatenate([tails, heads]), return_inverse=True)
    ranks[neurons] = _canonical_labels(cells[neurons], ends[: len(tails)], ends[len(tails) :], kinds)
    return ranks


def _between(several: NDArray[np.bool_], edges: LayerEdges) -> tuple[Integers, Integers, Words]:
    """Tail, head and kind of the edges of a layer between neurons that share their colour with others."""
    sets = edges.sets
    heads = edges.first + np.repeat(np.arange(len(sets.start) - 1), np.diff(sets.start))
    tails = edges.neurons[sets.members]
    chosen = several[tails] & several[heads]
    kinds = edges.labels[sets.members]
    if len(edges.values):
        from topokit.kernels.colours import mixed_pairs

        kinds = mixed_pairs(kinds, edges.values)
    return tails[chosen], heads[chosen], kinds[chosen]


def _telling(cells: Integers, sizes: Integers, tails: Integers, heads: Integers, kinds: Words) -> NDArray[np.bool_]:
    """Which edges are of a kind that does not join all neurons of one colour to all of another."""
    from topokit.kernels.colours import mixed_pairs

    kinds_between = mixed_pairs(_cell_pairs(cells, tails, heads), kinds)
    which, counts = np.unique(kinds_between, return_inverse=True, return_counts=True)[1:]
    return np.asarray(counts[which] < sizes[cells[tails]] * sizes[cells[heads]])


def _cell_pairs(cells: Integers, ones: Integers, others: Integers) -> Words:
    """A number for the colours of two neurons, for each pair of them."""
    pairs: Words = (cells[ones] * (int(cells.max()) + 1) + cells[others]).astype(np.uint64)
    return pairs


def _canonical_labels(cells: Integers, tails: Integers, heads: Integers, kinds: Words) -> Integers:
    """Canonical number of each vertex of a coloured graph with directed edges of several kinds."""
    import igraph

    n = len(cells)
    colours, ends = (
        (cells, np.stack([tails, heads], axis=1))
        if _told_by_ends(cells, tails, heads, kinds)
        else (_with_middles(cells, tails, heads, kinds))
    )
    ranks: Any = np.unique(colours, return_inverse=True)[1]
    graph = igraph.Graph(n=len(colours), edges=ends, vertex_attrs={"place": range(len(colours))})
    # The meaning of the permutation's numbers changed between igraph's versions, that of applying it did not.
    canonical = graph.permute_vertices(graph.canonical_permutation(color=ranks.tolist()))
    return np.argsort(canonical.vs["place"])[:n]


def _told_by_ends(cells: Integers, tails: Integers, heads: Integers, kinds: Words) -> bool:
    """Whether the colours of an edge's ends tell its kind and direction."""
    from topokit.kernels.colours import mixed_pairs

    if (cells[tails] == cells[heads]).any():
        return False
    pairs = _cell_pairs(cells, tails, heads)
    both_ways = np.concatenate([np.unique(pairs), np.unique(_cell_pairs(cells, heads, tails))])
    n_pairs = len(both_ways) // 2
    return len(np.unique(mixed_pairs(pairs, kinds))) == n_pairs and len(np.unique(both_ways)) == 2 * n_pairs


def _with_middles(cells: Integers, tails: Integers, heads: Integers, kinds: Words) -> tuple[Integers, Integers]:
    """Colours and undirected edges, each edge a path over two vertices: one of its kind, and one at its head."""
    n, n_edges = len(cells), len(tails)
    middle = n + np.arange(n_edges)
    ends = np.stack([tails, middle, middle, middle + n_edges, middle + n_edges, heads], axis=1).reshape(-1, 2)
    kind = np.unique(kinds, return_inverse=True)[1]
    start = int(cells.max()) + 1
    return np.concatenate([cells, start + kind, np.full(n_edges, start + int(kind.max()) + 1)]), ends


def _reordered(layer: PreparedLayer, orders: Sequence[Integers]) -> PreparedLayer:
    """The layer with its neurons, and its features with the neurons behind them, in the given orders."""
    from topokit.kernels.input_sets import InputSets

    places, first = [], 0
    for source in layer.sources:
        neurons = np.argsort(orders[source.group])
        places.append(first + (neurons[:, None] * source.taps + np.arange(source.taps)).ravel())
        first += source.features
    data = np.ones(len(layer.sets.members), np.bool_) if layer.values is None else layer.values
    members = np.concatenate(places)[layer.sets.members]
    # As rows, so that SciPy picks and sorts them in compiled code.
    rows = sparse.csr_array((data, members, layer.sets.start), shape=(len(layer.sets.start) - 1, first))
    rows = rows[orders[layer.group]]
    rows.sort_indices()
    sets = InputSets(rows.indptr.astype(np.int64), rows.indices.astype(np.int32))
    return replace(layer, sets=sets, values=None if layer.values is None else rows.data)
