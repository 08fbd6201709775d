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
    def total_epochs(self) -> int:
        """Passes over the training data, in all rounds."""
        rounds = self.config.rounds if self.timing.rounds else 0
        return self.config.epochs + rounds * self._later_epochs

    @property
    def _later_epochs(self) -> int:
        """Of each round but the first."""
        return self.config.epochs - self.config.rewind_epoch

    @cached_property
    def total_steps(self) -> int:
        """Steps of the whole training."""
        return self.total_epochs * self.steps_per_epoch

    @cached_property
    def last_change(self) -> float:
        """The step before which the wiring may change; the end of training is no exception."""
        return self.config.stop_fraction * self.total_steps

    @cached_property
    def prune_first(self) -> int:
        """The step after which pruning begins; 0 is before training."""
        return round(self.config.prune_begin * self.total_steps)

    @cached_property
    def prune_last(self) -> int:
        """The step after which gradual pruning has come to its end."""
        return round(self.config.prune_end * self.total_steps)

    @cached_property
    def freeze_step(self) -> int:
        """The step after which the wiring of a method that freezes stays as it is."""
        return min(self.config.freeze_epoch * self.steps_per_epoch, self.total_steps)

    def updates_at(self, step: int) -> bool:
        """Whether the wiring changes after that step; step 0 is the time before training."""
        return self.timing.due(self, step)

    def updates_first(self, step: int) -> bool:
        """Whether it changes before the network is evaluated and recorded; after the last step there is no later."""
        return self.updates_at(step) and (self.timing.in_step or step in (0, self.total_steps))

    def prunes_at_end(self, step: int) -> bool:
        """Whether edges go after that step and none come: the last one, with ``prune_at_end``."""
        return self.config.prune_at_end and step == self.total_steps

    def counts_at(self, step: int) -> bool:
        """Whether the change after that step is one of those that ``record_every`` counts: one an epoch, at most."""
        return self.updates_at(step) and (not self.timing.in_step or step % self.steps_per_epoch == 0)

    def remembers_at(self, step: int) -> bool:
        """Whether the weights after that step are those that later rounds start from."""
        return self.timing.rounds and step == self.config.rewind_epoch * self.steps_per_epoch

    def rewinds_at(self, step: int) -> bool:
        """Whether the weights go back to the remembered ones after the change that follows that step."""
        return self.timing.rounds and self.updates_at(step)

    def freezes_at(self, step: int) -> bool:
        """Whether what lies off the edges goes after that step."""
        return self.timing.freezes and step == self.freeze_step

    def rounds_after(self, epoch: int) -> int | None:
        """Rounds done at the end of that epoch; None in the midst of a round."""
        later, within = divmod(epoch - self.config.epochs, self._later_epochs)
        return None if within or later < 0 else later + 1

    def stage(self, step: int) -> float:
        """Share of the way to the density that pruning has gone by the change after that step, in [0, 1]."""
        return self.timing.stage(self, step)

    def fraction(self, step: int) -> float:
        """Share of edges to replace: constant p, or f + (p - f) (1 + cos(pi t / T)) / 2.

        Evci et al. 2020, section 3, with f = 0. T is the step after which the wiring stays as it is; f is
        ``rewire_floor``. What goes at the end for good is p whatever the schedule.
        """
        share, floor = self.config.rewire_fraction, self.config.rewire_floor
        if self.config.rewire_schedule == "constant" or not self.last_change or self.prunes_at_end(step):
            return share
        return floor + (share - floor) * (1 + cos(pi * step / self.last_change)) / 2

    def records_at(self, step: int) -> bool:
        """Whether the network after that step (0: the initial one) becomes a frame."""
        ends_epoch = step % self.steps_per_epoch == 0
        marks = ends_epoch if self.timing is NEVER else self.counts_at(step)
        return (
            step in (0, self.total_steps)
            or (marks and _every(self.config.record_every, self.timing.number(self, step)))
            or (ends_epoch and _every(self.config.record_epochs, step // self.steps_per_epoch))
        )

    def learning_rate(self, epoch: int) -> float:
        """Step size in that epoch (from 1): lower by ``lr_factor`` after each milestone, in each round anew."""
        passed = sum(milestone < self._epoch_of_round(epoch) for milestone in self.config.milestones)
        return self.config.learning_rate * self.config.lr_factor**passed

    def _epoch_of_round(self, epoch: int) -> int:
        if epoch <= self.config.epochs:
            return epoch
        return self.config.rewind_epoch + 1 + (epoch - self.config.epochs - 1) % self._later_epochs


def _every(interval: int, count: int) -> bool:
    return interval > 0 and count % interval == 0
