from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import layered_dags

from topokit.dag import LayeredDAG, reordered
from topokit.errors import InvalidNetworkError, UnknownNameError


@given(layered_dags(weights=True), st.integers(0, 999))
def test_every_edge_and_weight_moves_with_its_neurons(network: LayeredDAG, seed: int) -> None:
    rng = np.random.default_rng(seed)
    orders = {layer.name: rng.permutation(layer.size) for layer in network.layers if rng.random() < 0.7}
    moved = reordered(network, orders)
    for block, other in zip(network.blocks, moved.blocks, strict=True):
        ends = np.ix_(*(orders.get(layer.name, np.arange(layer.size)) for layer in map(network.layer, _ends(block))))
        np.testing.assert_array_equal(other.adjacency().toarray(), block.adjacency().toarray()[ends])
        if block.weights is not None:
            np.testing.assert_array_equal(other.weight_matrix().toarray(), block.weight_matrix().toarray()[ends])
    back = reordered(moved, {name: np.argsort(order) for name, order in orders.items()})
    assert back.equals(network)


def _ends(block: object) -> tuple[str, str]:
    return block.source, block.target


def test_neurons_without_edges_can_be_added() -> None:
    network = LayeredDAG.from_adjacencies([np.eye(3), np.ones((3, 2))])
    grown = reordered(network, {"hidden1": [2, -1, 0, 1, -1]})
    np.testing.assert_array_equal(grown.in_degrees("hidden1"), [1, 0, 1, 1, 0])
    np.testing.assert_array_equal(grown.adjacencies()[0].toarray(), np.eye(3)[:, [2, 0, 0, 1, 0]] * [1, 0, 1, 1, 0])
    assert grown.n_edges == network.n_edges


@pytest.mark.parametrize("order", [[0, 1], [0, 1, 1], [0, 1, 3], [0.0, 1.0, 2.0], [[0, 1, 2]], "abc"])
def test_an_order_takes_each_neuron_once(order: object) -> None:
    network = LayeredDAG.from_adjacencies([np.eye(3)])
    with pytest.raises(InvalidNetworkError, match="each of its 3 neurons once"):
        reordered(network, {"input": order})
    with pytest.raises(UnknownNameError):
        reordered(network, {"inputs": [0, 1, 2]})
