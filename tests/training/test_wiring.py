"""The wiring at the start has exactly the edges its rule says."""

from __future__ import annotations

from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
import pytest
from scipy import stats
from toy_training import toy_batch, toy_data

import topokit as tk
from topokit.errors import ConfigError
from topokit.training import TrainConfig
from topokit.training.engines.build import make_engine
from topokit.training.methods.static import STATIC
from topokit.training.wiring import edge_counts, initial_edges


def of_sizes(*sizes: int) -> list[tuple[int, ...]]:
    """Shapes of the weights of a fully connected network."""
    return [(n_out, n_in) for n_in, n_out in pairwise(sizes)]


CIFAR_MLP = of_sizes(3072, 1024, 512, 10)


@pytest.mark.parametrize("mask", ["er", "erk"])
def test_erk_on_the_published_network(mask: str) -> None:
    config = TrainConfig(mask=mask, density=0.05)
    assert edge_counts(config, CIFAR_MLP) == (129_918, 48_719, 5_120)
    edges = initial_edges(config, CIFAR_MLP, sparse=True, rng=np.random.default_rng(0))
    assert [len(places) for places in edges] == [129_918, 48_719, 5_120]
    assert all(
        (np.diff(m) > 0).all() and m[0] >= 0 and m[-1] < prod(shape) for m, shape in zip(edges, CIFAR_MLP, strict=True)
    )


def test_uniform_and_epsilon() -> None:
    sizes = of_sizes(100, 50, 10)
    assert edge_counts(TrainConfig(mask="uniform", density=0.1078), sizes) == (539, 54)
    assert edge_counts(TrainConfig(mask="er-epsilon", epsilon=2.0), sizes) == (300, 120)


def test_a_dense_output_stands_outside_the_density() -> None:
    config = TrainConfig(mask="uniform", density=0.1, dense_output=True)
    assert edge_counts(config, of_sizes(100, 50, 10)) == (500, 500)
    assert edge_counts(config, of_sizes(100, 10)) == (1000,)


def test_a_dense_input_stands_outside_the_density() -> None:
    shapes = of_sizes(100, 50, 40, 10)
    assert edge_counts(TrainConfig(mask="uniform", density=0.1, dense_input=True), shapes) == (5000, 200, 40)
    both = TrainConfig(mask="uniform", density=0.1, dense_input=True, dense_output=True)
    assert edge_counts(both, shapes) == (5000, 200, 400)
    assert edge_counts(both, of_sizes(100, 10)) == (1000,)


@pytest.mark.parametrize("mask", ["er", "erk"])
def test_kernels_count_in_erk_and_not_in_er(mask: str) -> None:
    shapes = [(32, 3, 3, 3), (64, 32, 3, 3), (128, 64, 3, 3), (10, 128)]
    counts = edge_counts(TrainConfig(mask=mask, density=0.05), shapes)
    assert sum(counts) == round(0.05 * sum(map(prod, shapes)))
    densities = [count / prod(shape) for count, shape in zip(counts, shapes, strict=True)]
    if mask == "erk":
        assert densities == pytest.approx((0.47804, 0.05575, 0.02705, 1), abs=6e-4)
    else:
        assert densities[0] / densities[1] == pytest.approx((1 / 32 + 1 / 3) / (1 / 64 + 1 / 32), rel=1e-2)


def test_epsilon_counts_channels_and_fills_each_tap() -> None:
    config = TrainConfig(mask="er-epsilon", epsilon=2.0)
    assert edge_counts(config, [(64, 32, 3, 3), (10, 64)]) == (2 * 96 * 9, 148)


def test_bernoulli_counts_are_binomial() -> None:
    config = TrainConfig(mask="er-epsilon", epsilon=5.0, mask_draw="bernoulli")
    law = stats.binom(2400, 500 / 2400)
    counts = [
        len(initial_edges(config, of_sizes(60, 40), sparse=True, rng=np.random.default_rng(k))[0]) for k in range(300)
    ]
    cells = law.ppf([0.2, 0.4, 0.6, 0.8])
    observed = np.bincount(np.searchsorted(cells, counts), minlength=5)
    assert stats.chisquare(observed, np.diff([0, *law.cdf(cells), 1]) * 300).pvalue > 0.001


def test_draws_with_replacement_fall_together() -> None:
    """The head of SET's published network asks for more draws than it has edges and comes out at 73 % density."""
    config = TrainConfig(mask="er-epsilon", epsilon=13.0, mask_draw="replacement")
    edges = initial_edges(config, of_sizes(784, 1000, 10), sparse=True, rng=np.random.default_rng(0))
    for at, possible, draws in zip(edges, (784_000, 10_000), (23_192, 13_130), strict=True):
        expected = possible * (1 - (1 - 1 / possible) ** draws)
        assert len(at) == pytest.approx(expected, abs=4 * np.sqrt(expected))
        assert (np.diff(at) > 0).all()
        assert at[-1] < possible
    assert 0.72 < len(edges[1]) / 10_000 < 0.74


def test_draws_with_replacement_belong_to_epsilon() -> None:
    with pytest.raises(ConfigError, match="belongs to mask 'er-epsilon', not 'erk'"):
        TrainConfig(mask_draw="replacement")


