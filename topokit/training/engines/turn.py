"""A training step that waits to be taken."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from torch import Tensor

from topokit.training.engines.engine import Engine
from topokit.training.score import Score


@dataclass(eq=False)
class Turn:
    """What `Engine.train_batch` is to be given, and what it answers.

    The training loop yields one for each step, so that whoever goes through them may take those of several runs at
    once.

    Attributes
    ----------
    engine : Engine
        Whose step it is.
    number : int
        Of the step, from 1.
    x, y, learning_rate, rewires, rng
        See `topokit.training.engines.engine.Engine.train_batch`.
    score : Score
        The answer; the loop reads it when it goes on.
    """

    engine: Engine
    number: int
    x: Tensor
    y: Tensor
    learning_rate: float
    rewires: bool
    rng: np.random.Generator | None
    score: Score = field(default_factory=Score)

    def take(self) -> None:
        """Train the engine, by itself."""
        self.score = self.engine.train_batch(
            self.x, self.y, learning_rate=self.learning_rate, rewires=self.rewires, rng=self.rng
        )
