"""Convolutions, residual sums, flattened maps and recurrent units, in networks that PyTorch ran and saved."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from wiring import least_distance, random_chain, set_distances

import topokit as tk
from topokit.dag import EdgeBlock, Layer, LayeredDAG, reordered
from topokit.errors import IncompatibleNetworksError, InvalidNetworkError

IMAGE, DENSITY = (1, 3, 8, 8), 0.3


class ResidualNet(nn.Module):
    """Convolution, residual block, depthwise and pointwise convolution, pooling, flattened map, two linear layers."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.norm = nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6)
        self.first, self.second = nn.Conv2d(6, 5, 3, padding=1), nn.Conv2d(5, 6, 3, padding=1)
        self.depthwise, self.pointwise = nn.Conv2d(6, 6, 3, padding=1, groups=6), nn.Conv2d(6, 7, 1)
        self.fc, self.out = nn.Linear(7 * 4 * 4, 9), nn.Linear(9, 4)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.norm(self.stem(images)))
        x = x + self.second(torch.relu(self.first(x)))
        x = torch.relu(self.pointwise(torch.relu(self.depthwise(x))))
        return self.out(torch.relu(self.fc(torch.max_pool2d(x, 2).flatten(1))))

    def renumbered(self, rng: np.random.Generator) -> ResidualNet:
        """The same function with the channels and units in another order."""
        other = ResidualNet().eval()
        stream, inner, point, units = (torch.from_numpy(rng.permutation(n)) for n in (6, 5, 7, 9))
        flat = (point[:, None] * 16 + torch.arange(16)).ravel()
        for name, rows, columns in (
            ("stem", stream, None),
            ("first", inner, stream),
            ("second", stream, inner),
            ("depthwise", stream, None),  # A depthwise filter cannot leave its channel.
            ("pointwise", point, stream),
            ("fc", units, flat),
            ("out", None, units),
        ):
            _copy(getattr(self, name), getattr(other, name), rows, columns)
        for name in ("weight", "bias", "running_mean", "running_var"):
            getattr(other.norm, name).data = getattr(self.norm, name)[stream].clone()
        return other


def _copy(layer: nn.Module, other: nn.Module, rows: torch.Tensor | None, columns: torch.Tensor | None) -> None:
    weight, bias = layer.weight.data, layer.bias.data
    weight, bias = (weight, bias) if rows is None else (weight[rows], bias[rows])
    other.weight.data, other.bias.data = (weight if columns is None else weight[:, columns]).clone(), bias.clone()


def residual_net(seed: int) -> ResidualNet:
    """Weights pruned at random."""
    torch.manual_seed(seed)
    net = ResidualNet().eval()
    for weight in net.parameters():
        if weight.dim() > 1:
            weight.data *= torch.rand_like(weight) < DENSITY
    return net


def saved(net: nn.Module, path: Path, example: torch.Tensor) -> LayeredDAG:
    """The network that the program saved by `torch.export` gives."""
    torch.export.save(torch.export.export(net, (example,)), path)
    return tk.load(path)


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> tuple[LayeredDAG, LayeredDAG, LayeredDAG]:
    """A residual network, a renumbered copy of it, and an unrelated one."""
    folder = tmp_path_factory.mktemp("nets")
    net = residual_net(0)
    copy = net.renumbered(np.random.default_rng(0))
    images = torch.randn(IMAGE)
    torch.testing.assert_close(net(images), copy(images))
    modules = {"net": net, "copy": copy, "other": residual_net(1)}
    first, second, third = (saved(module, folder / f"{name}.pt2", images) for name, module in modules.items())
    return first, second, third


@pytest.mark.parametrize("weights", ["none", "magnitude", "signed"])
def test_a_renumbered_residual_network_is_the_same(
    copies: tuple[LayeredDAG, LayeredDAG, LayeredDAG], weights: str
) -> None:
    net, copy, other = copies
    distance = tk.nnstd(net, copy, weights=weights)
    assert distance.total == 0
    assert all(distance.certified)
    assert distance.layer_names == ("stem", "first", "second", "depthwise", "pointwise", "fc", "out")
    aligned = tk.align(net, copy, weights=weights)
    assert all(mine.equals(its) for mine, its in zip(net.blocks, aligned.blocks, strict=True))
    assert tk.nnstd(net, other, weights=weights).total > 0.2


