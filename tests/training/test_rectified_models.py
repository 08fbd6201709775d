"""Networks with rectified class scores: those of the plain network cut off at 0, its size, and what decays."""

from __future__ import annotations

from math import prod

import numpy as np
import pytest
import torch

from topokit.registry import MODELS
from topokit.training import TrainConfig
from topokit.training.models.base import SparseModel

MNIST = (28, 28)

WIDER = {"lenet-5-rectified": 1, "lenet-5-rectified-x2": 2, "lenet-5-rectified-x10": 10, "lenet-5-rectified-x100": 100}


def made(name: str, shape: tuple[int, ...] = MNIST) -> SparseModel:
    model: SparseModel = MODELS.load(name)(
        TrainConfig(model=name), input_shape=shape, n_classes=10, rng=torch.Generator()
    )
    return model


@pytest.mark.parametrize(("name", "shape"), [("lenet-300-100", MNIST), ("lenet-5", (8, 8))])
def test_scores_are_those_of_the_plain_network_above_zero(name: str, shape: tuple[int, ...]) -> None:
    plain, rectified = made(name, shape), made(f"{name}-rectified", shape)
    generator = torch.Generator().manual_seed(0)
    state = {key: 0.3 * torch.randn(value.shape, generator=generator) for key, value in plain.state_dict().items()}
    plain.load_state_dict(state)
    rectified.load_state_dict(state)
    x = torch.rand(20, prod(shape), generator=generator)
    scores = plain(x)
    assert (scores < 0).any()
    assert (scores > 0).any()
    torch.testing.assert_close(rectified(x), scores.clamp(min=0))


def test_a_class_below_zero_everywhere_learns_nothing() -> None:
    model = made("lenet-300-100-rectified")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(0.01)
        model.layers[-1].bias[3] = -1000.0
    model.learn(torch.rand(8, 784), torch.full((8,), 3), None)
    gradient = model.layers[-1].weight.grad
    assert not gradient[3].any()
    assert gradient[2].any()


@pytest.mark.parametrize("name", WIDER)
def test_wider_networks_have_more_maps_in_the_second_convolution_alone(name: str) -> None:
    with torch.device("meta"):
        model = made(name)
    maps = 50 * WIDER[name]
    expected = [(20, 1, 5, 5), (maps, 20, 5, 5), (384, 49 * maps), (10, 384)]
    assert [tuple(weights.shape) for weights in model.maskable.values()] == expected


def test_only_fully_connected_weights_decay() -> None:
    for name, decayed in (
        ("lenet-300-100-rectified", {"layers.0.weight", "layers.1.weight", "layers.2.weight"}),
        ("lenet-5-rectified", {"fc1.weight", "logits.weight"}),
    ):
        model = made(name)
        assert {key for key, _ in model.named_parameters()} - model.undecayed() == decayed


def test_it_trains_as_the_plain_network_while_all_scores_are_positive() -> None:
    plain, rectified = made("lenet-300-100"), made("lenet-300-100-rectified")
    rng = np.random.default_rng(0)
    state = {k: torch.tensor(rng.uniform(0, 0.01, v.shape), dtype=torch.float32) for k, v in plain.state_dict().items()}
    x, y = torch.rand(8, 784), torch.arange(8)
    for model in (plain, rectified):
        model.load_state_dict(state)
        model.learn(x, y, None)
    for ours, theirs in zip(rectified.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad)
