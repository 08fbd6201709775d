"""Where values meet: sums, gates, and the statistics of normalisations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import zoo
from computations import Net

from topokit.loaders.graph import Node, Weight


def test_channels_of_scale_zero_are_cut_when_asked(tmp_path: Path) -> None:
    weights = zoo.convnet()
    scale = weights["bn1.scale"].copy()
    scale[[2, 5]] = 0
    net = Net({"a.kernel": np.ones((3, 8)), "n.scale": scale, "b.kernel": np.ones((8, 4))}, (None, 3), tmp_path)
    net.add("linear", "a", axes="io")
    node = Node(op="norm", name="n", inputs=(net.value,), outputs=("n:0",), weights={"scale": Weight("n.scale", "o")})
    net.nodes.append(node)
    net.value = "n:0"
    net.add("linear", "b", axes="io")
    assert net.load().n_edges == 24 + 32
    cut = net.load(norm="cut")
    assert cut.out_degrees("a").tolist() == [4, 4, 0, 4, 4, 0, 4, 4]
    assert any("2 neurons have scale 0" in note for note in cut.provenance.notes)


def test_gated_units_are_two_blocks_into_one_layer_fused_or_not(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    gate, up, down = zoo.pruned(rng, 6, 9), zoo.pruned(rng, 6, 9), zoo.pruned(rng, 9, 6)
    apart = Net({"gate.kernel": gate, "up.kernel": up, "down.kernel": down}, (None, 6), tmp_path)
    first = apart.add("linear", "gate", axes="io")
    second = apart.add("linear", "up", "x", axes="io")
    apart.add("multiply", "mul", apart.add("pass", "silu", first), second)
    apart.add("linear", "down", axes="io")
    fused = Net({"both.kernel": np.hstack([gate, up]), "down.kernel": down}, (None, 6), tmp_path)
    fused.add("linear", "both", axes="io")
    fused.add("split", "halves", outputs=2, axis=-1)
    fused.add("multiply", "mul", "halves:0", "halves:1")
    fused.add("linear", "down", axes="io")
    for network in (apart.load(), fused.load()):
        assert [layer.size for layer in network.layers] == [6, 9, 6]
        for block, matrix in zip(network.blocks, (gate, up, down), strict=True):
            assert np.array_equal(block.weight_matrix().toarray(), matrix)
        assert network.in_degrees(1).tolist() == (np.count_nonzero(gate, 0) + np.count_nonzero(up, 0)).tolist()


def test_a_sum_that_something_else_uses_gets_a_layer_of_its_own(tmp_path: Path) -> None:
    square = np.ones((4, 4))
    net = Net({f"{n}.kernel": square for n in "abc"}, (None, 4), tmp_path)
    a = net.add("linear", "a", axes="io")
    b = net.add("linear", "b", axes="io")
    c = net.add("linear", "c", axes="io")
    net.add("add", "late", a, b)
    net.add("add", "end", c, net.value)
    network = net.load()
    ends = {(block.source, block.target): block.kind for block in network.blocks if block.kind == "identity"}
    assert ends == {("a", "late"): "identity", ("b", "late"): "identity", ("c", "late"): "identity"} or ends == {
        ("a", "late"): "identity",
        ("b", "late"): "identity",
        ("late", "c"): "identity",
    }


def test_a_normalisation_in_single_steps_is_neuron_by_neuron(tmp_path: Path) -> None:
    net = Net({"a.kernel": np.ones((4, 5)), "b.kernel": np.ones((5, 3))}, (None, None, 4), tmp_path)
    x = net.add("linear", "a", axes="io")
    net.add("reduce", "mean", axes=[-1], keepdims=True)
    centred = net.add("add", "centre", x, net.value)
    net.add("multiply", "square", centred, centred)
    net.add("reduce", "variance", axes=[-1], keepdims=True)
    net.add("multiply", "normalised", centred, net.add("pass", "root"))
    net.add("linear", "b", axes="io")
    network = net.load()
    assert [layer.size for layer in network.layers] == [4, 5, 3]
    assert network.provenance.notes == ()


def test_a_mean_over_channels_that_feeds_a_layer_is_a_neuron(tmp_path: Path) -> None:
    net = Net({"a.kernel": np.ones((6, 3, 1, 1)), "b.kernel": np.ones((2, 2, 3, 3))}, (None, 3, 8, 8), tmp_path)
    x = net.add("conv", "a", axes="oikk", channel_axis=1)
    mean = net.add("reduce", "mean", x, axes=[1], keepdims=True)
    largest = net.add("reduce", "max", x, axes=[1], keepdims=True)
    net.add("concat", "both", mean, largest, axis=1)
    net.add("conv", "b", axes="oikk", channel_axis=1)
    network = net.load()
    assert [(layer.name, layer.size) for layer in network.layers] == [
        *(("input", 3), ("a", 6), ("mean", 1), ("max", 1), ("b", 2))
    ]
    assert [b.n_edges for b in network.blocks if b.kind == "gate"] == [6, 6]


def test_gated_halves_that_serve_something_else_too_stay_apart(tmp_path: Path) -> None:
    net = Net(
        {"a.kernel": np.ones((3, 4)), "b.kernel": np.ones((2, 2)), "c.kernel": np.ones((4, 1))}, (None, 3), tmp_path
    )
    whole = net.add("linear", "a", axes="io")
    net.add("split", "halves", outputs=2, axis=-1)
    net.add("multiply", "gated", "halves:0", "halves:1")
    gated = net.add("linear", "b", axes="io")
    direct = net.add("linear", "c", whole, axes="io")
    net.add("concat", "both", gated, direct, axis=-1)
    network = net.load()
    joins = sum(block.adjacency().toarray() for block in network.blocks if not block.carries_weights)
    assert np.array_equal(joins, np.tile(np.eye(2), (2, 1)))
    assert [(block.source, block.n_edges) for block in network.blocks if block.target in "bc"] == [
        ("gated", 4),
        ("a", 4),
    ]


def test_a_branch_that_serves_something_beside_its_sum_does_not_hold_the_sum(tmp_path: Path) -> None:
    net = Net({f"{n}.kernel": np.ones((3, 3)) for n in "abcd"}, (None, 3), tmp_path)
    a = net.add("linear", "a", axes="io")
    b = net.add("linear", "b", axes="io")
    summed = net.add("add", "sum", a, b)
    ends = net.add("linear", "c", summed, axes="io"), net.add("linear", "d", b, axes="io")
    net.add("concat", "both", *ends, axis=-1)
    ways = {(block.source, block.target) for block in net.load().blocks}
    assert ways == {("input", "a"), ("a", "b"), ("a", "sum"), ("b", "sum"), ("sum", "c"), ("b", "d")}


def test_a_sum_of_neurons_with_themselves_in_another_order_mixes_them(tmp_path: Path) -> None:
    net = Net({"a.kernel": np.ones((2, 4)), "b.kernel": np.eye(4)}, (None, 2), tmp_path)
    a = net.add("linear", "a", axes="io")
    net.add("add", "sum", a, net.add("gather", "turned", axis=-1, indices=[1, 2, 3, 0]))
    net.add("linear", "b", axes="io")
    network = net.load()
    joins = sum(block.adjacency().toarray() for block in network.blocks if block.kind == "identity")
    assert np.array_equal(joins, np.eye(4) + np.eye(4)[:, [1, 2, 3, 0]])


@pytest.mark.parametrize("is_first", [False, True])
def test_what_is_added_to_a_channel_of_scale_zero_stays(is_first: bool, tmp_path: Path) -> None:
    tensors = {f"{name}.kernel": np.ones((3, 3)) for name in "abc"} | {"n.scale": np.array([1.0, 0, 1])}
    net = Net(tensors, (None, 2, 3), tmp_path)

    def norm() -> None:
        scale = {"scale": Weight("n.scale", "o")}
        net.nodes.append(Node(op="norm", name="n", inputs=(net.value,), outputs=("n:0",), weights=scale))
        net.value = "n:0"

    a = net.add("linear", "a", axes="io")
    norm() if is_first else None
    b = net.add("linear", "b", axes="io")
    b if is_first else norm()
    net.add("add", "sum", a, net.value)
    net.add("linear", "c", axes="io")
    blocks = net.load(norm="cut").blocks
    weighted = [(block.source, block.target, block.n_edges) for block in blocks if block.carries_weights]
    joined = [block.n_edges for block in blocks if not block.carries_weights]
    if is_first:
        assert (weighted[1:], joined) == ([("a", "b", 6), ("b", "c", 9)], [3])
    else:
        assert (sorted(weighted[1:]), joined) == ([("a", "b", 9), ("a", "c", 3), ("b", "c", 6)], [2])


def test_one_number_beside_what_is_not_followed_is_not_taken_for_the_whole(tmp_path: Path) -> None:
    net = Net({"a.kernel": np.ones((4, 1)), "b.kernel": np.ones((9, 3))}, (None, 4), tmp_path)
    mean = net.add("linear", "a", axes="io")
    strange = net.add("unknown", "strange", "x", type="Spectrum")
    net.add("add", "centred", strange, mean)
    net.add("linear", "b", axes="io")
    assert [layer.size for layer in net.load().layers] == [4, 1, 9, 3]


def test_a_half_that_serves_its_gate_alone_is_no_gate_of_its_own_layer(tmp_path: Path) -> None:
    kernels = {"a.kernel": np.ones((3, 4)), "b.kernel": np.ones((2, 2)), "c.kernel": np.ones((2, 1))}
    net = Net(kernels, (None, 3), tmp_path)
    net.add("linear", "a", axes="io")
    net.add("split", "halves", outputs=2, axis=-1)
    net.add("multiply", "gated", "halves:0", "halves:1")
    gated = net.add("linear", "b", axes="io")
    direct = net.add("linear", "c", "halves:1", axes="io")
    net.add("concat", "both", gated, direct, axis=-1)
    blocks = net.load().blocks
    joins = sum(block.adjacency().toarray() for block in blocks if not block.carries_weights)
    assert np.array_equal(joins, np.tile(np.eye(2), (2, 1)))


def test_parts_of_one_layer_meet_in_another(tmp_path: Path) -> None:
    net = Net({"a.kernel": np.ones((3, 4)), "b.kernel": np.ones((2, 1))}, (None, 3), tmp_path)
    net.add("linear", "a", axes="io")
    net.add("split", "halves", outputs=2, axis=-1)
    net.add("add", "sum", "halves:0", "halves:1")
    net.add("linear", "b", axes="io")
    network = net.load()
    assert [layer.name for layer in network.layers] == ["input", "a", "sum", "b"]
    joins = sum(block.adjacency().toarray() for block in network.blocks if block.source == "a")
    assert np.array_equal(joins, np.tile(np.eye(2), (2, 1)))


def test_a_branch_that_was_taken_already_does_not_hold_a_sum(tmp_path: Path) -> None:
    net = Net({f"{name}.kernel": np.ones((2, 2)) for name in "abc"}, (None, 2), tmp_path)
    a = net.add("linear", "a", axes="io")
    b = net.add("linear", "b", "x", axes="io")
    c = net.add("linear", "c", b, axes="io")
    net.add("concat", "both", c, net.add("add", "sum", a, b), axis=-1)
    ways = {(block.source, block.target) for block in net.load().blocks if block.n_edges}
    assert ("a", "b") not in ways
    assert ("b", "c") in ways


def test_a_half_gated_by_what_the_other_leads_to_lies_behind_both(tmp_path: Path) -> None:
    kernels = {"a.kernel": np.ones((3, 4)), "b.kernel": np.ones((2, 2)), "c.kernel": np.ones((2, 1))}
    net = Net(kernels, (None, 3), tmp_path)
    net.add("linear", "a", axes="io")
    net.add("split", "halves", outputs=2, axis=-1)
    net.add("multiply", "gated", "halves:1", net.add("linear", "b", "halves:0", axes="io"))
    net.add("linear", "c", axes="io")
    blocks = [(block.source, block.target, block.n_edges) for block in net.load().blocks]
    assert sorted(blocks) == [("a", "b", 2), ("a", "b", 4), ("b", "c", 2), ("input", "a", 12)]
