"""What is left to train for items of a paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from topokit.papers.experiment import Experiment, Scale
from topokit.papers.found import find_paper
from topokit.papers.workplace import Workplace


@dataclass(frozen=True, kw_only=True)
class ExperimentCost:
    """What is left to train of an experiment.

    Attributes
    ----------
    name, what : str
        The experiment, and what it trains, in words.
    runs, finished : int
        Its training runs, and those that are there.
    core_minutes : float
        Roughly, of the others on one core each.
    """

    name: str
    what: str
    runs: int
    finished: int
    core_minutes: float


@dataclass(frozen=True)
class Cost:
    """What is left to train for some items; what they share counts once.

    Attributes
    ----------
    experiments : tuple of ExperimentCost
        Each experiment that they need.
    """

    experiments: tuple[ExperimentCost, ...]

    @property
    def runs(self) -> int:
        """Training runs they need."""
        return sum(experiment.runs for experiment in self.experiments)

    @property
    def finished(self) -> int:
        """Those that are there."""
        return sum(experiment.finished for experiment in self.experiments)

    @property
    def core_minutes(self) -> float:
        """Roughly, of the others on one core each."""
        return float(sum(experiment.core_minutes for experiment in self.experiments))


def cost(paper: str, item: str | Sequence[str], scale: Scale, *, folder: str | PathLike[str] = "repro") -> Cost:
    """What `reproduce` would have to train in that folder for an item, or for several.

    Raises
    ------
    UnknownNameError
        No such paper or item; the near ones are listed.
    """
    found = find_paper(paper)
    place = Workplace(paper=found.key, scale=scale, folder=Path(folder))
    names = [item] if isinstance(item, str) else item
    needed: dict[str, dict[int, Experiment]] = {}
    for one in (one for name in names for one in found.item(name).needs(scale)):
        needed.setdefault(one.name, {})[id(one)] = one
    return Cost(tuple(_cost(place, list(same.values())) for same in needed.values()))


def _cost(place: Workplace, same: Sequence[Experiment]) -> ExperimentCost:
    """Of experiments of one name, which lie in one folder and may share runs."""
    runs = {run.name: (one, run) for one in same for run in place.plan(one)}
    left = {name: pair for name, pair in runs.items() if not place.is_finished(*pair)}
    return ExperimentCost(
        name=same[0].name,
        what=same[0].what[place.scale],
        runs=len(runs),
        finished=len(runs) - len(left),
        core_minutes=sum(one.core_minutes[place.scale] for one, _ in left.values()),
    )
