"""What a paper trained: sweeps of training runs, and wirings of those runs trained once more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any, Literal, Protocol

from topokit.training.planned_runs import PlannedRun, planned

Scale = Literal["exact", "quick", "paper"]
SCALES: tuple[Scale, ...] = ("exact", "quick", "paper")

FolderOf = Callable[["Experiment", PlannedRun], Path]
"""Where a run of an experiment lies, at the scale in question."""


class Experiment(Protocol):
    """Training runs that several figures of a paper may share."""

    @property
    def name(self) -> str:
        """Short, for its folder."""
        ...

    @property
    def what(self) -> Mapping[Scale, str]:
        """In words, what is trained at each scale, and of 'quick' what was reduced; without words it is nothing."""
        ...

    @property
    def core_minutes(self) -> Mapping[Scale, float]:
        """Roughly how long one core trains a run."""
        ...

    @property
    def sources(self) -> tuple[Experiment, ...]:
        """The experiments whose runs have to be there before, in order."""
        ...

    @property
    def gaps(self) -> bool:
        """Whether figures can do with some of the runs, where recordings are given instead of training."""
        ...

    def plan(self, scale: Scale, folder_of: FolderOf) -> tuple[PlannedRun, ...]:
        """The runs, in order."""
        ...


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Combinations of values of `topokit.training.TrainConfig`.

    Attributes
    ----------
    name, what, core_minutes
        As in `Experiment`.
    values : sequence of mapping
        Sweeps as `topokit.sweep` takes them, one after the other, as the paper trained.
    quick : mapping
        What takes their place at the scale 'quick', in each of them; a grid or variants are replaced as a whole.
    gaps : bool
        As in `Experiment`.
    """

    name: str
    what: Mapping[Scale, str]
    core_minutes: Mapping[Scale, float]
    values: Sequence[Mapping[str, Any]]
    quick: Mapping[str, Any] = field(default_factory=dict)
    gaps: bool = False

    @property
    def sources(self) -> tuple[Experiment, ...]:
        """None: these runs begin on their own."""
        return ()

    def plan(self, scale: Scale, folder_of: FolderOf) -> tuple[PlannedRun, ...]:
        """The runs, in order."""
        changes = self.quick if scale == "quick" else {}
        runs = [run for values in self.values for run in planned({**values, **changes}, source=self.name)]
        return tuple({run.name: run for run in runs}.values())


@dataclass(frozen=True, kw_only=True)
class Retraining:
    """The wiring that runs of another experiment had at some epochs, trained once more and left as it is.

    Attributes
    ----------
    name, what, core_minutes
        As in `Experiment`.
    source : Experiment
        Whose wiring.
    weights : sequence of {'new', 'original', 'stored'}
        As in `topokit.retrain`.
    seeds, epochs : mapping of scale to sequence
        A run for each; an epoch of -1 is the end of training.
    changes : mapping
        Fields of `TrainConfig` in which these runs differ from those.
    quick : mapping
        What takes their place at the scale 'quick'.
    """

    name: str
    what: Mapping[Scale, str]
    core_minutes: Mapping[Scale, float]
    source: Experiment
    weights: Sequence[str] = ("new",)
    seeds: Mapping[Scale, Sequence[int]]
    epochs: Mapping[Scale, Sequence[float]] = field(default_factory=lambda: {"quick": (-1,), "paper": (-1,)})
    changes: Mapping[str, Any] = field(default_factory=dict)
    quick: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sources(self) -> tuple[Experiment, ...]:
        """The runs whose wiring is trained again, and what they need."""
        return (*self.source.sources, self.source)

    @property
    def gaps(self) -> bool:
        """As of the runs whose wiring is trained again."""
        return self.source.gaps

    def plan(self, scale: Scale, folder_of: FolderOf) -> tuple[PlannedRun, ...]:
        """The runs, in order."""
        sources = self.source.plan(scale, folder_of)
        changes = {**self.changes, **(self.quick if scale == "quick" else {})}
        kinds = list(product(sources, self.epochs[scale], self.weights, self.seeds[scale]))
        return tuple(
            _again(run, {"structure": str(folder_of(self.source, run)), **changes}, epoch, weights, seed)
            for run, epoch, weights, seed in kinds
        )


def _again(source: PlannedRun, changes: Mapping[str, Any], epoch: float, weights: str, seed: int) -> PlannedRun:
    told = {"structure_epoch": epoch, "structure_weights": weights, "seed": seed}
    config = source.config.replace(**{"method": "static", **changes, **told})
    swept = {f"source_{key}" if key == "seed" else key: value for key, value in source.swept.items()} | told
    return PlannedRun(f"{source.name},at={epoch:g},weights={weights},again={seed}", swept, config)
