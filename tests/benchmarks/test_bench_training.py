"""What masks and rewiring cost beside plain dense training in PyTorch, and selection beside a stable sort."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from toy_training import change, toy_data, toy_engine

from topokit.training import TrainConfig
from topokit.training.methods.selection import smallest

DATA = toy_data(n=256, features=784, classes=10)
X, Y = torch.tensor(DATA.train_x), torch.tensor(DATA.train_y)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def config(method: str) -> TrainConfig:
    return TrainConfig(method=method, hidden=(300, 100), density=0.05)


def plain_torch() -> tuple[torch.nn.Module, Callable[[], float]]:
    model = toy_engine(config("dense"), DATA).model
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, nesterov=True, weight_decay=5e-4)

    def step() -> float:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(X), Y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return model, step


@pytest.mark.benchmark(group="training: one step, 784-300-100-10, 128 samples")
@pytest.mark.parametrize("method", ["torch", "dense", "static", "set", "rigl", "snfs"])
def test_step(benchmark: BenchmarkFixture, method: str) -> None:
    model, step = plain_torch()
    if method == "torch":
        benchmark(step)
        return
    dense = toy_engine(config("dense"), DATA)
    for _ in range(3):
        step()
        dense.train_batch(X, Y, learning_rate=0.01)
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(dense.parameters[name], parameter)
    engine = toy_engine(config(method), DATA)
    benchmark(engine.train_batch, X, Y, learning_rate=0.01)


@pytest.mark.benchmark(group="training: one rewiring, 784-300-100-10")
@pytest.mark.parametrize("method", ["set", "rigl", "snfs"])
def test_rewiring(benchmark: BenchmarkFixture, method: str) -> None:
    engine = toy_engine(config(method), DATA)

    def gradient() -> None:
        engine.train_batch(X, Y, learning_rate=0.01, rewires=True)

    benchmark.pedantic(lambda: engine.rewire(change(0.3, config=engine.config)), setup=gradient, rounds=50)


@pytest.mark.benchmark(group="training: the 30,000 smallest of 1,000,000")
@pytest.mark.parametrize("peer", ["stable sort", "topokit"])
def test_selection(benchmark: BenchmarkFixture, peer: str) -> None:
    values = np.random.default_rng(0).normal(size=1_000_000).astype(np.float32)
    assert np.array_equal(smallest(values, 30_000), np.sort(np.argsort(values, kind="stable")[:30_000]))
    if peer == "topokit":
        benchmark(smallest, values, 30_000)
    else:
        benchmark(lambda: np.sort(np.argsort(values, kind="stable")[:30_000]))
