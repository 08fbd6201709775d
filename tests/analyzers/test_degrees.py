from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from relabelling import relabelled
from strategies import layered_dags

import topokit as tk
from topokit.dag import EdgeBlock, Layer, LayeredDAG, Moment, Series
from topokit.errors import InsufficientDataError, ParameterError, UnknownNameError

FIRST = np.array([[1, 1, 0], [0, 1, 0], [0, 1, 0], [0, 0, 0]])
SECOND = np.array([[0, 1], [1, 1], [0, 0]])


def test_degrees_by_hand() -> None:
    result = tk.degrees([FIRST, SECOND])
    assert result.in_degrees.tolist() == [[0, 0, 0, 0, 1, 3, 0, 1, 2]]
    assert result.out_degrees.tolist() == [[2, 1, 1, 0, 1, 2, 0, 0, 0]]
    assert result.values("total", layer="hidden1").tolist() == [2, 5, 0]


def test_distribution_by_hand() -> None:
    table = tk.degrees([FIRST, SECOND]).distribution("out")
    inputs = table[table["layer"] == "input"]
    assert inputs["degree"].tolist() == [0, 1, 2]
    assert inputs["count"].tolist() == [1, 2, 1]
    assert inputs["probability"].tolist() == [0.25, 0.5, 0.25]
    assert inputs["ccdf"].tolist() == [1.0, 0.75, 0.25]


def test_pooled_distribution_is_over_all_chosen_layers() -> None:
    table = tk.degrees([FIRST, SECOND], layers=["input", "hidden1"]).distribution(pooled=True)
    assert table["layer"].unique().tolist() == ["pooled"]
    assert table["degree"].tolist() == [0, 1, 2, 5]
    assert table["ccdf"].tolist() == [1.0, 5 / 7, 3 / 7, 1 / 7]


@given(layered_dags())
def test_degrees_conserve_edges(network: LayeredDAG) -> None:
    result = tk.degrees(network)
    assert result.in_degrees.sum() == result.out_degrees.sum() == network.n_edges
    assert result.degrees.sum() == 2 * network.n_edges


@given(layered_dags())
def test_degrees_equal_networkx(network: LayeredDAG) -> None:
    graph = nx.DiGraph()
    graph.add_nodes_from(range(network.n_neurons))
    graph.add_edges_from(zip(*network.edges(), strict=True))
    result = tk.degrees(network)
    assert result.in_degrees[0].tolist() == [d for _, d in sorted(graph.in_degree)]
    assert result.out_degrees[0].tolist() == [d for _, d in sorted(graph.out_degree)]


@given(layered_dags(), st.integers(0, 100))
def test_relabelling_permutes_degrees(network: LayeredDAG, seed: int) -> None:
    copy, order = relabelled(network, seed)
    assert tk.degrees(copy).degrees.tolist() == tk.degrees(network).degrees[:, order].tolist()


@given(layered_dags())
def test_backends_agree(network: LayeredDAG) -> None:
    a, b = tk.degrees(network), tk.degrees(network.with_backend("bitmap"))
    assert a.frame.equals(b.frame)


@given(layered_dags(), st.sampled_from(["total", "in", "out"]))
def test_distribution_counts_every_neuron(network: LayeredDAG, kind: str) -> None:
    result = tk.degrees(network)
    table = result.distribution(kind)
    for layer in network.layers:
        rows = table[table["layer"] == layer.name]
        assert rows["count"].sum() == layer.size
        assert rows["probability"].sum() == pytest.approx(1)
        assert rows["ccdf"].iloc[0] == 1
        values = result.values(kind, layer=layer.name)
        assert [(values >= k).mean() for k in rows["degree"]] == pytest.approx(rows["ccdf"].tolist())


def test_skip_connections_and_zero_weights() -> None:
    layers = (Layer("a", 2), Layer("b", 2))
    weighted = EdgeBlock.from_matrix("a", "b", np.zeros((2, 2)), mask=np.eye(2))
    network = LayeredDAG(layers, (weighted, EdgeBlock.identity("a", "b", 2, name="skip")))
    assert tk.degrees(network).degrees.tolist() == [[1, 1, 1, 1]]


def test_series_gives_rows_over_time_and_is_read_once() -> None:
    networks = [LayeredDAG.from_adjacencies([FIRST, SECOND]), LayeredDAG.from_adjacencies([1 - FIRST, SECOND])]
    reads = []

    def read(k: int) -> LayeredDAG:
        reads.append(k)
        return networks[k]

    moments = [Moment(step=0, epoch=0.0), Moment(step=10, epoch=0.5)]
    result = tk.degrees(Series(moments, read), layers="hidden")
    assert reads == [0, 1]
    assert result.values("in", moment=0).tolist() == [1, 3, 0]
    assert result.values("in").tolist() == [3, 1, 4]
    assert result.frame["step"].tolist() == [0, 0, 0, 10, 10, 10]
    assert result.frame["epoch"].tolist() == [0, 0, 0, 0.5, 0.5, 0.5]
    assert result.distribution("in")["step"].tolist() == [0, 0, 0, 10, 10, 10]


def test_frame_columns_are_fixed() -> None:
    result = tk.degrees([FIRST, SECOND])
    assert list(result.frame) == ["step", "epoch", "layer", "neuron", "in_degree", "out_degree", "degree"]
    assert list(result.distribution()) == ["step", "epoch", "layer", "degree", "count", "probability", "ccdf"]
    assert result.frame["step"].isna().all()
    assert '"analyzer": "degrees"' in result.to_json()


def test_bad_choices_are_named() -> None:
    with pytest.raises(ParameterError, match="kind='both'"):
        tk.degrees([FIRST]).values("both")
    with pytest.raises(UnknownNameError, match="did you mean 'hidden1'"):
        tk.degrees([FIRST, SECOND]).values(layer="hidden")
    with pytest.raises(InsufficientDataError, match="no layers for layers='hidden'"):
        tk.degrees([FIRST], layers="hidden")
