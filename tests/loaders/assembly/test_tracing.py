"""The networks of the zoo as hand-written computations, and the rules that a computation is followed by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import zoo
from computations import Net

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
