"""To and from NetworkX.

Nodes are numbered over the whole network, layer after layer, and have the attributes ``layer`` (its name) and
``neuron`` (its number in the layer). Edges have ``block`` (its name) and, where the block has them, ``weight`` and
``multiplicity``. The graph attribute ``topokit`` holds the rest (kinds, shapes, possible edges, provenance) as JSON,
so `from_networkx` gives back an equal network, also after the graph went through a GraphML file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from topokit.dag.convert.header import Header, find_block, header_from_json, header_json, inferred_header
from topokit.dag.convert.rows import chosen_blocks, global_rows, has_parallel_edges, neurons
from topokit.dag.convert.table import EdgeTable, numbers, rebuilt, whole_numbers
from topokit.dag.network import LayeredDAG
from topokit.errors import InvalidNetworkError


class _Neuron(NamedTuple):
    layer: str
    number: int


_Neurons: TypeAlias = Mapping[Hashable, _Neuron]
_Ends: TypeAlias = tuple[_Neuron, _Neuron]
_Attributes: TypeAlias = Sequence[Mapping[str, Any]]


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
    """
    import networkx as nx

    chosen = chosen_blocks(network, identity)
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


def from_networkx(graph: Any) -> LayeredDAG:
    """The network of a graph whose nodes say which layer they are in.

    Parameters
    ----------
    graph : networkx.Graph
        One made by `to_networkx`, or any with a node attribute ``layer``, or ``subset`` as NetworkX's multipartite
        graphs have. The node attribute ``neuron`` and the edge attributes ``block``, ``weight`` and ``multiplicity``
        are read where they are. Layers stand in the order of their numbers or of their first nodes; if an edge runs
        backward in it, in one where none does. Edges of an undirected graph run to the later layer.

    Raises
    ------
    InvalidNetworkError
        Nodes without a layer, layers that form a cycle, or edges of one block with and without a weight.
    """
    neuron_of, order = _neurons(graph), _layer_order(graph)
    stored = graph.graph.get("topokit")
    if stored is not None:
        header = _without_edge_counts(header_from_json(stored))
        order = _declared_order(header, neuron_of.values())
    ends, attributes = _edges(graph, neuron_of, order)
    blocks = [(given.get("block"), a.layer, b.layer) for (a, b), given in zip(ends, attributes, strict=True)]
    if stored is None:
        header = inferred_header(_sizes(neuron_of.values(), order), list(dict.fromkeys(blocks)))
    position = {block: find_block(header, block) for block in dict.fromkeys(blocks)}
    table = EdgeTable(
        np.array([position[block] for block in blocks], np.int64),
        whole_numbers([source.number for source, _ in ends], "source neuron"),
        whole_numbers([target.number for _, target in ends], "target neuron"),
        numbers([given.get("weight") for given in attributes], "weight"),
        numbers([given.get("multiplicity") for given in attributes], "multiplicity"),
    )
    return rebuilt(header, table)


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


def _neurons(graph: Any) -> _Neurons:
    seen: dict[str, int] = defaultdict(int)
    layers, asked = [], []
    for node, given in graph.nodes(data=True):
        layers.append(str(_layer_of(node, given)))
        asked.append(given.get("neuron", seen[layers[-1]]))
        seen[layers[-1]] += 1
    found = whole_numbers(asked, "neuron attribute").tolist()
    neuron_of = {node: _Neuron(*place) for node, *place in zip(graph, layers, found, strict=True)}
    if len(set(neuron_of.values())) < len(neuron_of):
        raise InvalidNetworkError("two nodes are the same neuron of the same layer: correct the attribute 'neuron'")
    return neuron_of


def _layer_order(graph: Any) -> list[str]:
    labels = list(dict.fromkeys(_layer_of(node, given) for node, given in graph.nodes(data=True)))
    return [str(label) for label in (sorted(labels) if all(isinstance(x, int) for x in labels) else labels)]


def _declared_order(header: Header, neurons: Iterable[_Neuron]) -> list[str]:
    sizes = {layer["name"]: layer["size"] for layer in header["layers"]}
    for neuron in neurons:
        if not 0 <= neuron.number < sizes.get(neuron.layer, 0):
            raise InvalidNetworkError(
                f"a node is neuron {neuron.number} of layer {neuron.layer!r}, which the graph attribute 'topokit' "
                "does not know: delete that attribute to read the graph as it stands"
            )
    return list(sizes)


def _edges(graph: Any, neuron_of: _Neurons, order: Sequence[str]) -> tuple[list[_Ends], _Attributes]:
    triples = list(graph.edges(data=True))
    ends = [(neuron_of[u], neuron_of[v]) for u, v, _ in triples]
    if not graph.is_directed():
        position = {layer: k for k, layer in enumerate(order)}
        ends = [(a, b) if position[a.layer] <= position[b.layer] else (b, a) for a, b in ends]
    return ends, [given for *_, given in triples]


def _sizes(neurons: Iterable[_Neuron], order: Sequence[str]) -> dict[str, int]:
    sizes = dict.fromkeys(order, 0)
    for neuron in neurons:
        sizes[neuron.layer] = max(sizes[neuron.layer], neuron.number + 1)
    return sizes


def _without_edge_counts(header: Header) -> Header:
    blocks = [{key: value for key, value in entry.items() if key != "edges"} for entry in header["blocks"]]
    return {**header, "blocks": blocks}
