"""Mean activations against the same means taken by hand."""

from __future__ import annotations

import weakref
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

import topokit as tk
from topokit.errors import InsufficientDataError, ParameterError
from topokit.recording import mean_activations, network_from_module


def perceptron() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Dropout(0.5), nn.Linear(7, 4), nn.Tanh(), nn.Linear(4, 2))


def by_hand(model: nn.Sequential, x: Tensor) -> dict[str, np.ndarray]:
    w1, b1, w2, b2 = (model[k].get_parameter(name).detach().double() for k in (0, 3) for name in ("weight", "bias"))
    first = (x.double() @ w1.T + b1).clamp(min=0)
    second = torch.tanh(first @ w2.T + b2)
    return {"0": first.abs().mean(0).numpy(), "3": second.abs().mean(0).numpy()}


def assert_same(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert list(found) == list(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-5, atol=1e-7)


def test_linear_layers_from_every_kind_of_data() -> None:
    model, x = perceptron(), torch.randn(103, 5)
    y = torch.zeros(103)
    expected = by_hand(model, x)
    for data in (
        x,
        x.numpy(),
        x.double(),
        [x[:50], x[50:]],
        ((x[k : k + 1], y[k : k + 1]) for k in range(103)),
        DataLoader(TensorDataset(x, y), batch_size=10),
    ):
        assert_same(mean_activations(model, data, batch_size=32), expected)


def test_layers_are_named_as_in_the_network() -> None:
    model = perceptron()
    names = [layer.name for layer in network_from_module(model).hidden]
    assert list(mean_activations(model, torch.randn(3, 5))) == names


def test_channels_are_averaged_over_positions() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.MaxPool2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(27, 4), nn.Sigmoid()
    )
    model[1].running_mean = torch.tensor([0.5, -0.5, 0.0])
    x = torch.randn(20, 2, 8, 8)
    found = mean_activations(model, x, batch_size=6)
    with torch.no_grad():
        normal = (functional.conv2d(x, model[0].weight, model[0].bias) - model[1].running_mean[:, None, None]) / (
            1 + 1e-5
        ) ** 0.5
        hidden = functional.max_pool2d(normal, 2).clamp(min=0)
        last = torch.sigmoid(hidden.flatten(1) @ model[5].weight.T + model[5].bias)
    assert_same(found, {"0": hidden.mean((0, 2, 3)).numpy(), "5": last.mean(0).numpy()})


def test_one_activation_module_used_twice() -> None:
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc1, self.act, self.fc2, self.fc3 = nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 5), nn.Linear(5, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc3(self.act(self.fc2(self.act(self.fc1(x)))))

    model, x = Shared(), torch.randn(9, 3)
    with torch.no_grad():
        first = functional.relu(model.fc1(x))
        second = functional.relu(model.fc2(first))
    assert_same(mean_activations(model, x), {"fc1": first.mean(0).numpy(), "fc2": second.mean(0).numpy()})


class Residual(nn.Module):
    """Two convolutions whose result is added to that of a shorter way, as in He et al. (2016)."""

    def __init__(self, *, shortcut_first: bool) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.shortcut = nn.Sequential(nn.Conv2d(2, 4, 1), nn.BatchNorm2d(4))
        self.stem, self.relu, self.fc = nn.Identity(), nn.ReLU(inplace=True), nn.Linear(4, 2)
        self.shortcut_first = shortcut_first

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        if self.shortcut_first:
            beside = self.shortcut(x)
            inner = self.conv2(self.relu(self.conv1(x)))
        else:
            inner = self.conv2(self.relu(self.conv1(x)))
            beside = self.shortcut(x)
        return self.fc(self.relu(inner + beside).mean((2, 3)))


@pytest.mark.parametrize("shortcut_first", [False, True])
def test_a_sum_belongs_to_the_longer_way_as_in_the_network(shortcut_first: bool) -> None:
    torch.manual_seed(0)
    model, x = Residual(shortcut_first=shortcut_first).eval(), torch.randn(9, 2, 5, 5)
    with torch.no_grad():
        first = functional.relu(model.conv1(x))
        merged = functional.relu(model.conv2(first) + model.shortcut(x))
    expected = {"conv1": first.mean((0, 2, 3)).numpy(), "conv2": merged.mean((0, 2, 3)).numpy()}
    assert_same(mean_activations(model, x), expected)


def test_of_two_layers_in_a_row_the_second_has_the_activation() -> None:
    model, x = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2)), torch.randn(9, 3)
    assert list(mean_activations(model, x)) == ["1"]


