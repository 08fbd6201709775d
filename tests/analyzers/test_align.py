from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from strategies import chains
from wiring import hidden_shuffled, random_chain, rewired_anywhere

import topokit as tk
from topokit.dag import EdgeBlock, Layer, LayeredDAG, reordered
from topokit.errors import IncompatibleNetworksError, ParameterError

SIZES = (784, 500, 300, 784, 10)


def weighted(rng: np.random.Generator, density: float) -> list[np.ndarray]:
    return [mask * rng.normal(size=mask.shape) for mask in random_chain(rng, SIZES, density)]


def same_blocks(a: LayeredDAG, b: LayeredDAG) -> bool:
    return all(one.equals(other) for one, other in zip(a.blocks, b.blocks, strict=True))


@pytest.mark.parametrize("density", [0.001, 0.003, 0.006, 0.05])
def test_a_planted_renumbering_is_undone_weight_by_weight(density: float) -> None:
    for seed in range(3):
        rng = np.random.default_rng(seed)
        matrices = weighted(rng, density)
        net = LayeredDAG.from_adjacencies(matrices)
        copy = LayeredDAG.from_adjacencies(hidden_shuffled(matrices, rng)[0])
        assert not same_blocks(copy, net)
        for weights in ("none", "magnitude", "signed"):
            aligned = tk.align(net, copy, weights=weights)
            assert aligned.layers == net.layers
            if weights == "magnitude":
                np.testing.assert_array_equal(edges_of(aligned), edges_of(net))
            else:
                assert same_blocks(aligned, net)


def edges_of(network: LayeredDAG) -> np.ndarray:
    return np.stack(network.edges())


@given(chains(max_layers=5), st.integers(0, 999))
def test_masks_of_any_renumbered_chain_come_back(network: LayeredDAG, seed: int) -> None:
    masks = [block.toarray() for block in network.adjacencies()]
    copy, _ = hidden_shuffled(masks, np.random.default_rng(seed))
    for mask, aligned in zip(masks, tk.align(masks, copy).adjacencies(), strict=True):
        np.testing.assert_array_equal(aligned.toarray(), mask)


@pytest.mark.parametrize("density", [0.01, 0.02, 0.05, 0.2])
def test_most_of_a_renumbering_is_recovered_where_one_in_a_hundred_edges_moved(density: float) -> None:
    rng = np.random.default_rng(0)
    masks = random_chain(rng, (784, 784, 784, 784, 10), density)
    shuffled, orders = hidden_shuffled([rewired_anywhere(mask, 0.01, rng) for mask in masks], rng)
    pairings = tk.nnstd(masks, shuffled).assignments
    for order, pairing in zip(orders, pairings, strict=False):
        assert (order[pairing] == np.arange(len(order))).mean() >= 0.99


def test_the_result_is_the_second_network_with_the_pairing_applied() -> None:
    rng = np.random.default_rng(0)
    a, b = (random_chain(rng, (20, 12, 10, 5), 0.3) for _ in range(2))
    for options in ({}, {"refine": True}, {"output": "matched"}, {"ties": "scipy"}):
        distance, aligned = tk.nnstd(a, b, **options), tk.align(a, b, **options)
        rows = np.arange(20)
        for mask, columns, block in zip(b, distance.assignments, aligned.adjacencies(), strict=True):
            np.testing.assert_array_equal(block.toarray(), mask[np.ix_(rows, columns)])
            rows = columns
    assert "paired" in aligned.provenance.notes[-1]


def test_unequal_widths_grow_by_neurons_without_edges() -> None:
    rng = np.random.default_rng(0)
    wide, narrow = random_chain(rng, (20, 8, 4), 0.4), random_chain(rng, (20, 5, 4), 0.4)
    grown, kept = tk.align(wide, narrow), tk.align(narrow, wide)
    assert [layer.size for layer in grown.layers] == [20, 8, 4]
    assert [layer.size for layer in kept.layers] == [20, 8, 4]
    assert grown.n_edges == sum(mask.sum() for mask in narrow)
    assert kept.n_edges == sum(mask.sum() for mask in wide)
    partner = tk.nnstd(wide, narrow).assignments[0]
    assert (grown.in_degrees("hidden1")[partner < 0] == 0).all()
    np.testing.assert_array_equal(
        kept.adjacencies()[0].toarray()[:, :5], wide[0][:, tk.nnstd(narrow, wide).assignments[0]]
    )


def test_multiplicities_and_shapes_move_along() -> None:
    rng = np.random.default_rng(0)
    layers = Layer("in", 6, "input", (2, 3)), Layer("mid", 4, "channel", (2, 2)), Layer("out", 3, "output")
    pattern = EdgeBlock.from_matrix("in", "mid", rng.random((6, 4)) < 0.5).pattern
    counted = EdgeBlock("in", "mid", pattern, kind="conv", multiplicity=rng.integers(1, 9, pattern.nnz))
    net = LayeredDAG(layers, (counted, EdgeBlock.from_matrix("mid", "out", rng.random((4, 3)) < 0.5)))
    copy = reordered(net, {"mid": [2, 0, 3, 1]})
    assert not same_blocks(copy, net)
    assert same_blocks(tk.align(net, copy), net)
    assert tk.align(net, copy).layers == layers


def test_a_layer_that_is_joined_to_nothing_stays_as_it_is() -> None:
    layers = (Layer("in", 3), Layer("out", 2))
    joined = LayeredDAG(layers, (EdgeBlock.from_matrix("in", "out", np.ones((3, 2), bool)),))
    more = LayeredDAG((*layers, Layer("lone", 4)), joined.blocks)
    assert tk.align(joined, more).layers == more.layers


def test_bad_input() -> None:
    rng = np.random.default_rng(0)
    masks = random_chain(rng, (6, 5, 4), 0.5)
    with pytest.raises(ParameterError, match="preset"):
        tk.align(masks, masks, preset="authors")
    with pytest.raises(ParameterError, match="layers"):
        tk.align(masks, masks, layers=[0])
    with pytest.raises(IncompatibleNetworksError, match=r"6 neurons .* 7"):
        tk.align(masks, random_chain(rng, (7, 5, 4), 0.5))
    assert tk.align([sparse.csr_array(mask) for mask in masks], masks).n_edges == sum(mask.sum() for mask in masks)
