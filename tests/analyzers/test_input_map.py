from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from strategies import layered_dags

import topokit as tk
from topokit.dag import EdgeBlock, Layer, LayeredDAG
from topokit.errors import InsufficientDataError, ParameterError

FIRST = np.array([[1.0, -2.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 0.0], [3.0, 1.0, -1.0]])
SECOND = np.array([[2.0, 1.0], [0.0, -1.0], [0.0, 0.0]])


def test_edges_of_each_input_by_hand() -> None:
    result = tk.input_map([FIRST, SECOND], shape=(2, 2))
    assert result.image().tolist() == [[2, 1], [0, 3]]
    assert result.image("weight").tolist() == [[-1.0, 0.5], [0.0, 3.0]]
    assert result.image("absolute").tolist() == [[3.0, 0.5], [0.0, 5.0]]


def test_first_hidden_layer_mapped_back_by_hand() -> None:
    result = tk.input_map([FIRST, SECOND], shape=(2, 2), hop=2)
    assert result.image().tolist() == [[3, 1], [0, 3]]
    assert result.image("weight").tolist() == [[5.0, -0.5], [0.0, 8.0]]
    assert result.image("absolute").tolist() == [[5.0, 0.5], [0.0, 10.0]]


def test_channels() -> None:
    network = LayeredDAG.from_adjacencies([np.diag(np.arange(1.0, 13.0))], input_shape=(3, 2, 2))
    result = tk.input_map(network)
    assert result.shape == (3, 2, 2)
    assert result.image().tolist() == [[3, 3], [3, 3]]
    assert result.image("weight", channel=1).tolist() == [[5.0, 6.0], [7.0, 8.0]]
    row = result.frame.iloc[7]
    assert (row["channel"], row["row"], row["column"], row["weight"]) == (1, 1, 1, 8.0)
    with pytest.raises(ParameterError, match="channel=3 of an input with 3 channels"):
        result.image(channel=3)


@given(layered_dags())
def test_sums_equal_matrix_products(network: LayeredDAG) -> None:
    first = network.layers[0].name
    one, two = tk.input_map(network, layer=first), tk.input_map(network, layer=first, hop=2)
    assert one.counts.tolist() == [network.out_degrees(first).tolist()]
    reached = sum(
        (b.adjacency().toarray().astype(int) @ network.out_degrees(b.target) for b in network.outgoing(first)),
        np.zeros(network.layers[0].size, int),
    )
    assert two.counts.tolist() == [reached.tolist()]
    dense = sum(b.weight_matrix().toarray().sum(axis=1) for b in network.outgoing(first))
    assert one.weight_sums is not None
    assert np.allclose(one.weight_sums, dense)


@given(layered_dags())
def test_backends_agree(network: LayeredDAG) -> None:
    first = network.layers[0].name
    a, b = (tk.input_map(each, layer=first, hop=2) for each in (network, network.with_backend("bitmap")))
    assert a.frame.equals(b.frame)


def test_without_a_shape_there_is_a_frame_but_no_image() -> None:
    result = tk.input_map([FIRST, SECOND])
    assert list(result.frame) == [
        "step",
        "epoch",
        "neuron",
        "channel",
        "row",
        "column",
        "count",
        "weight",
        "absolute_weight",
    ]
    assert result.frame["row"].isna().all()
    assert result.frame["count"].tolist() == [2, 1, 0, 3]
    with pytest.raises(ParameterError, match=r"shape=\(rows, columns\)"):
        result.image()


def test_without_weights_only_counts() -> None:
    networks = [LayeredDAG.from_adjacencies([matrix], input_shape=(2, 2)) for matrix in (FIRST, FIRST != 0)]
    result = tk.input_map(networks)
    assert result.weight_sums is None
    assert result.frame["weight"].isna().all()
    assert result.image(moment=0).tolist() == [[2, 1], [0, 3]]
    with pytest.raises(InsufficientDataError, match="record them"):
        result.image("weight")


def test_paths_need_weights_all_along() -> None:
    result = tk.input_map([FIRST, SECOND != 0], hop=2)
    assert result.weight_sums is None
    assert result.counts.tolist() == [[3, 1, 0, 3]]
    assert tk.input_map([FIRST, SECOND != 0]).weight_sums is not None


def test_identity_blocks_are_no_connections() -> None:
    layers = (Layer("a", 2), Layer("b", 2))
    weighted = EdgeBlock.from_matrix("a", "b", np.array([[2.0, 0.0], [0.0, 3.0]]))
    network = LayeredDAG(layers, (weighted, EdgeBlock.identity("a", "b", 2, name="skip")))
    assert tk.input_map(network).weight_sums == pytest.approx(np.array([[2.0, 3.0]]))


def test_bad_requests_are_named() -> None:
    layers = (Layer("a", 2), Layer("b", 2), Layer("c", 1))
    blocks = tuple(EdgeBlock.from_matrix(name, "c", np.ones((2, 1))) for name in ("a", "b"))
    with pytest.raises(ParameterError, match="inputs 'a', 'b': choose one"):
        tk.input_map(LayeredDAG(layers, blocks))
    assert tk.input_map(LayeredDAG(layers, blocks), layer="b").counts.tolist() == [[1, 1]]
    for shape in ((3, 3), (-2, -2), (2.5, 2.2), (4,), 4):
        with pytest.raises(ParameterError, match=re.escape(f"shape={shape}")):
            tk.input_map([FIRST], shape=shape)
    with pytest.raises(ParameterError, match="hop=3"):
        tk.input_map([FIRST, SECOND], hop=3)
    with pytest.raises(ParameterError, match="value='sum'"):
        tk.input_map([FIRST], shape=(2, 2)).image("sum")
