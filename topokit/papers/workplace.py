"""Where a figure gets its networks from: runs that are trained when they are missing, or those that are at hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from topokit.errors import RecordingError
from topokit.papers.experiment import Experiment, Scale
from topokit.training.config import TrainConfig
from topokit.training.planned_runs import RUNS_FOLDER, PlannedRun

if TYPE_CHECKING:
    from topokit.papers.found_runs import FoundRun
    from topokit.recording import Recording

_NAMED = 5


@dataclass(frozen=True)
class TrainedRun:
    """A finished run of an experiment.

    Attributes
    ----------
    name : str
        Its folder.
    swept : mapping
        Its values of what varies in the experiment.
    recording : Recording
        Its networks and metrics.
    differences : mapping of str to pair
        Fields in which its training was not the planned one: planned value, its value.
    """

    name: str
    swept: Mapping[str, Any]
    recording: Recording
    differences: Mapping[str, tuple[Any, Any]]

    @property
    def summary(self) -> Mapping[str, float]:
        """The best and last accuracies and the size; see `topokit.training.summary`."""
        return dict(self.recording.run.get("summary", {}))

    @property
    def seconds(self) -> float:
        """How long its training took, as far as it is known."""
        metrics = self.recording.metrics
        return float(metrics["seconds"].sum()) if "seconds" in metrics else 0.0


@dataclass(frozen=True)
class TrainedRuns(Sequence[TrainedRun]):
    """Runs of an experiment, in its order.

    Attributes
    ----------
    runs : tuple of TrainedRun
        Those that are there.
    missing : tuple of str
        Names of those that are not, where the experiment can do without.
    """

    runs: tuple[TrainedRun, ...]
    missing: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.runs)

    def __getitem__(self, position: Any) -> Any:
        return self.runs[position]

    def __iter__(self) -> Iterator[TrainedRun]:
        return iter(self.runs)

    def select(self, **swept: Any) -> TrainedRuns:
        """Those with these values of what varies."""
        return TrainedRuns(
            tuple(run for run in self.runs if all(run.swept.get(key) == value for key, value in swept.items()))
        )

    @property
    def frame(self) -> pd.DataFrame:
        """A row a run: run, what varies, and the numbers of its summary under other names."""
        rows = [
            {"run": run.name, **run.swept, **{k: v for k, v in run.summary.items() if k not in run.swept}}
            for run in self.runs
        ]
        return pd.DataFrame(rows)

    @property
    def notes(self) -> tuple[str, ...]:
        """How the training was not the planned one, once for each difference, and which runs are missing."""
        told = [
            f"{field} {theirs!r} instead of {planned!r}"
            for run in self.runs
            for field, (planned, theirs) in run.differences.items()
        ]
        return tuple(dict.fromkeys([*told, *self._absent()]))

    def _absent(self) -> list[str]:
        if not self.missing:
            return []
        planned, rest = len(self.runs) + len(self.missing), len(self.missing) - _NAMED
        more = f" and {rest} more" if rest > 0 else ""
        return [f"{len(self.missing)} of {planned} runs are missing: {', '.join(self.missing[:_NAMED])}{more}"]


@dataclass(frozen=True, kw_only=True)
class Workplace:
    """What a recipe is given.

    Attributes
    ----------
    paper : str
        Key of the paper.
    scale : {'exact', 'quick', 'paper'}
        How much is trained.
    folder : Path
        Where runs lie and are trained.
    data : Path or None
        Published or earlier recordings to be used instead; nothing is trained then.
    executor : concurrent.futures.Executor or None
        Where to train; this process if None.
    device : {'cpu', 'cuda'}
        Where networks that are not trained on their edges alone compute.
    """

    paper: str
    scale: Scale
    folder: Path
    data: Path | None = None
    executor: Executor | None = None
    device: str = "cpu"
    # Recipes return tables alone: which runs they asked for, and how those differ from the plan, is known here only.
    _at_hand: dict[tuple[str, ...], TrainedRuns] = field(default_factory=dict, init=False, repr=False, compare=False)

    def folder_of(self, experiment: Experiment, run: PlannedRun) -> Path:
        """Where a run lies."""
        return self._place(experiment) / RUNS_FOLDER / run.name

    def plan(self, experiment: Experiment) -> tuple[PlannedRun, ...]:
        """The runs of an experiment at this scale; what has begun goes on where it computed."""
        runs = experiment.plan(self.scale, self.folder_of)
        return tuple(replace(run, config=self._placed(run.config, self.folder_of(experiment, run))) for run in runs)

    def is_finished(self, experiment: Experiment, run: PlannedRun) -> bool:
        """Whether that run needs no training any more: it is there, and was trained as planned."""
        folder = self.folder_of(experiment, run)
        begun = _begun(folder)
        config = self._placed(run.config, folder)
        return begun is not None and "summary" in begun[1] and not config.differences(begun[0])

    @property
    def used(self) -> tuple[TrainedRuns, ...]:
        """The runs of each experiment that was asked for so far."""
        return tuple(self._at_hand.values())

    def trained(self, experiment: Experiment) -> TrainedRuns:
        """The runs of an experiment; what is missing is trained, or looked for in `data`.

        Raises
        ------
        RecordingError
            A run failed, or `data` lacks runs.
        """
        plan = self.plan(experiment)
        key = (experiment.name, *(run.name for run in plan))
        if key not in self._at_hand:
            known = self._trained(experiment, plan) if self.data is None else self._found(experiment, plan, self.data)
            self._at_hand[key] = known
        return self._at_hand[key]

    def finished(self, experiment: Experiment, plan: Sequence[PlannedRun]) -> TrainedRuns:
        """These runs of an experiment, which are there."""
        from topokit.recording import open_recording

        return TrainedRuns(
            tuple(TrainedRun(run.name, run.swept, open_recording(self.folder_of(experiment, run)), {}) for run in plan)
        )

    def _trained(self, experiment: Experiment, plan: Sequence[PlannedRun]) -> TrainedRuns:
        for source in experiment.sources:
            self.trained(source)
        if not all(self.is_finished(experiment, run) for run in plan):
            self._train(experiment, plan)
        return self.finished(experiment, plan)

    def _train(self, experiment: Experiment, plan: Sequence[PlannedRun]) -> None:
        from topokit.training.sweeps import sweep

        failed = [run for run in sweep(plan, self._place(experiment), executor=self.executor).runs if run.error]
        if failed:
            raise RecordingError(
                f"{failed[0].error} (run {failed[0].name!r}; {len(failed)} of {len(plan)} runs in "
                f"{self._place(experiment)} failed)"
            )

    def _found(self, experiment: Experiment, plan: Sequence[PlannedRun], data: Path) -> TrainedRuns:
        from topokit.papers.found_runs import found_runs

        found = found_runs(plan, data, experiment.name, gaps=experiment.gaps)
        there = {match.planned.name for match in found}
        missing = [run.name for run in plan if run.name not in there] if experiment.gaps else []
        return TrainedRuns(tuple(map(as_trained, found)), tuple(missing))

    def _placed(self, config: TrainConfig, folder: Path) -> TrainConfig:
        wanted = config if config.engine == "sparse" else config.replace(device=self.device)
        begun = _begun(folder)
        if begun is None or not set(wanted.differences(begun[0])) <= set(PLACES):
            return wanted
        return wanted.replace(**{name: getattr(begun[0], name) for name in PLACES})

    def _place(self, experiment: Experiment) -> Path:
        return self.folder / "runs" / self.paper / f"{experiment.name}-{self.scale}"


PLACES = ("device", "structure")
"""Fields that say where a run computed and where the wiring lay that it began with."""


def _begun(folder: Path) -> tuple[TrainConfig, Mapping[str, Any]] | None:
    """How the run in that folder is trained, and all that is told of it, if there is one."""
    from topokit.recording.layout import RUN_FILE
    from topokit.recording.run_file import read_run

    if not (folder / RUN_FILE).exists():
        return None
    run = read_run(folder)
    return TrainConfig.from_dict(run.get("config") or {}, source=str(folder / RUN_FILE)), run


def as_trained(found: FoundRun) -> TrainedRun:
    """A recording that was found, as the run for which it stands."""
    return TrainedRun(found.planned.name, found.planned.swept, found.recording, found.differences)
