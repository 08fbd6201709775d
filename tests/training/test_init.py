"""Initial weights have the laws they are named after, whatever other edges there are."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
import pytest
from scipy import stats
from toy_training import toy_data

from topokit.training import TrainConfig
from topokit.training.engines.build import make_engine
from topokit.training.engines.first_edges import initial_numbers
from topokit.training.methods.static import STATIC
from topokit.training.models.init import initial_biases, initial_weights

SHAPE = (50, 20, 3, 3)
LAWS = {
    "he": stats.uniform(-sqrt(6 / 180), 2 * sqrt(6 / 180)),
    "he-sparse": stats.uniform(-sqrt(6 / 180), 2 * sqrt(6 / 180)),
    "torch": stats.uniform(-sqrt(1 / 180), 2 * sqrt(1 / 180)),
    "kaiming-normal": stats.norm(0, sqrt(2 / 180)),
    "normal": stats.norm(0, 0.04),
    "truncated-normal": stats.truncnorm(-2, 2, 0, 0.04),
}


def drawn(rule: str, edges: np.ndarray | None = None, **values: Any) -> np.ndarray:
    places = np.arange(np.prod(SHAPE)) if edges is None else edges
    return initial_weights(rule, SHAPE, places, **{"seed": 3, "layer": 1, "deviation": 0.04, **values})


@pytest.mark.parametrize("rule", list(LAWS))
def test_weights_have_their_law(rule: str) -> None:
    weights = drawn(rule)
    assert weights.dtype == np.float32
    assert stats.kstest(weights, LAWS[rule].cdf).pvalue > 0.01
    assert weights.std() == pytest.approx(LAWS[rule].std(), rel=0.02)


@pytest.mark.parametrize("rule", [rule for rule in LAWS if rule != "he-sparse"])
def test_an_edge_has_the_same_weight_whatever_the_others_are(rule: str) -> None:
    edges = np.sort(np.random.default_rng(0).permutation(9000)[:500])
    assert np.array_equal(drawn(rule, edges), drawn(rule)[edges])
    assert not np.array_equal(drawn(rule), drawn(rule, layer=2))
    assert not np.array_equal(drawn(rule), drawn(rule, seed=4))


def test_normal_weights_of_a_large_layer_have_their_tails() -> None:
    weights = initial_weights("normal", (1000, 1000), np.arange(10**6), seed=0, layer=0, deviation=1.0)
    beyond = np.abs(weights) > 4
    assert beyond.sum() == pytest.approx(2e6 * stats.norm.sf(4), abs=5 * sqrt(2e6 * stats.norm.sf(4)))
    assert np.isfinite(weights).all()
    cut = initial_weights("truncated-normal", (1000, 1000), np.arange(10**6), seed=0, layer=0, deviation=1.0)
    assert 1.999 < np.abs(cut).max() <= 2


def test_biases_start_at_the_value_given_but_pytorchs() -> None:
    assert initial_biases("truncated-normal", SHAPE, seed=0, layer=0, value=0.1).tolist() == [np.float32(0.1)] * 50
    biases = initial_biases("torch", SHAPE, seed=0, layer=0, value=0.1)
    assert stats.kstest(biases, LAWS["torch"].cdf).pvalue > 0.01


def test_all_layers_and_biases_have_draws_of_their_own() -> None:
    numbers = initial_numbers(TrainConfig(init="torch"), [(8, 8)] * 2, [np.arange(64)] * 2)
    assert len({tuple(values[:8].round(5)) for layer in numbers for values in layer}) == 4


@pytest.mark.parametrize("engine", ["masked", "sparse"])
def test_a_configuration_reaches_the_network(engine: str) -> None:
    options = {"init": "truncated-normal", "init_deviation": 0.04, "init_bias": 0.1}
    config = TrainConfig(hidden=(200,), density=0.8, engine=engine, **options)
    made = make_engine(config, STATIC, toy_data())
    weights = made.network().blocks[0].weights
    assert weights is not None
    assert stats.kstest(weights, LAWS["truncated-normal"].cdf).pvalue > 0.01
    biases = [values for name, values in made.state().items() if name.startswith("weight") and name.endswith("bias")]
    assert [len(values) for values in biases] == [200, 3]
    assert all(np.allclose(values, 0.1) for values in biases)
