"""When the wiring changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from topokit.training.timetable import Timetable


@dataclass(frozen=True)
class Timing:
    """The steps after which a method's rule is asked.

    Attributes
    ----------
    due : callable
        Whether it is, after that step (from 1) of that timetable.
    interval : callable
        Steps between those that can count as changes for ``record_every``.
    """

    due: Callable[[Timetable, int], bool]
    interval: Callable[[Timetable], int]


def _each_epoch(timetable: Timetable) -> int:
    return timetable.steps_per_epoch


def _each_update(timetable: Timetable) -> int:
    return timetable.config.update_every or timetable.steps_per_epoch


def _never(timetable: Timetable, step: int) -> bool:
    return False


def _periodic(timetable: Timetable, step: int) -> bool:
    return step % _each_update(timetable) == 0 and step < timetable.last_change


NEVER = Timing(_never, _each_epoch)
PERIODIC = Timing(_periodic, _each_update)