class Functional(nn.Module):
    """Calls its activation as a function, in place."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.norm, self.fc2, self.fc3 = nn.Linear(3, 4), nn.LayerNorm(4), nn.Linear(4, 5), nn.Linear(5, 2)

    def forward(self, x: Tensor) -> Tensor:
        hidden = functional.relu(self.norm(self.fc1(x)), inplace=True)
        return self.fc3(functional.relu(self.fc2(hidden)))


def test_an_activation_that_is_a_function() -> None:
    model, x = Functional(), torch.randn(9, 3)
    with torch.no_grad():
        first = functional.relu(model.norm(model.fc1(x)))
        second = functional.relu(model.fc2(first))
    found = mean_activations(model, x, function=functional.relu)
    assert_same(found, {"fc1": first.mean(0).numpy(), "fc2": second.mean(0).numpy()})
    with pytest.raises(InsufficientDataError, match="function="):
        mean_activations(model, x)


def test_an_activation_class_of_ones_own() -> None:
    class Square(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x * x

    model, x = nn.Sequential(nn.Linear(3, 4), Square(), nn.Linear(4, 2)), torch.randn(9, 3)
    found = mean_activations(model, x, modules=(Square,))
    assert_same(found, {"0": model[:2](x).detach().mean(0).numpy()})


def test_the_model_is_left_as_it_was() -> None:
    model = perceptron().train()
    model[2].eval()
    mean_activations(model, torch.randn(4, 5))
    assert [module.training for module in model] == [True, True, False, True, True, True]
    assert all(not module._forward_hooks for module in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())
    with pytest.raises(RuntimeError):
        mean_activations(model, torch.randn(4, 6))
    assert [module.training for module in model] == [True, True, False, True, True, True]
    assert all(not module._forward_hooks for module in model.modules())


def test_dead_neurons_are_dormant() -> None:
    model = perceptron()
    model[0].bias.data[:2] = -100
    result = tk.tau_dormant(mean_activations(model, torch.randn(50, 5)), tau=0.0)
    assert result.dormant("0")[:2].all()
    assert result.summary["dormant"].tolist()[0] == 2


def test_no_data() -> None:
    with pytest.raises(InsufficientDataError, match="no sample"):
        mean_activations(perceptron(), [])
    with pytest.raises(ParameterError, match="batch_size"):
        mean_activations(perceptron(), torch.randn(4, 5), batch_size=0)


def test_streaming_a_convolution_is_one_big_batch() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 6), nn.ReLU(), nn.Linear(6, 2))
    model, x = model.double(), torch.randn(301, 1, 8, 8, dtype=torch.float64)
    with torch.no_grad():
        maps, hidden = model[:2](x), model[:5](x)
    loader = DataLoader(TensorDataset(x, torch.zeros(301)), batch_size=7)
    streamed = tk.tau_dormant(mean_activations(model, loader))
    at_once = tk.tau_dormant({"0": maps.numpy(), "3": hidden.numpy()})
    for layer in ("0", "3"):
        np.testing.assert_allclose(streamed.scores[layer], at_once.scores[layer], rtol=1e-12)


def test_sums_of_many_small_activations_lose_nothing() -> None:
    model = nn.Sequential(nn.Linear(1, 1, bias=False), nn.ReLU(), nn.Linear(1, 1))
    model[0].weight.data[:] = 0.1
    x = torch.ones(2**20 + 3, 1)
    exact = float(np.float32(0.1))
    for size in (2**20 + 3, 1000):
        assert mean_activations(model, x, batch_size=size)["0"][0] == pytest.approx(exact, rel=1e-12)


def test_data_never_has_to_fit() -> None:
    model, alive = perceptron(), []

    def stream() -> Iterator[tuple[Tensor, Tensor]]:
        for _ in range(20):
            batch = torch.randn(8, 5)
            alive.append(weakref.ref(batch))
            yield batch, torch.zeros(8)
            del batch
            assert sum(reference() is not None for reference in alive) <= 2

    mean_activations(model, stream())
