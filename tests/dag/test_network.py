from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich_networks import assert_identical, rich_dags
from scipy import sparse
from strategies import chains, layered_dags

from topokit.dag import EdgeBlock, Layer, LayeredDAG, Provenance
from topokit.errors import InvalidNetworkError, NotAChainError, UnknownNameError


def ones(source: str, target: str, shape: tuple[int, int], **options: Any) -> EdgeBlock:
    return EdgeBlock.from_matrix(source, target, np.ones(shape, bool), **options)


def residual() -> LayeredDAG:
    """x -> a -> b -> y with a skip x -> b, an identity a -> b and a second head z."""
    layers = [Layer("x", 3, "input"), Layer("a", 4), Layer("b", 4), Layer("y", 2, "output"), Layer("z", 1, "output")]
    blocks = [
        ones("x", "a", (3, 4)),
        ones("a", "b", (4, 4)),
        EdgeBlock.identity("a", "b", 4, name="skip"),
        ones("x", "b", (3, 4)),
        ones("b", "y", (4, 2)),
        ones("a", "z", (4, 1)),
    ]
    return LayeredDAG(tuple(layers), tuple(blocks))


@given(network=layered_dags(), other=layered_dags())
def test_backends_agree(network: LayeredDAG, other: LayeredDAG) -> None:
    csr, bitmap = network.with_backend("csr"), network.with_backend("bitmap")
    assert csr.equals(bitmap)
    assert csr.equals(network)
    assert csr.equals(other) == bitmap.equals(other)
    assert (csr.n_edges, csr.density, csr.n_possible) == (bitmap.n_edges, bitmap.density, bitmap.n_possible)
    for layer in network.layers:
        np.testing.assert_array_equal(csr.in_degrees(layer.name), bitmap.in_degrees(layer.name))
        np.testing.assert_array_equal(csr.out_degrees(layer.name), bitmap.out_degrees(layer.name))
    for left, right in zip(csr.edges(), bitmap.edges(), strict=True):
        np.testing.assert_array_equal(left, right)
    for a, b in zip(csr.blocks, bitmap.blocks, strict=True):
        np.testing.assert_array_equal(a.weight_matrix().toarray(), b.weight_matrix().toarray())


@given(network=rich_dags())
def test_degrees_conserve_edges(network: LayeredDAG) -> None:
    received = sum(network.in_degrees(layer.name).sum() for layer in network.layers)
    sent = sum(network.out_degrees(layer.name).sum() for layer in network.layers)
    sources, targets = network.edges()
    assert received == sent == network.n_edges == len(sources) == len(targets)
    np.testing.assert_array_equal(
        np.bincount(targets, minlength=network.n_neurons),
        np.concatenate([network.in_degrees(layer.name) for layer in network.layers]),
    )
    assert len(network.edges(identity=True)[0]) == sum(block.n_edges for block in network.blocks)


@given(network=layered_dags())
def test_edges_run_to_later_layers(network: LayeredDAG) -> None:
    sources, targets = network.edges(identity=True)
    layer_of = np.repeat(np.arange(len(network.layers)), [layer.size for layer in network.layers])
    assert (layer_of[sources] < layer_of[targets]).all()
    assert network.offsets[-1] == network.n_neurons == len(layer_of)


@given(network=chains(weights=True))
def test_chains_come_back_from_their_matrices(network: LayeredDAG) -> None:
    assert network.is_chain
    matrices = [block.weight_matrix() for block in network.chain_blocks()]
    names = [layer.name for layer in network.layers]
    again = LayeredDAG.from_adjacencies(matrices, names=names)
    for a, b in zip(network.blocks, again.blocks, strict=True):
        assert a.equals(b)
    for matrix, block in zip(network.adjacencies(), network.blocks, strict=True):
        np.testing.assert_array_equal(matrix.toarray(), block.adjacency().toarray())


def test_chain_blocks_come_in_layer_order() -> None:
    chain = LayeredDAG.from_adjacencies([np.ones((2, 3), bool), np.ones((3, 4), bool), np.ones((4, 1), bool)])
    mixed = LayeredDAG(chain.layers, chain.blocks[::-1])
    assert [block.name for block in mixed.chain_blocks()] == [block.name for block in chain.blocks]