def test_layers_of_a_residual_stream_share_their_pairing(
    copies: tuple[LayeredDAG, LayeredDAG, LayeredDAG],
) -> None:
    net, _, other = copies
    for options in ({}, {"refine": True}, {"ties": "fast"}, {"ties": "scipy"}, {"symmetric": True}):
        distance = tk.nnstd(net, other, **options)
        partners = dict(zip(distance.layer_names, distance.assignments, strict=True))
        np.testing.assert_array_equal(partners["stem"], partners["second"])
        expected = [_by_sets(net, other, name, partners) for name in distance.layer_names]
        np.testing.assert_allclose(distance.layers, expected, rtol=0, atol=1e-12)
    assert tk.nnstd(net, other, refine=True).total <= tk.nnstd(net, other).total


def _by_sets(a: LayeredDAG, b: LayeredDAG, name: str, partners: dict[str, np.ndarray]) -> float:
    """Distance of a layer from sets of (channel, tap), the channels of `b` renamed by the pairing before."""
    (block,), (other,) = ([each for each in net.incoming(name) if each.carries_weights] for net in (a, b))
    before = partners.get(block.source, np.arange(block.shape[0]))
    rows = (before[:, None] * other.tap_count + np.arange(other.tap_count)).ravel()
    costs = set_distances(block.tap_matrix().toarray(), other.tap_matrix().toarray()[rows])
    return float(costs[np.arange(len(costs)), partners[name]].mean())


@given(st.integers(0, 2**32 - 1))
def test_one_convolution_is_matched_by_its_taps(seed: int) -> None:
    rng = np.random.default_rng(seed)
    kernels = [rng.random((2 * 4, 5)) < 0.4 for _ in range(2)]
    nets = [_one_layer(kernel, 4) for kernel in kernels]
    assert tk.nnstd(*nets, output="matched").total == pytest.approx(least_distance(*kernels), abs=1e-12)


