"""Unrolled convolutions and pooling: an edge is a non-zero entry of the Jacobian that PyTorch computes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import zoo
from computations import Net
from torch.nn import functional

import topokit as tk
from topokit.errors import TooLargeError

CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "padded": {"padding": (1, 2)},
    "strided": {"stride": (2, 1), "padding": 1},
    "dilated": {"dilation": 2, "padding": 2},
    "grouped": {"groups": 2},
    "depthwise": {"groups": 4, "padding": 1},
}


def pair(value: int | tuple[int, int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else value


def jacobian(function: Callable[[torch.Tensor], torch.Tensor], *shape: int) -> np.ndarray:
    """(inputs, outputs) of one sample."""
    made = torch.autograd.functional.jacobian(lambda x: function(x[None])[0], torch.ones(shape, dtype=torch.float64))
    inputs = int(np.prod(shape))
    return made.reshape(-1, inputs).T.numpy()


def unrolled(folder: Path, weight: torch.Tensor, axes: str, shape: tuple[int, ...], **told: Any) -> tk.LayeredDAG:
    net = Net({"c.kernel": weight.float().numpy()}, (None, *shape), folder)
    net.add("conv", "c", axes=axes, channel_axis=1, **told)
    return net.load(conv="unrolled")


@pytest.mark.parametrize("case", CASES)
def test_a_convolution(case: str, tmp_path: Path) -> None:
    how = CASES[case]
    groups = how.get("groups", 1)
    torch.manual_seed(0)
    weight = torch.randn(8, 4 // groups, 3, 2, dtype=torch.float64) * (torch.rand(8, 4 // groups, 3, 2) < 0.5)
    told = {name: pair(how[old]) for name, old in (("strides", "stride"), ("dilations", "dilation")) if old in how}
    padding = [(n, n) for n in pair(how.get("padding", 0))]
    network = unrolled(tmp_path, weight, "oikk", (4, 6, 7), groups=groups, padding=padding, **told)
    expected = jacobian(lambda x: functional.conv2d(x, weight, **how), 4, 6, 7)
    assert np.allclose(network.blocks[0].weight_matrix().toarray(), expected)
    assert network.n_possible == np.count_nonzero(
        jacobian(lambda x: functional.conv2d(x, weight * 0 + 1, **how), 4, 6, 7)
    )


@pytest.mark.parametrize("groups", [1, 2])
def test_a_transposed_convolution(groups: int, tmp_path: Path) -> None:
    torch.manual_seed(0)
    weight = torch.randn(4, 6 // groups, 3, 3, dtype=torch.float64)
    told = {"transposed": True, "groups": groups, "strides": (2, 2), "padding": [(1, 1), (1, 1)]}
    network = unrolled(tmp_path, weight, "iokk", (4, 3, 5), **told)
    expected = jacobian(lambda x: functional.conv_transpose2d(x, weight, stride=2, padding=1, groups=groups), 4, 3, 5)
    assert np.allclose(network.blocks[0].weight_matrix().toarray(), expected)


def test_the_convnet_of_the_zoo_reaches_its_classes_as_its_jacobian_says(tmp_path: Path) -> None:
    weights = zoo.convnet()
    tensors = {n: v.transpose(3, 2, 0, 1) if v.ndim == 4 and n != "dw.kernel" else v for n, v in weights.items()}
    net = Net(tensors, (None, 3, 8, 8), tmp_path)
    first = net.add("conv", "conv1", axes="oikk", channel_axis=1, padding="same")
    net.add("conv", "dw", axes="kkgo", channel_axis=1, padding="same")
    net.add("conv", "pw", axes="oikk", channel_axis=1)
    net.add("add", "sum", first, net.value)
    net.add("pool", "pool", channel_axis=1, kernel=(2, 2), strides=(2, 2))
    net.add("flatten", "flat")
    net.add("linear", "fc", axes="io")
    network = net.load(conv="unrolled")
    assert [layer.size for layer in network.layers] == [192, 512, 512, 512, 128, 5]
    assert network.layer("conv1").shape == (8, 8, 8)
    one = {name: torch.tensor((values != 0).astype(float)) for name, values in tensors.items()}

    def paths(x: torch.Tensor) -> torch.Tensor:
        h = functional.conv2d(x, one["conv1.kernel"], padding=1)
        deep = functional.conv2d(h, one["dw.kernel"].permute(2, 3, 0, 1), padding=1, groups=8)
        h = functional.avg_pool2d(h + functional.conv2d(deep, one["pw.kernel"]), 2) * 4
        return h.flatten(1) @ one["fc.kernel"]

    counted = np.eye(192)
    reach = {"input": counted}
    for block in network.blocks:
        step = reach[block.source] @ block.adjacency().astype(float).toarray()
        reach[block.target] = reach.get(block.target, 0) + step
    assert np.array_equal(reach[network.layers[-1].name], jacobian(paths, 3, 8, 8))


def test_an_unrolled_network_beyond_the_limit_is_refused_before_it_is_built(tmp_path: Path) -> None:
    net = Net({"c.kernel": np.ones((64, 3, 3, 3), np.float32)}, (None, 3, 224, 224), tmp_path)
    net.add("conv", "c", axes="oikk", channel_axis=1, padding="same")
    with pytest.raises(TooLargeError, match="edges up to here where 1,000,000 are allowed"):
        net.load(conv="unrolled", edges=1_000_000)


def test_rolled_sources_are_kernel_positions_of_channels(tmp_path: Path) -> None:
    weight = zoo.convnet()["conv1.kernel"]
    net = Net({"c.kernel": weight}, (None, 8, 8, 3), tmp_path)
    net.add("conv", "c", axes="kkio", channel_axis=-1)
    network = net.load(conv="rolled")
    assert [layer.size for layer in network.layers] == [3, 27, 8]
    assert np.array_equal(
        network.blocks[1].weight_matrix().toarray(), weight.reshape(9, 3, 8).transpose(1, 0, 2).reshape(27, 8)
    )
    assert network.blocks[0].kind == "identity"
    assert network.n_edges == np.count_nonzero(weight)
