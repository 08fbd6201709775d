from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import layered_dags

import topokit as tk
from topokit.analyzers.dormancy.paths import edges_between
from topokit.dag import EdgeBlock, Layer, LayeredDAG
from topokit.dag.patterns import csr_from_mask
from topokit.errors import IncompatibleNetworksError, InsufficientDataError


def joined(network: LayeredDAG) -> nx.DiGraph:
    """Every neuron of the network, with a source before its inputs and a sink behind its outputs."""
    graph = nx.DiGraph()
    graph.add_nodes_from(range(network.n_neurons))
    graph.add_edges_from(zip(*(ends.tolist() for ends in network.edges(identity=True)), strict=True))
    for layers, edge in ((network.inputs, lambda n: ("source", n)), (network.outputs, lambda n: (n, "sink"))):
        for layer in layers:
            start = int(network.offsets[network.index[layer.name]])
            graph.add_edges_from(edge(n) for n in range(start, start + layer.size))
    return graph


def alive_by_networkx(network: LayeredDAG) -> list[int]:
    graph = joined(network)
    reached, reaching = nx.descendants(graph, "source"), nx.ancestors(graph, "sink")
    counts = []
    for block in network.blocks:
        rows, columns = block.adjacency().nonzero()
        ends = zip(
            (rows + network.offsets[network.index[block.source]]).tolist(),
            (columns + network.offsets[network.index[block.target]]).tolist(),
            strict=True,
        )
        counts.append(sum(a in reached and b in reaching for a, b in ends))
    return [count for count, block in zip(counts, network.blocks, strict=True) if block.carries_weights]


@st.composite
def branching_dags(draw: st.DrawFn) -> LayeredDAG:
    """A layered DAG in which some blocks are identities or gates, and some layers have no block on one side."""
    network = draw(layered_dags(max_size=6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    blocks = [block for block in network.blocks if rng.random() < 0.8]
    for k, source in enumerate(network.layers):
        for target in network.layers[k + 1 :]:
            if source.size == target.size and rng.random() < 0.5:
                blocks.append(EdgeBlock.identity(source.name, target.name, source.size, name=f"id{len(blocks)}"))
            elif rng.random() < 0.2:
                gate = csr_from_mask(rng.random((source.size, target.size)) < 0.3)
                blocks.append(EdgeBlock(source.name, target.name, gate, name=f"gate{len(blocks)}", kind="gate"))
    order = rng.permutation(len(blocks))
    return LayeredDAG(network.layers, tuple(blocks[k] for k in order))


@given(branching_dags())
def test_equals_reachability_of_networkx(network: LayeredDAG) -> None:
    if not any(block.carries_weights for block in network.blocks):
        with pytest.raises(InsufficientDataError, match="no block that carries weights"):
            tk.effective_sparsity(network)
        return
    result = tk.effective_sparsity(network)
    graph = joined(network)
    neurons = range(network.n_neurons)
    assert result.alive[0].tolist() == alive_by_networkx(network)
    assert result.from_input[0].tolist() == [n in nx.descendants(graph, "source") for n in neurons]
    assert result.to_output[0].tolist() == [n in nx.ancestors(graph, "sink") for n in neurons]
    assert bool(result.collapsed[0, -1]) == (result.alive.sum() == 0)


@given(st.integers(0, 2**32 - 1))
def test_counting_edges_between_chosen_neurons(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random((5, 7)) < 0.5
    block = EdgeBlock.from_matrix("a", "b", mask)
    for rows in (rng.random(5) < 0.5, np.ones(5, bool)):
        for columns in (rng.random(7) < 0.5, np.ones(7, bool)):
            assert edges_between(block, rows, columns) == mask[np.ix_(rows, columns)].sum()


def test_by_hand_with_a_collapsed_layer() -> None:
    # Input 1 leads to neuron 1, which leads nowhere; neuron 2 is reached by nothing.
    first = np.array([[1, 0, 0], [0, 1, 0]])
    second = np.array([[1, 1], [0, 0], [1, 0]])
    network = LayeredDAG.from_adjacencies([first, second])
    frame = tk.effective_sparsity(network).frame.set_index("block")
    assert frame["alive_edges"].to_dict() == {"input->hidden1": 1, "hidden1->output": 2, "total": 3}
    assert frame["dead_edges"].to_dict() == {"input->hidden1": 1, "hidden1->output": 1, "total": 2}
    assert frame["effective_density"]["total"] == 3 / 12
    assert not frame["collapsed"].any()
    neurons = tk.effective_sparsity(network).neurons.set_index("layer")
    assert neurons["alive"].to_dict() == {"input": 1, "hidden1": 1, "output": 2}
    assert neurons["cut_from_input"].to_dict() == {"input": 0, "hidden1": 1, "output": 0}
    assert neurons["cut_from_output"].to_dict() == {"input": 1, "hidden1": 1, "output": 0}
    gone = LayeredDAG.from_adjacencies([first, np.zeros((3, 2), np.uint8)])
    assert tk.effective_sparsity([network, gone]).collapsed.tolist() == [[False] * 3, [True] * 3]


def test_a_skip_keeps_a_network_with_a_collapsed_block_alive() -> None:
    layers = (Layer("a", 2), Layer("b", 2), Layer("c", 2), Layer("d", 1))
    blocks = (
        EdgeBlock.from_matrix("a", "b", np.ones((2, 2), bool)),
        EdgeBlock.from_matrix("b", "c", np.zeros((2, 2), bool)),
        EdgeBlock.identity("b", "c", 2, name="skip"),
        EdgeBlock.from_matrix("c", "d", np.ones((2, 1), bool)),
    )
    result = tk.effective_sparsity(LayeredDAG(layers, blocks))
    assert result.blocks == ("a->b", "b->c", "c->d")
    assert result.alive.tolist() == [[4, 0, 2]]
    assert result.collapsed.tolist() == [[False, True, False, False]]


@given(layered_dags())
def test_backends_and_dense_networks(network: LayeredDAG) -> None:
    a, b = (tk.effective_sparsity(network.with_backend(kind)) for kind in ("csr", "bitmap"))
    assert np.array_equal(a.alive, b.alive)
    assert (a.alive <= a.edges).all()
    dense = LayeredDAG.from_adjacencies([np.ones((3, 4)), np.ones((4, 2))])
    assert (tk.effective_sparsity(dense).effective_density == 1).all()


def test_over_time_and_columns() -> None:
    rng = np.random.default_rng(0)
    networks = [LayeredDAG.from_adjacencies([rng.random((9, 8)) < d, rng.random((8, 3)) < d]) for d in (0.5, 0.1)]
    result = tk.effective_sparsity(networks)
    assert list(result.frame) == [
        *["step", "epoch", "block", "possible", "edges", "alive_edges", "dead_edges", "density"],
        *["effective_density", "collapsed"],
    ]
    assert result.frame["step"].tolist() == [0, 0, 0, 1, 1, 1]
    assert result.alive.tolist() == [alive_by_networkx(network) for network in networks]
    other = LayeredDAG(networks[0].layers, networks[0].blocks[:1])
    with pytest.raises(IncompatibleNetworksError, match="network 1 has blocks"):
        tk.effective_sparsity([networks[0], other])