def test_a_layer_that_chance_leaves_empty_is_refused() -> None:
    config = TrainConfig(mask="uniform", density=0.004, mask_draw="bernoulli")
    with pytest.raises(ConfigError, match="no edge between layers 0 and 1"):
        initial_edges(config, of_sizes(20, 10), sparse=True, rng=np.random.default_rng(2))


def radix(**values: Any) -> TrainConfig:
    return TrainConfig(**{"mask": "radix", "radix_systems": "10,10", "radix_widths": (8, 3, 1), "hidden": (), **values})


def test_a_radix_net_on_mnist_and_its_random_twin() -> None:
    shapes, rng = of_sizes(784, 300, 100, 10), np.random.default_rng(0)
    assert radix().hidden == (300, 100)
    edges = initial_edges(radix(), shapes, sparse=True, rng=rng)
    network = tk.radix_net([(10, 10)], (8, 3, 1), n_inputs=784)
    for at, shape, block in zip(edges, shapes, network.blocks, strict=False):
        assert np.array_equal(at, np.flatnonzero(block.adjacency().toarray().T))
        assert at[-1] < prod(shape)
    twin = initial_edges(radix(mask="radix-random"), shapes, sparse=True, rng=rng)
    assert [len(at) for at in twin] == [len(at) for at in edges] == [23_520, 3_000, 1_000]
    assert not np.array_equal(twin[0], edges[0])


@pytest.mark.parametrize("mask", ["radix", "radix-random"])
def test_a_radix_net_trains_in_every_engine(mask: str) -> None:
    options = radix(mask=mask, radix_systems="2,2", radix_widths=(4, 2, 3), method="static")
    networks = []
    for name in ("masked", "sparse"):
        engine = make_engine(options.replace(engine=name), STATIC, toy_data())
        engine.train_batch(*toy_batch(toy_data(), 0), learning_rate=0.1)
        networks.append(engine.network())
    assert [layer.size for layer in networks[0].layers] == [12, 8, 12, 3]
    for first, second in zip(networks[0].blocks, networks[1].blocks, strict=True):
        assert np.array_equal(first.adjacency().toarray(), second.adjacency().toarray())
        assert first.weight_matrix().toarray() == pytest.approx(second.weight_matrix().toarray(), abs=1e-5)
    assert [block.n_edges for block in networks[0].blocks] == [48, 48, 36]


def test_hidden_widths_of_a_radix_net_agree() -> None:
    config = radix(radix_systems="2,3;3,2", radix_widths=(1, 2, 3, 2, 1))
    assert config.hidden == (12, 18, 12, 6)
    assert config.dense_output
    assert edge_counts(config, of_sizes(5, 12, 18, 12, 6, 4)) == (20, 108, 108, 24, 24)
    assert TrainConfig.from_dict(config.to_dict()) == config
    with pytest.raises(
        ConfigError, match=r"makes hidden layers of \(12, 18, 12, 6\) neurons, the network has \(256, 256\)"
    ):
        edge_counts(config.replace(hidden=(256, 256)), of_sizes(5, 256, 256, 4))


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"radix_systems": ""}, "radix_systems is '': it takes radices such as"),
        ({"radix_systems": "10;;10"}, "it takes radices such as"),
        ({"radix_systems": "2,x"}, "it takes radices such as"),
        ({"radix_systems": "2,1"}, "radices of 2 or more"),
        ({"radix_widths": (8, 3)}, "take 3, one more than their radices"),
        ({"dense_input": True}, "fills the first layer: set dense_input = false"),
    ],
)
def test_wrong_radix_nets_are_refused(values: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        radix(**values)


def test_a_radix_net_needs_enough_inputs_and_full_connection() -> None:
    with pytest.raises(ConfigError, match=r"801 inputs were asked for.*take a larger first width"):
        edge_counts(radix(), of_sizes(801, 300, 100, 10))
    with pytest.raises(ConfigError, match="for fully connected networks"):
        edge_counts(radix(), [(8, 3, 3, 3), (10, 8)])


def test_a_dense_method_has_every_edge() -> None:
    edges = initial_edges(TrainConfig(), of_sizes(8, 4, 2), sparse=False, rng=np.random.default_rng(0))
    assert [places.tolist() for places in edges] == [list(range(32)), list(range(8))]


def test_edges_are_drawn_uniformly() -> None:
    config, rng = TrainConfig(mask="uniform", density=0.25), np.random.default_rng(1)
    total = np.zeros(40)
    for _ in range(4000):
        total[initial_edges(config, of_sizes(8, 5), sparse=True, rng=rng)[0]] += 1
    assert np.abs(total / 4000 - 0.25).max() < 5 * np.sqrt(0.25 * 0.75 / 4000)


@pytest.mark.parametrize("mask", ["erk", "uniform", "er-epsilon"])
def test_a_layer_without_edges_is_refused_before_training(mask: str) -> None:
    config = TrainConfig(mask=mask, density=1e-6, epsilon=1e-6)
    with pytest.raises(ConfigError, match=r"no edge between layers 0 and 1 \(20 and 30 neurons\)"):
        edge_counts(config, of_sizes(20, 30, 10))