def test_skips_and_branches() -> None:
    network = residual()
    assert not network.is_chain
    assert [layer.name for layer in network.inputs] == ["x"]
    assert [layer.name for layer in network.outputs] == ["y", "z"]
    assert [layer.name for layer in network.hidden] == ["a", "b"]
    assert [block.name for block in network.incoming("b")] == ["a->b", "skip", "x->b"]
    assert [block.name for block in network.outgoing("a")] == ["a->b", "skip", "a->z"]
    np.testing.assert_array_equal(network.in_degrees("b"), [7, 7, 7, 7])
    np.testing.assert_array_equal(network.out_degrees("a"), [5, 5, 5, 5])
    assert network.n_edges == 12 + 16 + 12 + 8 + 4
    assert network.density == 1.0
    assert repr(network) == "LayeredDAG(3-4-4-2-1, 6 blocks, 52 edges, density 100.00%)"


def test_selection() -> None:
    network = residual()
    names = {
        "all": ["x", "a", "b", "y", "z"],
        "hidden": ["a", "b"],
        "input": ["x"],
        "output": ["y", "z"],
        "b": ["b"],
    }
    for selection, expected in names.items():
        assert [layer.name for layer in network.select(selection)] == expected
    assert [layer.name for layer in network.select(["z", 0, np.int64(-2)])] == ["z", "x", "y"]
    assert [layer.name for layer in network.select(["a", 1, -4])] == ["a"]
    assert network.layer(1) is network.layer("a")
    assert network.block("skip").kind == "identity"


def test_group_words_win_over_names_except_in_lists() -> None:
    network = LayeredDAG((Layer("output", 2), Layer("b", 2)), (ones("output", "b", (2, 2)),))
    assert [layer.name for layer in network.select("output")] == ["b"]
    assert [layer.name for layer in network.select(["output"])] == ["output"]


def test_unknown_names_show_near_ones() -> None:
    network = residual()
    with pytest.raises(UnknownNameError, match="unknown layer 'c'"):
        network.layer("c")
    with pytest.raises(UnknownNameError, match="unknown layer '5'"):
        network.select([5])
    with pytest.raises(UnknownNameError, match="unknown selection of layers '1'"):
        network.select(1)
    with pytest.raises(UnknownNameError, match="unknown block 'skipp': did you mean 'skip'"):
        network.block("skipp")
    with pytest.raises(UnknownNameError, match="unknown backend 'coo': there are bitmap, csr"):
        network.with_backend("coo")


@pytest.mark.parametrize(
    ("layers", "blocks", "message"),
    [
        ([], [], "no layer was given: a network has at least one"),
        ([("a", 2), ("a", 2)], [], "layer name 'a' is used twice: names are unique"),
        (
            [("a", 2), ("b", 2)],
            [ones("a", "b", (2, 2)), ones("a", "b", (2, 2))],
            "block name 'a->b' is used twice: names are unique",
        ),
        (
            [("a", 2), ("b", 2)],
            [ones("a", "c", (2, 2))],
            "block 'a->c' names layer 'c', which the network has not: its layers are a, b",
        ),
        (
            [("b", 2), ("a", 2)],
            [ones("a", "b", (2, 2))],
            "block 'a->b' runs from layer 1 to layer 0: every block runs forward, reorder the layers",
        ),
        (
            [("a", 2)],
            [ones("a", "a", (2, 2))],
            "block 'a->a' runs from layer 0 to layer 0: every block runs forward, reorder the layers",
        ),
        (
            [("a", 2), ("b", 3)],
            [ones("a", "b", (3, 2))],
            "block 'a->b' has shape (3, 2) but its layers have sizes (2, 3): rows are sources and columns are "
            "targets, transpose it or correct the layers",
        ),
    ],
)
def test_what_is_no_layered_dag_is_refused(
    layers: list[tuple[str, int]], blocks: list[EdgeBlock], message: str
) -> None:
    with pytest.raises(InvalidNetworkError) as error:
        LayeredDAG(tuple(Layer(*layer) for layer in layers), tuple(blocks))
    assert str(error.value) == message


