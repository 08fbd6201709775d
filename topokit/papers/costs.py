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
    """What `reproduce` would have to train in that folder for an item, or for several."""
    found = find_paper(paper)
    place = Workplace(paper=found.key, scale=scale, folder=Path(folder))
    names = [item] if isinstance(item, str) else item
    wanted = [experiment for name in names for experiment in found.item(name).experiments] if scale != "exact" else []
    needed = {one.name: one for experiment in wanted for one in (*experiment.sources, experiment)}
    return Cost(tuple(_cost(place, experiment) for experiment in needed.values()))


def _cost(place: Workplace, experiment: Experiment) -> ExperimentCost:
    runs = place.plan(experiment)
    finished = sum(place.is_finished(experiment, run) for run in runs)
    return ExperimentCost(
        name=experiment.name,
        what=experiment.what[place.scale],
        runs=len(runs),
        finished=finished,
        core_minutes=experiment.core_minutes[place.scale] * (len(runs) - finished),
    )
