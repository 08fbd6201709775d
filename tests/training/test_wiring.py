"""The wiring at the start has exactly the edges its rule says."""

from __future__ import annotations

from itertools import pairwise
from math import prod

import numpy as np
import pytest

from topokit.errors import ConfigError
from topokit.training import TrainConfig
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
    assert edge_counts(TrainConfig(mask="uniform", density=0.1), sizes) == (500, 50)
    assert edge_counts(TrainConfig(mask="er-epsilon", epsilon=2.0), sizes) == (300, 120)


def test_a_dense_output_stands_outside_the_density() -> None:
    config = TrainConfig(mask="uniform", density=0.1, dense_output=True)
    assert edge_counts(config, of_sizes(100, 50, 10)) == (500, 500)
    assert edge_counts(config, of_sizes(100, 10)) == (1000,)


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