def test_what_is_no_chain_says_why() -> None:
    with pytest.raises(NotAChainError, match="not a chain: 'x->b' skips a layer; pick blocks by name"):
        residual().chain_blocks()
    parallel = LayeredDAG(
        (Layer("a", 2), Layer("b", 2)), (ones("a", "b", (2, 2)), ones("a", "b", (2, 2), name="again"))
    )
    with pytest.raises(NotAChainError, match="joined by no block or by several"):
        parallel.chain_blocks()


def test_isolated_layers_and_neurons_stay() -> None:
    network = LayeredDAG((Layer("a", 2), Layer("lone", 3)), ())
    assert (network.n_neurons, network.n_edges, network.density) == (5, 0, 0.0)
    np.testing.assert_array_equal(network.in_degrees("lone"), [0, 0, 0])
    assert network.edges()[0].shape == (0,)


def test_names_shapes_and_kinds_of_a_chain() -> None:
    network = LayeredDAG.from_adjacencies(
        [np.ones((4, 3)), sparse.csr_array(np.ones((3, 2)))], names=["pixels", "fc1", "fc2"], input_shape=(2, 2)
    )
    assert [(layer.name, layer.kind, layer.shape) for layer in network.layers] == [
        ("pixels", "input", (2, 2)),
        ("fc1", "unit", None),
        ("fc2", "output", None),
    ]
    assert network.provenance == Provenance(order="user", mask_source="values")
    assert repr(network) == "LayeredDAG(4-3-2, 18 edges, density 100.00%)"


@pytest.mark.parametrize(
    ("matrices", "options", "message"),
    [
        ([], {}, "no matrix was given: a network has at least one block"),
        ([np.ones((2, 3)), np.ones((2, 3))], {}, "matrix 0 has 3 targets but matrix 1 has 2 sources: .*transpose.*"),
        (np.ones((2, 3)), {}, r"matrix 0 has shape \(3,\): give a list of matrices, each \(n_source, n_target\)"),
        (sparse.eye_array(3), {}, "a list of matrices .* is needed, not dia_array: put one matrix in a list.*"),
        ("model.pt", {}, "a list of matrices .* is needed, not str: .*read a file with topokit.load"),
        ([[[1, 2], [3]]], {}, "matrix 0 has rows of several lengths: .*"),
        ([np.ones((2, 3))], {"masks": []}, "0 masks were given for 1 matrices: give one each"),
        ([np.ones((2, 3))], {"names": ["a"]}, "1 names were given for 2 layers: give one each"),
        ([np.ones((2, 3))], {"input_shape": (3, 3)}, r"layer 'input' has 2 neurons but shape \(3, 3\) holds 9: .*"),
        ([np.ones((0, 3))], {}, "the size of layer 'input' holds 0: .*"),
        ([np.full((2, 2), np.nan)], {}, "block 'input->output' has NaN or infinite weights: .*"),
    ],
)
def test_what_does_not_chain_is_refused(matrices: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidNetworkError, match=f"^{message}$"):
        LayeredDAG.from_adjacencies(matrices, **options)


def test_deep_networks_have_a_short_repr() -> None:
    network = LayeredDAG.from_adjacencies([np.ones((2, 2), bool)] * 99)
    assert repr(network) == "LayeredDAG(2-2-2-2-2-2-(90 more)-2-2-2-2, 396 edges, density 100.00%)"


@given(network=rich_dags())
def test_copies_and_pickles_are_equal(network: LayeredDAG) -> None:
    assert_identical(network, pickle.loads(pickle.dumps(network)))
    assert_identical(network, copy.deepcopy(network))


@given(network=rich_dags(), data=st.data())
def test_equality_sees_every_block(network: LayeredDAG, data: st.DataObject) -> None:
    if not network.blocks:
        return
    gone = data.draw(st.integers(0, len(network.blocks) - 1))
    blocks = tuple(block for k, block in enumerate(network.blocks) if k != gone)
    assert not network.equals(LayeredDAG(network.layers, blocks))
