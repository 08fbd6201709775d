"""The wiring at the start has exactly the edges its rule says."""

from __future__ import annotations

import numpy as np
import pytest

from topokit.errors import ConfigError
from topokit.training import TrainConfig
from topokit.training.wiring import edge_counts, initial_masks

CIFAR_MLP = (3072, 1024, 512, 10)


@pytest.mark.parametrize("mask", ["er", "erk"])
def test_erk_on_the_published_network(mask: str) -> None:
    config = TrainConfig(mask=mask, density=0.05)
    assert edge_counts(config, CIFAR_MLP) == (129_918, 48_719, 5_120)
    masks = initial_masks(config, CIFAR_MLP, sparse=True, rng=np.random.default_rng(0))
    assert [m.sum() for m in masks] == [129_918, 48_719, 5_120]
    assert [m.shape for m in masks] == [(1024, 3072), (512, 1024), (10, 512)]


def test_uniform_and_epsilon() -> None:
    sizes = (100, 50, 10)
    assert edge_counts(TrainConfig(mask="uniform", density=0.1), sizes) == (500, 50)
    assert edge_counts(TrainConfig(mask="er-epsilon", epsilon=2.0), sizes) == (300, 120)


def test_a_dense_output_stands_outside_the_density() -> None:
    config = TrainConfig(mask="uniform", density=0.1, dense_output=True)
    assert edge_counts(config, (100, 50, 10)) == (500, 500)
    assert edge_counts(config, (100, 10)) == (1000,)


def test_a_dense_method_has_every_edge() -> None:
    masks = initial_masks(TrainConfig(), (8, 4, 2), sparse=False, rng=np.random.default_rng(0))
    assert all(m.all() for m in masks)


def test_edges_are_drawn_uniformly() -> None:
    config, rng = TrainConfig(mask="uniform", density=0.25), np.random.default_rng(1)
    total = sum(initial_masks(config, (8, 5), sparse=True, rng=rng)[0].astype(int) for _ in range(4000))
    assert np.abs(total / 4000 - 0.25).max() < 5 * np.sqrt(0.25 * 0.75 / 4000)


@pytest.mark.parametrize("mask", ["erk", "uniform", "er-epsilon"])
def test_a_layer_without_edges_is_refused_before_training(mask: str) -> None:
    config = TrainConfig(mask=mask, density=1e-6, epsilon=1e-6)
    with pytest.raises(ConfigError, match=r"no edge between layers 0 and 1 \(20 and 30 neurons\)"):
        edge_counts(config, (20, 30, 10))
