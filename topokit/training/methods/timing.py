"""When the wiring changes, and what happens besides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from topokit.training.timetable import Timetable


def _completed(timetable: Timetable, step: int) -> float:
    return 1.0


@dataclass(frozen=True)
class Timing:
    """The steps after which a method's rule is asked.

    Attributes
    ----------
    due : callable
        Whether it is, after that step of that timetable; step 0 is the time before training.
    number : callable
        Which change it is, as ``record_every`` counts them.
    stage : callable
        Share of the way to the density that pruning has gone by that change, in [0, 1].
    in_step : bool
        Whether the change is a part of the step, so that evaluations and frames come after it, not before.
    rounds : bool
        Whether training starts over after each change, from the weights at the end of ``rewind_epoch``.
    freezes : bool
        Whether the wiring stays as it is from the end of ``freeze_epoch``, and so what lies off the edges is gone.
    """

    due: Callable[[Timetable, int], bool]
    number: Callable[[Timetable, int], int]
    stage: Callable[[Timetable, int], float] = _completed
    in_step: bool = False
    rounds: bool = False
    freezes: bool = False


def _epoch(timetable: Timetable, step: int) -> int:
    return step // timetable.steps_per_epoch


def _first(timetable: Timetable, step: int) -> int:
    return 1


def _each_update(timetable: Timetable) -> int:
    return timetable.config.update_every or timetable.steps_per_epoch


def _period(timetable: Timetable, step: int) -> int:
    return step // _each_update(timetable)


def _never(timetable: Timetable, step: int) -> bool:
    return False


def _periodic(timetable: Timetable, step: int) -> bool:
    regular = step > 0 and step % _each_update(timetable) == 0 and step < timetable.last_change
    return regular or timetable.prunes_at_end(step)


def _always(timetable: Timetable, step: int) -> bool:
    return True


def _until_frozen(timetable: Timetable, step: int) -> bool:
    return step <= timetable.freeze_step


def _between(timetable: Timetable, step: int) -> bool:
    due = step % _each_update(timetable) == 0 or step == timetable.prune_last
    return due and timetable.prune_first <= step <= timetable.prune_last


def _way(timetable: Timetable, step: int) -> float:
    first, last = timetable.prune_first, timetable.prune_last
    return 1.0 if step >= last else (step - first) / (last - first)


def _once(timetable: Timetable, step: int) -> bool:
    return step == timetable.prune_first


def _between_rounds(timetable: Timetable, step: int) -> bool:
    epoch, within = divmod(step, timetable.steps_per_epoch)
    return not within and 0 < epoch < timetable.total_epochs and timetable.rounds_after(epoch) is not None


def _round(timetable: Timetable, step: int) -> int:
    return timetable.rounds_after(step // timetable.steps_per_epoch) or 0


def _rounds_done(timetable: Timetable, step: int) -> float:
    return _round(timetable, step) / timetable.config.rounds


NEVER = Timing(_never, _epoch)
PERIODIC = Timing(_periodic, _period)
EVERY_STEP = Timing(_always, _epoch, in_step=True)
UNTIL_FROZEN = Timing(_until_frozen, _epoch, in_step=True, freezes=True)
GRADUAL = Timing(_between, _period, stage=_way)
ONCE = Timing(_once, _first)
ROUNDS = Timing(_between_rounds, _round, stage=_rounds_done, rounds=True)
