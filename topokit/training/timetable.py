"""When what happens: pure functions of the configuration and the step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import cos, pi

from topokit.training.config import TrainConfig
from topokit.training.methods.timing import NEVER, Timing


@dataclass(frozen=True)
class Timetable:
    """When the wiring changes and how much, when frames are recorded, and how large a step is.

    Parameters
    ----------
    config : TrainConfig
        Its lengths and schedules.
    steps_per_epoch : int
        Batches in one pass over the training data.
    timing : Timing
        When the method changes its wiring.
    """

    config: TrainConfig
    steps_per_epoch: int
    timing: Timing = NEVER

    @cached_property
    def total_steps(self) -> int:
        """Steps of the whole training."""
        return self.config.epochs * self.steps_per_epoch

    @cached_property
    def last_change(self) -> float:
        """The step before which the wiring may change; the end of training is no exception."""
        return self.config.stop_fraction * self.total_steps

    def updates_at(self, step: int) -> bool:
        """Whether the wiring changes after that step (from 1)."""
        return self.timing.due(self, step)

    def fraction(self, step: int) -> float:
        """Share of edges to replace: constant p, or p (1 + cos(pi t / T)) / 2 (Evci et al. 2020, section 3).

        T is the step after which the wiring stays as it is.
        """
        share = self.config.rewire_fraction
        if self.config.rewire_schedule == "constant":
            return share
        return share * (1 + cos(pi * step / self.last_change)) / 2

    def records_at(self, step: int) -> bool:
        """Whether the network after that step (0: the initial one) becomes a frame."""
        ends_epoch = step % self.steps_per_epoch == 0
        marks = ends_epoch if self.timing is NEVER else self.updates_at(step)
        return (
            step in (0, self.total_steps)
            or (marks and _every(self.config.record_every, step // self.timing.interval(self)))
            or (ends_epoch and _every(self.config.record_epochs, step // self.steps_per_epoch))
        )

    def learning_rate(self, epoch: int) -> float:
        """Step size in that epoch (from 1): lower by ``lr_factor`` after each milestone."""
        passed = sum(milestone < epoch for milestone in self.config.milestones)
        return self.config.learning_rate * self.config.lr_factor**passed


def _every(interval: int, count: int) -> bool:
    return interval > 0 and count % interval == 0
