"""The sparse engine beside SET on SciPy matrices, masks in PyTorch and a dense network in PyTorch.

All take one thread, and the processor's time is measured, which other programs do not stretch.
"""

from __future__ import annotations

from collections.abc import Callable
from time import process_time

import numpy as np
import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from scipy_set import ScipySet
from toy_training import change, toy_data

from topokit.registry import METHODS
from topokit.training import TrainConfig
from topokit.training.engines.build import masked_engine, sparse_engine
from topokit.training.engines.engine import Engine

DATA = toy_data(n=256, features=784, classes=10)
X, Y = torch.tensor(DATA.train_x), torch.tensor(DATA.train_y)
RATE = 0.01

CONFIG = TrainConfig(
    method="set",
    hidden=(1000, 1000, 1000),
    mask="er-epsilon",
    epsilon=13.0,
    nesterov=False,
    weight_decay=2e-4,
    decay_form="unscaled",
)


def timed(group: str) -> pytest.MarkDecorator:
    return pytest.mark.benchmark(
        group=f"sparse training: {group}", timer=process_time, min_rounds=20, warmup=True, warmup_iterations=3
    )


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def engine(make: Callable[..., Engine], config: TrainConfig) -> Engine:
    return make(config, METHODS.load(config.method), DATA)


def plain_torch() -> Callable[[], None]:
    """A dense network of PyTorch's own parts."""
    sizes = (784, *CONFIG.hidden, 10)
    layers = [part for k in range(4) for part in (torch.nn.Linear(sizes[k], sizes[k + 1]), torch.nn.ReLU())]
    model = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=0.9)

    def step() -> None:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(X), Y).backward()
        optimizer.step()

    return step


def scipy_step() -> Callable[[], None]:
    ours = engine(sparse_engine, CONFIG)
    peer = ScipySet([block.weight_matrix() for block in ours.network().blocks], CONFIG.momentum, CONFIG.weight_decay)
    x, y = X.numpy().astype(np.float64), Y.numpy()
    for _ in range(3):
        loss = ours.train_batch(X, Y, learning_rate=RATE).mean_loss
        assert peer.step(x, y, RATE) == pytest.approx(loss, rel=1e-5)
    for theirs, block in zip(peer.weights, ours.network().blocks, strict=True):
        np.testing.assert_allclose(block.weight_matrix().data, theirs.data, atol=1e-5)
    return lambda: peer.step(x, y, RATE)


def masked_step() -> Callable[[], None]:
    ours, peer = engine(sparse_engine, CONFIG), engine(masked_engine, CONFIG)
    for _ in range(3):
        losses = [one.train_batch(X, Y, learning_rate=RATE).mean_loss for one in (ours, peer)]
        assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    return lambda: peer.train_batch(X, Y, learning_rate=RATE)


def sparse_step() -> Callable[[], None]:
    ours = engine(sparse_engine, CONFIG)
    return lambda: ours.train_batch(X, Y, learning_rate=RATE)


STEPS = {"topokit": sparse_step, "SciPy": scipy_step, "PyTorch, masked": masked_step, "PyTorch, dense": plain_torch}


@timed("one step, 784-1000-1000-1000-10, epsilon 13, 128 samples")
@pytest.mark.parametrize("peer", list(STEPS))
def test_step(benchmark: BenchmarkFixture, peer: str) -> None:
    benchmark(STEPS[peer]())


@timed("at which density dense products are as fast")
@pytest.mark.parametrize("density", [0.05, 0.1, 0.2, 0.3, 0.4, 1.0])
def test_break_even(benchmark: BenchmarkFixture, density: float) -> None:
    if density == 1:
        benchmark(plain_torch())
        return
    ours = engine(sparse_engine, CONFIG.replace(mask="uniform", density=density))
    benchmark(lambda: ours.train_batch(X, Y, learning_rate=RATE))


@timed("one change of the wiring, 85,192 edges")
@pytest.mark.parametrize("method", ["set", "rigl"])
def test_update(benchmark: BenchmarkFixture, method: str) -> None:
    config = CONFIG.replace(method=method)
    ours = engine(sparse_engine, config)
    number = iter(range(10**6))

    def update() -> None:
        ours.rewire(change(0.3, next(number), config))
        for layer in list(ours.layers.values())[1:]:
            assert len(layer.columns)

    def gradient() -> None:
        ours.train_batch(X, Y, learning_rate=RATE, rewires=True)

    benchmark.pedantic(update, setup=gradient, rounds=30)


@timed("a masked step; extra_info says what it takes over a dense one")
def test_masks(benchmark: BenchmarkFixture) -> None:
    """Both take turns, for how fast a machine is changes from second to second."""
    masked = engine(masked_engine, CONFIG.replace(decay_form="coupled", weight_decay=0.0))
    dense, masked_times, dense_times = plain_torch(), list[float](), list[float]()

    def in_turn() -> None:
        times = [process_time()]
        for step in (dense, lambda: masked.train_batch(X, Y, learning_rate=RATE)):
            step()
            times.append(process_time())
        dense_times.append(times[1] - times[0])
        masked_times.append(times[2] - times[1])

    benchmark.pedantic(in_turn, rounds=50, warmup_rounds=3)
    benchmark.extra_info["masked over dense"] = round(float(np.median(masked_times) / np.median(dense_times)), 3)
