"""How well a network does."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

from torch import Tensor


@dataclass(frozen=True)
class Score:
    """How well a network does on some samples.

    Attributes
    ----------
    loss : float or Tensor
        Sum of the cross-entropies, in nats, or of the mean squared errors of rebuilt samples; a tensor while it lies
        on a GPU.
    correct : int, Tensor or None
        Samples whose class has the largest score; None for a network that rebuilds its inputs and tells no classes.
    n : int
        Samples.
    """

    loss: float | Tensor = 0.0
    correct: int | Tensor | None = 0
    n: int = 0

    def __add__(self, other: Score) -> Score:
        correct = None if self.correct is None or other.correct is None else self.correct + other.correct
        return Score(self.loss + other.loss, correct, self.n + other.n)

    @property
    def mean_loss(self) -> float:
        """Loss per sample."""
        return float(self.loss) / self.n

    @property
    def accuracy(self) -> float:
        """Share of samples classified rightly; NaN where no classes are told."""
        return nan if self.correct is None else int(self.correct) / self.n

    def metrics(self, part: str) -> dict[str, float]:
        """Columns of ``metrics.csv`` for that part of the data."""
        if self.correct is None:
            return {f"{part}_reconstruction_error": self.mean_loss}
        return {f"{part}_loss": self.mean_loss, f"{part}_accuracy": self.accuracy}
