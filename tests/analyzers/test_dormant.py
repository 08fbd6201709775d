from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import layered_dags

import topokit as tk
from topokit.dag import EdgeBlock, Layer, LayeredDAG
from topokit.errors import InsufficientDataError, ParameterError

FIRST = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]])
SECOND = np.array([[1, 1], [0, 0], [1, 0], [0, 0]])


def test_dormant_by_hand() -> None:
    result = tk.dormant([FIRST, SECOND], threshold=2)
    assert result.below.tolist() == [[False, True, True, True]]
    assert result.no_input.tolist() == [[False, False, True, True]]
    assert result.no_output.tolist() == [[False, True, False, True]]
    row = result.frame.iloc[0]
    assert (row["layer"], row["size"], row["threshold"]) == ("hidden1", 4, 2)
    assert (row["below_threshold"], row["no_input"], row["no_output"]) == (3, 2, 2)


def test_inputs_and_outputs_are_not_blamed_for_their_place() -> None:
    frame = tk.dormant([FIRST, SECOND], layers="all").frame.set_index("layer")
    assert frame["no_input"].to_dict() == {"input": 0, "hidden1": 2, "output": 0}
    assert frame["no_output"].to_dict() == {"input": 0, "hidden1": 2, "output": 0}


def test_threshold_inside_the_initial_degrees_finds_half_asleep_layers() -> None:
    rng = np.random.default_rng(0)
    network = [rng.random((200, 100)) < 0.1, np.ones((100, 10))]
    assert tk.dormant(network, threshold=30).frame["below_threshold"].iloc[0] > 30
    assert tk.dormant(network, threshold=10).frame["below_threshold"].iloc[0] == 0


@given(layered_dags(), st.integers(1, 8))
def test_flags_follow_from_degrees(network: LayeredDAG, threshold: int) -> None:
    result, degrees = tk.dormant(network, threshold=threshold, layers="all"), tk.degrees(network)
    assert np.array_equal(result.below, degrees.degrees < threshold)
    fed = {block.target for block in network.blocks}
    reached = np.concatenate([np.full(layer.size, layer.name in fed) for layer in network.layers])
    assert np.array_equal(result.no_input[0], (degrees.in_degrees[0] == 0) & reached)
    assert not (result.no_input & (degrees.in_degrees > 0)).any()
    assert not (result.no_output & (degrees.out_degrees > 0)).any()


def test_identity_blocks_do_not_feed() -> None:
    layers = (Layer("a", 2), Layer("b", 2))
    network = LayeredDAG(layers, (EdgeBlock.identity("a", "b", 2),))
    assert tk.dormant(network, layers="b").frame["no_input"].tolist() == [0]
    assert tk.dormant(network, layers="b", threshold=1).frame["below_threshold"].tolist() == [2]


def test_series_and_columns() -> None:
    networks = [LayeredDAG.from_adjacencies([FIRST * k, SECOND * k]) for k in (0, 1)]
    frame = tk.dormant(networks, threshold=2).frame
    assert list(frame) == [
        "step",
        "epoch",
        "layer",
        "size",
        "below_threshold",
        "no_input",
        "no_output",
        "threshold",
        "cut_from_input",
        "cut_from_output",
        "off_path",
    ]
    assert frame["below_threshold"].tolist() == [4, 3]
    assert frame["step"].tolist() == [0, 1]


def test_threshold_that_finds_nobody_is_refused() -> None:
    for threshold in (0, 10.5, float("nan"), "10", 10**30):
        with pytest.raises(ParameterError, match=f"threshold={threshold!r}"):
            tk.dormant([FIRST, SECOND], threshold=threshold)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"relative": 0}, "relative=0 is no share"),
        ({"relative": float("nan")}, "relative=nan"),
        ({"relative": "0.1"}, "relative='0.1'"),
        ({"relative": 0.1, "threshold": 3}, "give one of them"),
        ({"kind": "both"}, "kind='both'"),
    ],
)
def test_options_that_say_nothing_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        tk.dormant([FIRST, SECOND], **options)


def test_threshold_relative_to_where_each_layer_began() -> None:
    rng = np.random.default_rng(0)
    sizes = [(30, 40), (40, 20), (20, 6)]
    networks = [LayeredDAG.from_adjacencies([rng.random(s) < d for s in sizes]) for d in (0.5, 0.2)]
    result = tk.dormant(networks, relative=np.float32(0.5))
    degrees = tk.degrees(networks, layers="hidden").degrees
    assert result.thresholds.tolist() == [0.5 * degrees[0, :40].mean(), 0.5 * degrees[0, 40:].mean()]
    assert np.array_equal(result.below[:, :40], degrees[:, :40] < result.thresholds[0])
    assert np.array_equal(result.below[:, 40:], degrees[:, 40:] < result.thresholds[1])
    assert (result.threshold, result.relative) == (None, 0.5)
    assert result.frame["threshold"].tolist() == result.thresholds.tolist() * 2


def test_a_share_of_no_edges_is_refused() -> None:
    networks = [LayeredDAG.from_adjacencies([FIRST * k, SECOND * k]) for k in (0, 1)]
    with pytest.raises(InsufficientDataError, match="'hidden1' has the mean degree 0 in the first network"):
        tk.dormant(networks, relative=0.5)
    with pytest.raises(InsufficientDataError, match="'input' has the mean in-degree 0"):
        tk.dormant(networks[1], relative=0.5, kind="in", layers="all")
    scores = {"hidden1": [0.0, 1.0, 2.0, 3.0]}
    assert tk.dormancy_join(networks[1], scores, relative=0.5, kind="in").pairs[""].thresholds.tolist() == [0.5]
    with pytest.raises(InsufficientDataError, match="'hidden1' has the mean degree 0"):
        tk.dormancy_join(networks[0], scores, relative=0.5)


def test_degree_of_one_side() -> None:
    by_in, by_out = (tk.dormant([FIRST, SECOND], threshold=2, kind=kind) for kind in ("in", "out"))
    assert by_in.below.tolist() == [[False, True, True, True]]
    assert by_out.below.tolist() == [[False, True, True, True]]
    assert by_out.degrees.tolist() == [[2, 0, 1, 0]]


def test_a_path_may_end_beyond_the_next_layer() -> None:
    # Neuron 0 of b has an edge in and one out, to a neuron of c that goes nowhere.
    blocks = [np.array([[1, 0], [1, 1]]), np.array([[1, 0], [0, 1]]), np.array([[0], [1]])]
    frame = tk.dormant(blocks, threshold=1).frame.set_index("layer")
    assert frame["no_output"].to_dict() == {"hidden1": 0, "hidden2": 1}
    assert frame["cut_from_output"].to_dict() == {"hidden1": 1, "hidden2": 1}
    assert frame["off_path"].to_dict() == {"hidden1": 1, "hidden2": 1}


@given(layered_dags())
def test_without_an_edge_there_is_no_path(network: LayeredDAG) -> None:
    result = tk.dormant(network, layers="all")
    assert not (result.no_input & ~result.cut_from_input).any()
    assert not (result.no_output & ~result.cut_from_output).any()
