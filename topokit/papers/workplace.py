"""Where a figure gets its networks from: runs that are trained when they are missing, or those that are at hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from topokit.errors import RecordingError
from topokit.papers.experiment import Experiment, Scale
from topokit.papers.found_runs import FoundRun, found_runs
from topokit.recording import Recording, open_recording
from topokit.training import TrainConfig, sweep
from topokit.training.sweeps import RUNS_FOLDER, PlannedRun


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


@dataclass(frozen=True)
class TrainedRuns(Sequence[TrainedRun]):
    """Runs of an experiment, in its order."""

    runs: tuple[TrainedRun, ...]

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
        """How the training was not the planned one, once for each difference."""
        told = [
            f"{field} {theirs!r} instead of {planned!r}"
            for run in self.runs
            for field, (planned, theirs) in run.differences.items()
        ]
        return tuple(dict.fromkeys(told))


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

    def folder_of(self, experiment: Experiment, run: PlannedRun) -> Path:
        """Where a run lies."""
        return self._place(experiment) / RUNS_FOLDER / run.name

    def plan(self, experiment: Experiment) -> tuple[PlannedRun, ...]:
        """The runs of an experiment at this scale."""
        runs = experiment.plan(self.scale, self.folder_of)
        return tuple(replace(run, config=self._placed(run.config)) for run in runs)

    def _placed(self, config: TrainConfig) -> TrainConfig:
        return config if config.engine == "sparse" else config.replace(device=self.device)

    def is_finished(self, experiment: Experiment, run: PlannedRun) -> bool:
        """Whether that run needs no training any more."""
        folder = self.folder_of(experiment, run)
        return (folder / "run.json").exists() and "summary" in open_recording(folder).run

    def trained(self, experiment: Experiment) -> TrainedRuns:
        """The runs of an experiment; what is missing is trained, or looked for in `data`.

        Raises
        ------
        RecordingError
            A run failed, or `data` lacks runs.
        """
        plan = self.plan(experiment)
        if self.data is not None:
            return TrainedRuns(tuple(map(_as_trained, found_runs(plan, self.data, experiment.name))))
        result = sweep(plan, self._place(experiment), executor=self.executor)
        failed = [run for run in result.runs if run.error]
        if failed:
            raise RecordingError(
                f"{self._place(experiment)}: {len(failed)} of {len(plan)} runs failed; "
                f"{failed[0].name}: {failed[0].error}"
            )
        return TrainedRuns(
            tuple(TrainedRun(run.name, run.swept, open_recording(self.folder_of(experiment, run)), {}) for run in plan)
        )

    def _place(self, experiment: Experiment) -> Path:
        return self.folder / "runs" / self.paper / f"{experiment.name}-{self.scale}"


def _as_trained(found: FoundRun) -> TrainedRun:
    return TrainedRun(found.planned.name, found.planned.swept, found.recording, found.differences)
