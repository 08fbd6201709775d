"""To igraph, with the same numbers and attributes as `topokit.dag.convert.networkx`."""

from __future__ import annotations

from itertools import chain
from typing import Any

from topokit.dag.convert.header import header_json
from topokit.dag.convert.rows import chosen_blocks, global_rows
from topokit.dag.network import LayeredDAG

_BYTES_OF_AN_EDGE = 300


def to_igraph(network: LayeredDAG, *, identity: bool = True) -> Any:
    """A directed graph with a vertex per neuron, isolated ones included.

    Parameters
    ----------
    network : LayeredDAG
        The network.
    identity : bool
        Whether skip connections and gates, which carry no weights and which degrees leave out, become edges too.

    Returns
    -------
    igraph.Graph
        Vertex attributes ``layer`` and ``neuron``; edge attributes ``block`` and, where any block has them,
        ``weight`` and ``multiplicity``, None on the edges of blocks without; graph attribute ``topokit``.

    Raises
    ------
    TooLargeError
        The graph would not fit into this machine's memory.
    """
    import igraph

    chosen = chosen_blocks(network, identity)
    chosen.check_edges_fit(bytes_each=_BYTES_OF_AN_EDGE)
    rows = list(chain.from_iterable(global_rows(chosen, block) for block in chosen.blocks))
    graph = igraph.Graph(chosen.n_neurons, [(source, target) for source, target, *_ in rows], directed=True)
    graph["topokit"] = header_json(chosen)
    graph.vs["layer"] = [layer.name for layer in chosen.layers for _ in range(layer.size)]
    graph.vs["neuron"] = [k for layer in chosen.layers for k in range(layer.size)]
    graph.es["block"] = [block.name for block in chosen.blocks for _ in range(block.n_edges)]
    if any(block.weights is not None for block in chosen.blocks):
        graph.es["weight"] = [weight for *_, weight, _ in rows]
    if any(block.multiplicity is not None for block in chosen.blocks):
        graph.es["multiplicity"] = [count for *_, count in rows]
    return graph
