from __future__ import annotations

import json
import math

import numpy as np
from hypothesis import given
from rich_networks import rich_dags

import topokit as tk
from topokit.dag import LayeredDAG


@given(network=rich_dags())
def test_edges_degrees_and_attributes(network: LayeredDAG) -> None:
    graph = tk.to_igraph(network)
    sources, targets = network.edges(identity=True)
    assert graph.is_directed()
    assert graph.is_dag()
    assert graph.vcount() == network.n_neurons
    assert graph.get_edgelist() == list(zip(sources.tolist(), targets.tolist(), strict=True))
    assert graph.vs["layer"] == [layer.name for layer in network.layers for _ in range(layer.size)]
    assert graph.vs["neuron"] == [k for layer in network.layers for k in range(layer.size)]
    assert graph.es["block"] == [block.name for block in network.blocks for _ in range(block.n_edges)]
    assert len(json.loads(graph["topokit"])["blocks"]) == len(network.blocks)
    lean = tk.to_igraph(network, identity=False)
    np.testing.assert_array_equal(
        lean.indegree(), np.concatenate([network.in_degrees(layer.name) for layer in network.layers])
    )
    np.testing.assert_array_equal(
        lean.outdegree(), np.concatenate([network.out_degrees(layer.name) for layer in network.layers])
    )


@given(network=rich_dags())
def test_weights_and_multiplicities(network: LayeredDAG) -> None:
    graph = tk.to_igraph(network)
    for attribute, field in (("weight", "weights"), ("multiplicity", "multiplicity")):
        columns = [getattr(block, field) for block in network.blocks]
        assert (attribute in graph.es.attributes()) == any(column is not None for column in columns)
        for block, column in zip(network.blocks, columns, strict=True):
            if block.n_edges and attribute in graph.es.attributes():
                stored = graph.es.select(block=block.name)[attribute]
                assert stored == ([None] * block.n_edges if column is None else column.tolist())


def test_method() -> None:
    graph = LayeredDAG.from_adjacencies([np.array([[0.25, 0.0]])]).to_igraph()
    assert math.isclose(graph.es["weight"][0], 0.25)
