"""Layered networks as undirected graphs of networkx."""

from __future__ import annotations

import networkx as nx

from topokit.dag import LayeredDAG


def undirected(network: LayeredDAG) -> nx.Graph:
    """A node per neuron, numbered over all layers, and an edge between two that a block joins."""
    graph = nx.Graph()
    graph.add_nodes_from(range(network.n_neurons))
    graph.add_edges_from(zip(*(side.tolist() for side in network.edges()), strict=True))
    return graph
