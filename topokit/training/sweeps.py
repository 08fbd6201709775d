"""Many training runs: in parallel, resumable; see `topokit.training.planned_runs` for how they are told."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from topokit.errors import ConfigError, OutputExistsError, TopokitError
from topokit.execute import as_finished, progress
from topokit.outputs import check_absent
from topokit.recording import open_recording
from topokit.training.config import TrainConfig
from topokit.training.experiment import train
from topokit.training.planned_runs import RUNS_FOLDER, PlannedRun, planned, read_sweep
from topokit.training.sweep_table import SweepResult, SweptRun, write_table
from topokit.training.together import check_together, train_together


def sweep(
    runs: str | os.PathLike[str] | Mapping[str, Any] | Sequence[PlannedRun],
    folder: str | os.PathLike[str],
    *,
    executor: Executor | None = None,
    together: bool = False,
) -> SweepResult:
    """Train every run of a sweep, or what is missing of it.

    Parameters
    ----------
    runs : path, mapping or sequence of PlannedRun
        A TOML file, its content, or the runs themselves.
    folder : path
        Gets ``runs/NAME/`` for each run and ``sweep.csv``, a row a run, written anew whenever one ends. Finished runs
        in it are left as they are, interrupted ones go on.
    executor : concurrent.futures.Executor, optional
        Where to train; this process unless given.
    together : bool
        Whether runs that differ in their seed alone compute their training steps all at once, which takes less time
        for small networks. See `topokit.training.together` for how far results agree, and for what it can train.

    Returns
    -------
    SweepResult
        A run that failed is in it with its error; the others go on.

    Raises
    ------
    ConfigError
        The sweep itself is wrong, nothing is to be run, or `together` cannot train it.
    OutputExistsError
        The folder holds something that is no sweep.
    KeyboardInterrupt
        Stopped by the user; the same call goes on.
    """
    plan = _plan(runs)
    groups = _seed_groups(plan) if together else [[position] for position in range(len(plan))]
    place = Path(folder)
    _check_folder(place)
    ended: dict[int, SweptRun] = {}
    try:
        tasks = [[plan[position] for position in group] for group in groups]
        finished = closing(as_finished(partial(_trained, folder=place / RUNS_FOLDER), tasks, executor))
        with finished as answers:
            for number, runs_done in progress(answers, "sweep", total=len(tasks)):
                ended.update(zip(groups[number], runs_done, strict=True))
                write_table(place, [ended[k] for k in sorted(ended)])
    except KeyboardInterrupt as error:
        raise KeyboardInterrupt(
            f"stopped after {len(ended)} of {len(plan)} runs; {place} keeps them: the same sweep goes on from there"
        ) from error
    return SweepResult.of([ended[k] for k in range(len(plan))])


def _plan(runs: str | os.PathLike[str] | Mapping[str, Any] | Sequence[PlannedRun]) -> Sequence[PlannedRun]:
    if isinstance(runs, (str, os.PathLike)):
        return read_sweep(runs)
    plan = planned(runs) if isinstance(runs, Mapping) else tuple(runs)
    if not plan:
        raise ConfigError("the sweep has no run: give a grid, variants, or a list of runs")
    return plan


def _seed_groups(plan: Sequence[PlannedRun]) -> list[list[int]]:
    """Positions of the runs that differ in their seed alone, which have to be such as train together."""
    groups: dict[TrainConfig, list[int]] = {}
    for position, run in enumerate(plan):
        check_together(run.config)
        groups.setdefault(run.config.replace(seed=0), []).append(position)
    return list(groups.values())


def _trained(runs: Sequence[PlannedRun], folder: Path) -> list[SweptRun]:
    """Runs that differ in their seed alone, trained together, or one that is trained by itself."""
    places = [folder / run.name for run in runs]
    if len(runs) > 1:
        return list(map(_swept, runs, places, train_together([run.config for run in runs], places)))
    try:
        train(runs[0].config, places[0], resume=True)
    except TopokitError as error:
        return [_swept(runs[0], places[0], error)]
    return [_swept(runs[0], places[0], None)]


def _swept(run: PlannedRun, folder: Path, error: TopokitError | None) -> SweptRun:
    if error is not None:
        return SweptRun(run.name, dict(run.swept), {}, " ".join(str(error).split()))
    recording = open_recording(folder)
    seconds = float(recording.metrics["seconds"].sum())
    return SweptRun(run.name, dict(run.swept), {**recording.run["summary"], "seconds": seconds}, "")


def _check_folder(folder: Path) -> None:
    try:
        check_absent(folder)
    except OutputExistsError:
        if not (folder / RUNS_FOLDER).is_dir():
            raise
