"""Steps of several seeds of a small network, one after the other and in one computation."""

from __future__ import annotations

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from toy_training import toy_data, toy_engine

from topokit.training import TrainConfig
from topokit.training.engines.seed_stack import SeedStack
from topokit.training.engines.turn import Turn

NETWORKS = {"64-64-64-10, 64 samples": (64, (64, 64), 64), "784-300-100-10, 128 samples": (784, (300, 100), 128)}


@pytest.mark.parametrize("together", [False, True], ids=["alone", "together"])
@pytest.mark.parametrize("seeds", [1, 4, 16])
@pytest.mark.parametrize("network", NETWORKS)
def test_seeds(benchmark: BenchmarkFixture, network: str, seeds: int, together: bool) -> None:
    torch.set_num_threads(1)
    features, hidden, size = NETWORKS[network]
    data = toy_data(n=2 * size, features=features, classes=10)
    x, y = torch.tensor(data.train_x), torch.tensor(data.train_y)
    configs = [TrainConfig(method="static", hidden=hidden, density=0.05, seed=seed) for seed in range(seeds)]
    engines, peers = ([toy_engine(config, data) for config in configs] for _ in "ab")
    stack, turns = SeedStack(peers), [Turn(peer, 1, x, y, 0.01, False, None) for peer in peers]

    def alone() -> None:
        for engine in engines:
            engine.train_batch(x, y, learning_rate=0.01)

    for _ in range(3):
        alone()
        stack.take(turns)
    for engine, peer in zip(engines, peers, strict=True):
        for name, parameter in engine.parameters.items():
            torch.testing.assert_close(peer.parameters[name], parameter, atol=1e-5, rtol=1e-4)
    benchmark.group = f"training: one step of {seeds} seeds, {network}"
    benchmark((lambda: stack.take(turns)) if together else alone)