def _one_layer(mask: np.ndarray, count: int) -> LayeredDAG:
    from topokit.dag.taps import taps_from_mask

    taps = taps_from_mask(mask, count)
    layers = Layer("in", mask.shape[0] // count, "input"), Layer("out", mask.shape[1], "channel")
    return LayeredDAG(layers, (EdgeBlock("in", "out", taps.edges[0], kind="conv", taps=taps),))


def test_kernels_of_other_sizes_are_not_compared() -> None:
    rng = np.random.default_rng(0)
    small, large = (_one_layer(rng.random((2 * count, 5)) < 0.4, count) for count in (9, 25))
    with pytest.raises(IncompatibleNetworksError, match=r"layer 'out' .* \[9\] inputs per source neuron.*\[25\]"):
        tk.nnstd(small, large)


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.fc = nn.LSTM(6, 5, batch_first=True), nn.Linear(5, 3)

    def forward(self, sequence: torch.Tensor) -> torch.Tensor:
        return self.fc(self.lstm(sequence)[0][:, -1])


def test_a_renumbered_lstm_is_the_same(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net, copy, sequence = Recurrent().eval(), Recurrent().eval(), torch.randn(1, 7, 6)
    for weight in net.parameters():
        weight.data *= torch.rand_like(weight) < DENSITY
    order = torch.from_numpy(np.random.default_rng(0).permutation(5))
    gates = (torch.arange(4)[:, None] * 5 + order).ravel()
    for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"):
        value = getattr(net.lstm, name).data[gates]
        getattr(copy.lstm, name).data = value[:, order].clone() if name == "weight_hh_l0" else value.clone()
    copy.fc.weight.data, copy.fc.bias.data = net.fc.weight.data[:, order].clone(), net.fc.bias.data.clone()
    torch.testing.assert_close(net(sequence), copy(sequence))
    paths = [tmp_path / name for name in ("a.pt", "b.pt")]
    for module, path in zip((net, copy), paths, strict=True):
        torch.save(module.state_dict(), path)
    first, second = map(tk.load, paths)
    assert not first.equals(second)
    assert tk.nnstd(first, second).total == 0
    assert tk.nnstd(first, second, weights="signed").total == 0
    aligned = tk.align(first, second)
    assert all(mine.equals(its) for mine, its in zip(first.blocks, aligned.blocks, strict=True))


def skipping(rng: np.random.Generator, sizes: Sequence[int]) -> LayeredDAG:
    """Blocks between neighbours, from the first to the third hidden layer too, and a concatenation of two layers."""
    n_in, one, two, three, n_out = sizes
    layers = [Layer("in", n_in, "input"), Layer("one", one), Layer("two", two), Layer("three", three)]
    layers += [Layer("both", two + three), Layer("out", n_out, "output")]
    pairs = [("in", "one"), ("one", "two"), ("two", "three"), ("one", "three"), ("both", "out")]
    size = {layer.name: layer.size for layer in layers}
    blocks = [EdgeBlock.from_matrix(a, b, rng.random((size[a], size[b])) < 0.4) for a, b in pairs]
    for name, first in (("two", 0), ("three", two)):
        joined = EdgeBlock.from_matrix(name, "both", np.eye(size[name], two + three, first, dtype=bool))
        blocks.append(EdgeBlock(name, "both", joined.pattern, kind="identity"))
    return LayeredDAG(tuple(layers), tuple(blocks))


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_skips_and_concatenations(seed: int) -> None:
    rng = np.random.default_rng(seed)
    net, other = (skipping(rng, (6, 5, 4, 3, 4)) for _ in range(2))
    orders = {name: rng.permutation(net.layer(name).size) for name in ("one", "two", "three")}
    orders["both"] = np.concatenate([orders["two"], 4 + orders["three"]])
    copy = reordered(net, orders)
    assert tk.nnstd(net, copy).total == 0
    assert tk.nnstd(net, copy).layer_names == ("one", "two", "three", "out")
    assert tk.nnstd(net, copy, weights="none", refine=True).total == 0
    np.testing.assert_array_equal(tk.nnstd(copy, other).layers, tk.nnstd(net, other).layers)
    assert tk.nnstd(net, other, refine=True).total <= tk.nnstd(net, other).total


def test_weights_beyond_any_sum_are_refused() -> None:
    huge = [np.full((4, 3), 1e300)]
    assert tk.nnstd(huge, huge, output="matched").total == 0
    with pytest.raises(InvalidNetworkError, match=r"block 'input->output' has weights as large as 1e\+300"):
        tk.nnstd(huge, huge, weights="magnitude", output="matched")


def test_weights_that_are_not_there() -> None:
    masks = random_chain(np.random.default_rng(0), (5, 4, 3), 0.5)
    with pytest.raises(InvalidNetworkError, match=r"block 'input->hidden1' has no weights.*weights='none'"):
        tk.nnstd(masks, masks, weights="signed")


@pytest.mark.parametrize("weights", ["none", "magnitude"])
def test_a_first_layer_that_shares_its_pairing_does_not_depend_on_the_numbers(weights: str) -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        a, b = _two_tied_layers(rng), _two_tied_layers(rng)
        moved = [
            reordered(network, {"h1": order, "h2": order})
            for network, order in ((a, rng.permutation(5)), (b, rng.permutation(5)))
        ]
        options = {"layers": [0], "weights": weights}
        assert tk.nnstd(*moved, **options).total == tk.nnstd(a, b, **options).total


def _two_tied_layers(rng: np.random.Generator) -> LayeredDAG:
    """Two hidden layers with a residual connection between them, both fed from the inputs too."""
    layers = tuple(Layer(name, size) for name, size in (("in", 4), ("h1", 5), ("h2", 5), ("out", 3)))
    joins = (("in", "h1"), ("in", "h2"), ("h1", "h2"), ("h2", "out"))
    sizes = {layer.name: layer.size for layer in layers}
    masks = [rng.random((sizes[source], sizes[target])) < 0.4 for source, target in joins]
    weighted = [mask * rng.choice([0.5, 1.0], mask.shape) for mask in masks]
    blocks = [EdgeBlock.from_matrix(*join, matrix) for join, matrix in zip(joins, weighted, strict=True)]
    return LayeredDAG(layers, (*blocks, EdgeBlock.identity("h1", "h2", 5, name="skip")))
