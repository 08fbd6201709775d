"""To and from NetworkX.

Nodes are numbered over the whole network, layer after layer, and have the attributes ``layer`` (its name) and
``neuron`` (its number in the layer). Edges have ``block`` (its name) and, where the block has them, ``weight`` and
``multiplicity``. The graph attribute ``topokit`` holds the rest (kinds, shapes, possible edges, provenance) as JSON,
so `from_networkx` gives back an equal network, also after the graph went through a GraphML file. Only taps are lost:
which of the numbers behind an edge there are.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import count
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from topokit.dag.convert.header import Header, find_blocks, header_from_json, header_json, inferred_header
from topokit.dag.convert.rows import chosen_blocks, global_rows, has_parallel_edges, neurons
from topokit.dag.convert.table import EdgeTable, coded, distinct_blocks, numbers, rebuilt, whole_numbers
from topokit.dag.network import LayeredDAG
from topokit.errors import InvalidNetworkError

_Integers: TypeAlias = NDArray[np.int64]

_BYTES_OF_AN_EDGE = 350


def to_networkx(network: LayeredDAG, *, identity: bool = True) -> Any:
    """A directed graph with a node per neuron, isolated ones included.

    Parameters
    ----------
    network : LayeredDAG
        The network.
    identity : bool
        Whether skip connections and gates, which carry no weights and which degrees leave out, become edges too.

    Returns
    -------
    networkx.DiGraph or networkx.MultiDiGraph
        The latter only where two blocks join the same two neurons; its edge keys are the names of the blocks.

    Raises
    ------
    TooLargeError
        The graph would not fit into this machine's memory.
    """
    import networkx as nx

    chosen = chosen_blocks(network, identity)
    chosen.check_edges_fit(bytes_each=_BYTES_OF_AN_EDGE)
    parallel = has_parallel_edges(chosen)
    graph = nx.MultiDiGraph() if parallel else nx.DiGraph()
    graph.graph["topokit"] = header_json(chosen)
    graph.add_nodes_from((number, {"layer": layer, "neuron": neuron}) for number, layer, neuron in neurons(chosen))
    for block in chosen.blocks:
        key = (block.name,) if parallel else ()
        graph.add_edges_from(
            (source, target, *key, _edge_attributes(block.name, weight, count))
            for source, target, weight, count in global_rows(chosen, block)
        )
    return graph


def from_networkx(graph: Any, *, most_neurons: int | None = None) -> LayeredDAG:
    """The network of a graph whose nodes say which layer they are in.

    Parameters
    ----------
    graph : networkx.Graph
        One made by `to_networkx`, or any with a node attribute ``layer``, or ``subset`` as NetworkX's multipartite
        graphs have. The node attribute ``neuron`` and the edge attributes ``block``, ``weight`` and ``multiplicity``
        are read where they are. Layers stand in the order of their numbers or of their first nodes; if an edge runs
        backward in it, in one where none does. Edges of an undirected graph run to the later layer.
    most_neurons : int, optional
        How many neurons a layer may have, for graphs that are not trusted.

    Raises
    ------
    InvalidNetworkError
        Nodes without a layer, layers that form a cycle, or edges of one block with and without a weight.
    """
    layer, number, names = _neurons(graph)
    source, target, given = _edges(graph, layer)
    labels = coded([attributes.get("block") for attributes in given])
    block, blocks = distinct_blocks(labels, (layer[source], names), (layer[target], names))
    stored = graph.graph.get("topokit")
    if stored is None:
        header = inferred_header(_sizes(layer, number, names), blocks)
    else:
        header = _declared(header_from_json(stored), layer, number, names)
    position = find_blocks(header, blocks)
    table = EdgeTable(
        position[block],
        number[source],
        number[target],
        numbers([attributes.get("weight") for attributes in given], "weight"),
        numbers([attributes.get("multiplicity") for attributes in given], "multiplicity"),
    )
    return rebuilt(header, table, most_neurons=most_neurons)


def _edge_attributes(block: str, weight: float | None, multiplicity: int | None) -> dict[str, Any]:
    attributes: dict[str, Any] = {"block": block}
    if weight is not None:
        attributes["weight"] = weight
    if multiplicity is not None:
        attributes["multiplicity"] = multiplicity
    return attributes


def _layer_of(node: Hashable, given: Mapping[str, Any]) -> Any:
    layer = given.get("layer", given.get("subset"))
    if layer is None:
        raise InvalidNetworkError(
            f"node {node!r} has no attribute 'layer' (nor 'subset'): set it on every node to the name or the number "
            "of its layer"
        )
    return layer


def _neurons(graph: Any) -> tuple[_Integers, _Integers, list[str]]:
    """Position of each node's layer, its number in the layer, and the names of the layers."""
    layer, labels = coded([_layer_of(node, given) for node, given in graph.nodes(data=True)])
    if all(isinstance(label, int) for label in labels):
        ranks = np.argsort(np.argsort(labels))
        layer, labels = ranks[layer], sorted(labels)
    next_in = [count() for _ in labels]
    given_or_next = [
        given.get("neuron", next(next_in[k]))
        for (_, given), k in zip(graph.nodes(data=True), layer.tolist(), strict=True)
    ]
    number = whole_numbers(given_or_next, "neuron attribute")
    if len(set(zip(layer.tolist(), number.tolist(), strict=True))) < len(layer):
        raise InvalidNetworkError("two nodes are the same neuron of the same layer: correct the attribute 'neuron'")
    return layer, number, [str(label) for label in labels]


def _edges(graph: Any, layer: _Integers) -> tuple[_Integers, _Integers, list[Mapping[str, Any]]]:
    """Positions of the source and target node of each edge, and its attributes."""
    position = {node: k for k, node in enumerate(graph)}
    triples = list(graph.edges(data=True))
    source = np.array([position[u] for u, _, _ in triples], np.int64)
    target = np.array([position[v] for _, v, _ in triples], np.int64)
    if not graph.is_directed():
        backward = layer[source] > layer[target]
        source, target = np.where(backward, target, source), np.where(backward, source, target)
    return source, target, [given for _, _, given in triples]


def _sizes(layer: _Integers, number: _Integers, names: Sequence[str]) -> dict[str, int]:
    sizes = np.zeros(len(names), np.int64)
    np.maximum.at(sizes, layer, number + 1)
    return dict(zip(names, sizes.tolist(), strict=True))


def _declared(header: Header, layer: _Integers, number: _Integers, names: Sequence[str]) -> Header:
    """The header without its numbers of edges, which may have changed; every node must be a neuron it knows."""
    sizes = {entry["name"]: entry["size"] for entry in header["layers"]}
    known = np.array([sizes.get(name, 0) for name in names])
    outside = np.flatnonzero((number < 0) | (number >= known[layer]))
    if len(outside):
        raise InvalidNetworkError(
            f"a node is neuron {number[outside[0]]} of layer {names[layer[outside[0]]]!r}, which the graph attribute "
            "'topokit' does not know: delete that attribute to read the graph as it stands"
        )
    blocks = [{key: value for key, value in entry.items() if key != "edges"} for entry in header["blocks"]]
    return {**header, "blocks": blocks}
