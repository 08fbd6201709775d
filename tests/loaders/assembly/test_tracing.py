"""The networks of the zoo as hand-written computations, and the rules that a computation is followed by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zoo
from computations import Net

from topokit.errors import NoWeightsFoundError
from topokit.loaders.graph import Node, Shape, Weight


def convnet(folder: Path, channels_last: bool, shape: Shape | None) -> Net:
    weights = zoo.convnet()
    axis, axes = (-1, "kkio") if channels_last else (1, "oikk")
    if channels_last:
        weights["fc.kernel"] = weights["fc.kernel"].reshape(8, 16, 5).transpose(1, 0, 2).reshape(128, 5)
    else:
        weights = {n: v.transpose(3, 2, 0, 1) if v.ndim == 4 and n != "dw.kernel" else v for n, v in weights.items()}
    net = Net(weights, shape, folder)
    first = net.add("conv", "conv1", axes=axes, channel_axis=axis)
    net.add("norm", "bn1")
    net.add("conv", "dw", axes="kkgo", channel_axis=axis)
    net.add("conv", "pw", axes=axes, channel_axis=axis)
    net.add("add", "sum", first, net.value)
    net.add("pool", "pool", channel_axis=axis)
    net.add("flatten", "flat")
    net.add("linear", "fc", axes="io")
    return net


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("known", [False, True])
def test_a_convnet(channels_last: bool, known: bool, tmp_path: Path) -> None:
    shape = (None, 8, 8, 3) if channels_last else (None, 3, 8, 8)
    network = convnet(tmp_path, channels_last, shape if known else None).load()
    zoo.assert_wired(network, "convnet")
    assert network.provenance.order == "graph"
    assert [block.kind for block in network.blocks] == ["conv", "depthwise", "conv", "identity", "dense"]


def transformer(folder: Path, style: str) -> Net:
    weights = zoo.transformer()
    net = Net(weights, (None, None), folder)
    weights["token.kernel"] = weights.pop("token")
    stream = net.add("embedding", "token", axes="io")
    if style == "fused":
        weights["qkv.kernel"] = np.concatenate([weights.pop(f"{k}.kernel") for k in "qkv"], axis=1)
        net.add("linear", "qkv", axes="io")
        net.add("reshape", "heads", shape=(None, -1, 3, 2, 4))
        net.add("transpose", "order", order=(2, 0, 3, 1, 4))
        q, k, v = (net.add("gather", f"pick{n}", "order:0", axis=0, indices=n) for n in range(3))
    else:
        q, k, v = (net.add("linear", name, stream, axes="io") for name in "qkv")
    if style == "node":
        net.add("attention", "attention", q, k, v, heads=2, kv_heads=2)
    else:
        if style == "separate":
            q, k, v = (net.add("reshape", f"{n}.heads", n, shape=(None, None, 2, 4)) for n in (q, k, v))
            q, k, v = (net.add("transpose", f"{n}.order", n, order=(0, 2, 1, 3)) for n in (q, k, v))
        net.add("transpose", "kt", k, order=(0, 1, 3, 2))
        net.add("matmul", "scores", q, "kt:0")
        net.add("pass", "softmax")
        net.add("matmul", "context", net.value, v)
        net.add("transpose", "back", order=(0, 2, 1, 3))
        net.add("reshape", "joined", shape=(None, None, 8))
    net.add("linear", "o", axes="io")
    stream = net.add("add", "add0", stream, net.value)
    net.add("linear", "ff1", axes="io")
    net.add("linear", "ff2", axes="io")
    net.add("add", "add1", net.value, stream)
    net.add("linear", "head", axes="io")
    return net


@pytest.mark.parametrize("style", ["separate", "fused", "node"])
def test_a_transformer(style: str, tmp_path: Path) -> None:
    network = transformer(tmp_path, style).load()
    zoo.assert_wired(network, "transformer")
    assert network.layers[1].name == ("qkv" if style == "fused" else "q+k+v")


@pytest.mark.parametrize("axes", ["io", "oi"])
def test_an_lstm(axes: str, tmp_path: Path) -> None:
    weights = zoo.lstm()
    tensors = {name: values.T if axes == "oi" else values for name, values in weights.items() if values.ndim == 2}
    net = Net(tensors, (None, None, 6), tmp_path)
    kernels = {"kernel": Weight("lstm.kernel", axes), "recurrent": Weight("lstm.recurrent", axes)}
    node = Node(
        op="recurrent",
        name="lstm",
        inputs=("x",),
        outputs=("h",),
        weights=kernels,
        attributes={"cell": "lstm", "gates": 4},
    )
    net.nodes.append(node)
    net.value = "h"
    net.add("gather", "last", axis=1, indices=-1)
    net.add("linear", "fc", axes=axes)
    network = net.load()
    zoo.assert_wired(network, "lstm")
    assert [layer.kind for layer in network.layers] == ["input", "state", "unit", "output"]
    gates = net.load(rnn="gate")
    assert [layer.size for layer in gates.layers] == [6, 4, 16, 4, 3]
    kept = {b.kind: b.n_edges for b in gates.blocks}
    assert kept["gate"] == 16
    assert gates.n_edges == sum(np.count_nonzero(v) for v in tensors.values())


def test_attention_can_be_gated_or_chained_head_by_head(tmp_path: Path) -> None:
    for style in ("separate", "fused", "node"):
        gated = transformer(tmp_path, style).load(attention="gate")
        context = next(layer.name for layer in gated.layers if layer.kind == "head")
        gates = [block.adjacency().toarray() for block in gated.blocks if block.kind == "gate"]
        heads = np.kron(np.eye(2), np.ones((4, 4))).astype(bool)
        joined = [g[g.any(axis=1)] for g in gates]
        assert len(gates) == 2
        assert all(np.array_equal(g, heads) for g in joined)
        assert gated.in_degrees(context).sum() == 0
    chained = transformer(tmp_path, "node").load(attention="qk-chain")
    assert next(block.name for block in chained.blocks if block.kind == "identity") == "k->q"
    assert [layer.name for layer in chained.layers][1:4] == ["k", "q", "v"]


def test_channels_shuffled_between_groups_are_followed(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    first, second = zoo.pruned(rng, 6, 2, 1, 1), zoo.pruned(rng, 6, 2, 1, 1)
    net = Net({"a.kernel": first, "b.kernel": second}, (None, 6, 4, 4), tmp_path)
    net.add("conv", "a", axes="oikk", channel_axis=1, groups=3)
    net.add("reshape", "apart", shape=(-1, 3, 2, 4, 4))
    net.add("transpose", "swap", order=(0, 2, 1, 3, 4))
    net.add("reshape", "together", shape=(-1, 6, 4, 4))
    net.add("conv", "b", axes="oikk", channel_axis=1, groups=3)
    block = net.load().blocks[1]
    shuffled = np.arange(6).reshape(3, 2).T.ravel()
    expected = np.zeros((6, 6))
    for out in range(6):
        for k in range(2):
            expected[shuffled[out // 2 * 2 + k], out] = second[out, k, 0, 0]
    assert np.allclose(block.weight_matrix().toarray(), expected)
    assert block.possible == 12


def test_what_cannot_be_followed_begins_anew_and_says_so(tmp_path: Path) -> None:
    net = Net({"a.kernel": np.ones((4, 5)), "b.kernel": np.ones((7, 3))}, (None, 4), tmp_path)
    net.add("linear", "a", axes="io")
    net.add("unknown", "strange", type="FancyOp")
    net.add("linear", "b", axes="io")
    network = net.load()
    assert [layer.size for layer in network.layers] == [4, 5, 7, 3]
    assert any("FancyOp" in note for note in network.provenance.notes)


def test_values_that_do_not_fit_side_by_side_are_not_followed(tmp_path: Path) -> None:
    net = Net({"a.kernel": np.ones((4, 3)), "b.kernel": np.ones((4, 2)), "c.kernel": np.ones((5, 2))}, (1, 4), tmp_path)
    ends = [net.add("linear", name, "x", axes="io") for name in "ab"]
    net.add("concat", "both", *ends, axis=0)
    net.add("linear", "c", axes="io")
    network = net.load()
    assert network.n_edges == 12 + 8 + 10
    assert "both: a concatenation of values of different extents could not be followed" in network.provenance.notes


def test_a_computation_that_uses_no_matrix_says_so(tmp_path: Path) -> None:
    net = Net({"fc.weight": np.ones((4, 3))}, (None, 4), tmp_path)
    net.add("unknown", "loop", type="a loop")
    with pytest.raises(NoWeightsFoundError, match=r"uses none of its matrices \(1\).*order=\"none\""):
        net.load()


def test_padded_channels_hold_no_neurons(tmp_path: Path) -> None:
    net = Net({"a.kernel": np.ones((4, 3, 1, 1)), "b.kernel": np.ones((2, 8, 1, 1))}, (None, 3, None, None), tmp_path)
    net.add("conv", "a", axes="oikk", channel_axis=1)
    net.add("pass", "pad", pads=[(0, 0), (2, 2), (0, 0), (0, 0)])
    net.add("conv", "b", axes="oikk", channel_axis=1)
    network = net.load()
    assert [layer.size for layer in network.layers] == [3, 4, 2]
    assert network.blocks[1].n_edges == network.blocks[1].possible == 8


def test_shuffled_pixels_come_together_before_one_set_of_weights(tmp_path: Path) -> None:
    kernels = {"a.kernel": np.ones((8, 3, 1, 1)), "b.kernel": np.ones((5, 2, 3, 3))}
    net = Net(kernels, (None, 3, 4, 4), tmp_path)
    net.add("conv", "a", axes="oikk", channel_axis=1)
    net.add("reshape", "apart", shape=(-1, 2, 2, 2, 4, 4))
    net.add("transpose", "swap", order=(0, 1, 4, 2, 5, 3))
    net.add("reshape", "together", shape=(-1, 2, 8, 8))
    net.add("conv", "b", axes="oikk", channel_axis=1)
    network = net.load()
    assert [layer.size for layer in network.layers] == [3, 8, 2, 5]
    shuffle = network.blocks[1]
    assert (shuffle.kind, shuffle.in_degrees().tolist(), shuffle.out_degrees().tolist()) == (
        "identity",
        [4, 4],
        [1] * 8,
    )
    assert network.n_edges == 24 + 10


def test_weights_that_act_on_the_same_neurons_again_make_the_same_layer(tmp_path: Path) -> None:
    net = Net({"a.kernel": np.ones((4, 5)), "b.kernel": np.ones((5, 3))}, (None, 2, 4), tmp_path)
    steps = [net.add("gather", f"step{k}", "x", axis=1, indices=k) for k in range(2)]
    made = []
    for k, step in enumerate(steps):
        node = Node(
            op="linear",
            name=f"a{k}",
            inputs=(step,),
            outputs=(f"a{k}:0",),
            weights={"kernel": Weight("a.kernel", "io")},
        )
        net.nodes.append(node)
        made.append(net.add("unsqueeze", f"u{k}", f"a{k}:0", axes=[1]))
    net.add("concat", "steps", *made, axis=1)
    net.add("linear", "b", axes="io")
    network = net.load()
    assert [layer.size for layer in network.layers][-2:] == [5, 3]


def test_values_that_follow_from_queries_stay_layers_of_their_own(tmp_path: Path) -> None:
    net = Net({f"{n}.kernel": np.eye(4) for n in "qkvo"}, (None, None, 4), tmp_path)
    q, k = (net.add("linear", name, "x", axes="io") for name in "qk")
    v = net.add("linear", "v", q, axes="io")
    net.add("attention", "attention", q, k, v, heads=1, kv_heads=1)
    net.add("linear", "o", axes="io")
    network = net.load()
    assert [layer.name for layer in network.layers] == ["input", "q", "k", "v", "o"]
    assert any("layers of their own" in note for note in network.provenance.notes)


def test_an_encoder_reaches_the_state_of_its_decoder(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    tensors = {f"{n}.{s}": zoo.pruned(rng, 3, 12) for n in ("enc", "dec") for s in ("kernel", "recurrent")}
    net = Net(tensors, (None, None, 3), tmp_path)

    def layer(name: str, *inputs: str) -> None:
        kernels = {slot: Weight(f"{name}.{slot}", "io") for slot in ("kernel", "recurrent")}
        told = {"cell": "lstm", "gates": 4, "layouts": ("btf", "bf")}
        outputs = (f"{name}:0", f"{name}:1")
        net.nodes.append(
            Node(op="recurrent", name=name, inputs=inputs, outputs=outputs, weights=kernels, attributes=told)
        )

    layer("enc", "x")
    layer("dec", "x", "enc:1")
    net.value = "dec:0"
    network = net.load()
    assert [b.name for b in network.blocks if b.kind == "identity"] == ["enc->dec.h[t-1]"]


def test_an_axis_without_positions_is_not_followed(tmp_path: Path) -> None:
    net = Net({"a.kernel": np.ones((4, 3))}, (None, None, 4), tmp_path)
    net.add("slice", "none", index=(None, (0, 0, 1), None))
    net.add("gather", "first", axis=1, indices=0)
    net.add("linear", "a", axes="io")
    assert net.load().n_edges == 12


def test_pooling_joins_the_neurons_of_its_windows(tmp_path: Path) -> None:
    net = Net({"a.kernel": np.ones((3, 12)), "b.kernel": np.ones((4, 1))}, (None, 3), tmp_path)
    net.add("linear", "a", axes="io")
    net.add("reshape", "maps", shape=(-1, 2, 2, 3))
    net.add("pool", "pooled", channel_axis=1, kernel=(2, 2), strides=(2, 1))
    net.add("flatten", "flat")
    net.add("linear", "b", axes="io")
    network = net.load()
    pooled = sum(block.adjacency().toarray() for block in network.blocks if block.source == "a")
    assert [sorted(np.flatnonzero(column)) for column in pooled.T] == [
        *([0, 1, 3, 4], [1, 2, 4, 5], [6, 7, 9, 10], [7, 8, 10, 11])
    ]


def test_constants_stand_beside_a_lone_channel(tmp_path: Path) -> None:
    net = Net({"a.kernel": np.ones((1, 3, 1, 1)), "b.kernel": np.eye(4)[:, :, None, None]}, (None, 3, 2, 2), tmp_path)
    a = net.add("conv", "a", axes="oikk", channel_axis=1)
    net.shapes |= {"before": (None, 1, 2, 2), "after": (None, 2, 2, 2)}
    net.add("concat", "pad", "before", a, "after", axis=1)
    net.add("conv", "b", axes="oikk", channel_axis=1)
    assert net.load().blocks[1].adjacency().toarray().tolist() == [[False, True, False, False]]


@pytest.mark.parametrize("reduce", ["l1", "l2", "max", "sum"])
def test_weights_behind_one_edge_are_reduced_to_one(reduce: Any, tmp_path: Path) -> None:
    kernel = np.random.default_rng(0).normal(size=(4, 3, 2, 2))
    kernel[np.random.default_rng(1).random(kernel.shape) < 0.6] = 0
    net = Net({"a.kernel": kernel}, (None, 3, 4, 4), tmp_path)
    net.add("conv", "a", axes="oikk", channel_axis=1)
    taps = kernel.reshape(4, 3, 4)
    expected = {
        **{"l1": np.abs(taps).sum(2), "l2": np.sqrt((taps**2).sum(2))},
        **{"max": np.abs(taps).max(2), "sum": taps.sum(2)},
    }[reduce]
    (block,) = net.load(reduce=reduce).blocks
    assert np.allclose(block.weight_matrix().toarray(), expected.T)
    assert np.array_equal(block.adjacency().toarray(), (taps != 0).any(2).T)


def test_each_direction_takes_its_own_state(tmp_path: Path) -> None:
    kernels = {"r.kernel": np.ones((2, 3, 4)), "r.recurrent": np.array([np.eye(4), 1 - np.eye(4)])}
    net = Net(kernels, (None, None, 3), tmp_path)
    node = Node(
        op="recurrent",
        name="r",
        inputs=("x",),
        outputs=("h",),
        weights={slot: Weight(f"r.{slot}", "dio") for slot in ("kernel", "recurrent")},
        attributes={"cell": "rnn", "directions": 2},
    )
    net.nodes.append(node)
    net.value = "h"
    network = net.load()
    state = sum(block.adjacency().toarray().astype(int) for block in network.blocks if block.kind == "recurrent")
    assert np.array_equal(state, np.block([[np.eye(4), np.zeros((4, 4))], [np.zeros((4, 4)), 1 - np.eye(4)]]))


def test_heads_that_share_values_follow_each_other(tmp_path: Path) -> None:
    kernels = {"q.kernel": np.eye(8), "k.kernel": np.ones((8, 4)), "v.kernel": np.ones((8, 4)), "o.kernel": np.eye(8)}
    net = Net(kernels, (None, None, 8), tmp_path)
    q, k, v = (net.add("linear", name, "x", axes="io") for name in "qkv")
    net.add("attention", "attention", q, k, v, heads=4, kv_heads=2)
    net.add("linear", "o", axes="io")
    found = sum(block.adjacency().toarray() for block in net.load().blocks if block.target == "o")
    assert [np.flatnonzero(row).tolist() for row in found[-4:]] == [[0, 2], [1, 3], [4, 6], [5, 7]]
