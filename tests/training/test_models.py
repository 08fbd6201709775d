"""Activations, initial weights, and the wiring a model shows."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
import torch
from toy_training import toy_data, toy_engine

from topokit.training import TrainConfig
from topokit.training.models.activations import SReLU, make_activation


def srelu(seed: int = 0) -> SReLU:
    """With parameters away from their start."""
    unit, rng = SReLU(6, torch.Generator().manual_seed(seed)), torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        for parameter in unit.parameters():
            parameter.add_(torch.randn(6, generator=rng))
        unit.right_distance[::2] *= -1
    return unit


def test_srelu_is_its_formula() -> None:
    unit = srelu()
    left, a, t, b = (p.detach().numpy().astype(float) for p in unit.parameters())
    right = left + np.abs(t)
    x = np.linspace(-8, 8, 600).reshape(100, 6)
    expected = np.where(x < left, left + a * (x - left), np.where(x > right, right + b * (x - right), x))
    assert unit(torch.tensor(x, dtype=torch.float32)).detach().numpy() == pytest.approx(expected, abs=1e-5)


def test_srelu_gradients_are_right() -> None:
    unit = srelu().double()
    x = torch.linspace(-8, 8, 60, dtype=torch.float64).reshape(10, 6).requires_grad_()
    names = [name for name, _ in unit.named_parameters()]

    def call(x: torch.Tensor, *values: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(unit, dict(zip(names, values, strict=True)), (x,))

    assert torch.autograd.gradcheck(call, (x, *unit.parameters()))


def test_srelu_starts_as_published() -> None:
    unit = SReLU(2000, torch.Generator().manual_seed(0))
    assert not unit.left_threshold.any()
    assert bool((unit.right_slope == 1).all())
    for values, high in ((unit.left_slope.detach(), 1.0), (unit.right_distance.detach(), 5.0)):
        assert 0 <= float(values.min()) < 0.01 * high
        assert 0.99 * high < float(values.max()) < high


def test_allrelu_turns_its_slope_from_layer_to_layer() -> None:
    config = TrainConfig(activation="allrelu", allrelu_slope=0.6)
    units = [make_activation(config, 1, layer, torch.Generator()) for layer in (1, 2, 3)]
    assert [unit(torch.tensor([-10.0])).item() for unit in units] == [-6, 6, -6]


def test_masks_cover_all_matrices_and_nothing_else() -> None:
    engine = toy_engine(TrainConfig(hidden=(9, 7), activation="srelu"), toy_data())
    assert list(engine.masks) == ["layers.0.weight", "layers.1.weight", "layers.2.weight"]
    undecayed = engine.model.undecayed()
    assert len(undecayed) == 8
    assert all(name.startswith("activations.") for name in undecayed)


def test_layers_may_be_any_number() -> None:
    for hidden in ((), (5,), (6, 5, 4, 3)):
        engine = toy_engine(TrainConfig(hidden=hidden), toy_data())
        assert engine.model.sizes == (12, *hidden, 3)
        assert engine.network().is_chain


@pytest.mark.parametrize("init", ["he", "he-sparse", "torch"])
def test_initial_weights_fill_their_interval(init: str) -> None:
    config = TrainConfig(hidden=(400,), init=init, mask="uniform", density=0.2)
    engine = toy_engine(config, toy_data(features=300))
    name = "layers.0.weight"
    weight, mask = engine.parameters[name].detach(), engine.masks[name]
    fan_in = mask.sum(1, keepdim=True).float() if init == "he-sparse" else torch.tensor(300.0)
    scaled = (weight / ((1 if init == "torch" else sqrt(6)) / fan_in.sqrt()))[mask]
    assert float(scaled.abs().max()) <= 1 + 1e-6
    assert float(scaled.var()) == pytest.approx(1 / 3, rel=0.03)
    assert bool(engine.parameters["layers.0.bias"].any()) == (init == "torch")


def test_the_network_is_the_masks_with_the_weights() -> None:
    engine = toy_engine(TrainConfig(hidden=(9, 7), density=0.3), toy_data())
    network = engine.network()
    assert [layer.name for layer in network.layers] == ["input", "hidden1", "hidden2", "output"]
    for block, (name, mask) in zip(network.blocks, engine.masks.items(), strict=True):
        assert np.array_equal(block.adjacency().toarray(), mask.numpy().T)
        assert np.array_equal(block.weight_matrix().toarray(), engine.parameters[name].detach().numpy().T)


def test_the_global_generators_are_not_touched() -> None:
    before, before_numpy = torch.get_rng_state(), np.random.get_state()[1]  # noqa: NPY002 - the global state is what must not change
    toy_engine(TrainConfig(hidden=(9,), activation="srelu", init="torch"), toy_data())
    assert torch.equal(before, torch.get_rng_state())
    assert np.array_equal(before_numpy, np.random.get_state()[1])  # noqa: NPY002 - the global state is what must not change
