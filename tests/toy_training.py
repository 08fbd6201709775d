"""Small networks in training, on made-up data."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from topokit.registry import METHODS
from topokit.training import TrainConfig
from topokit.training.data import Data
from topokit.training.engines.build import masked_engine
from topokit.training.engines.masked import MaskedEngine
from topokit.training.methods import Change, Rewiring
from topokit.training.randomness import stream


def toy_data(n: int = 48, features: int = 12, classes: int = 3, *, seed: int = 0) -> Data:
    """Gaussian clouds around one centre a class; the first feature is always 0, as border pixels are."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % classes
    x = rng.normal(0, 1, (classes, features))[y] + rng.normal(0, 1, (n, features))
    x[:, 0] = 0
    half = n // 2
    x = x.astype(np.float32)
    return Data("toy", x[:half], y[:half], x[half:], y[half:], (features,), classes)


def toy_engine(config: TrainConfig, data: Data) -> MaskedEngine:
    return masked_engine(config, METHODS.load(config.method), data)


def change(fraction: float, seed: int = 0, config: TrainConfig | None = None, stage: float = 1.0) -> Change:
    return Change(config or TrainConfig(), fraction, 0.5, np.random.default_rng(seed), stage)


def toy_batch(data: Data, step: int, size: int = 8) -> tuple[torch.Tensor, torch.Tensor]:
    rows = np.random.default_rng(step).permutation(len(data.train_x))[:size]
    return torch.tensor(data.train_x[rows]), torch.tensor(data.train_y[rows])


def run_steps(
    engine: MaskedEngine,
    data: Data,
    steps: int,
    *,
    start: int = 0,
    every: int = 3,
    after_step: Callable[[], None] = lambda: None,
    after_update: Callable[[dict[str, Rewiring]], None] = lambda _: None,
) -> None:
    """Train, changing the wiring every so many steps if the method does so at all, or in every step if it does that.

    Pruning comes ever closer to the density.
    """
    for step in range(start + 1, start + steps + 1):
        rng = stream(engine.config.seed, engine.draws, step) if engine.draws else None
        due = engine.method.rule is not None and (step % every == 0 or engine.method.timing.in_step)
        engine.train_batch(*toy_batch(data, step), learning_rate=0.1, rewires=due, rng=rng)
        after_step()
        if due:
            after_update(engine.rewire(change(0.4, step, engine.config, step / (step + 2))))
