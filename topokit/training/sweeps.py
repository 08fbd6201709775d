"""Many training runs from one TOML file: every combination of some values, in parallel, resumable.

::

    dataset = "fashion-mnist"        # keys of `TrainConfig`, and `profile`: what all runs share
    epochs = 20

    [grid]                           # every combination of these
    rewire_fraction = [0.3, 0.9]
    seed = [0, 1, 2]

    [[variants]]                     # optional: values that go together, each with the whole grid
    method = "set"
    drop = "magnitude"

    [[variants]]
    method = "rigl"
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from topokit.errors import ConfigError, OutputExistsError, TopokitError
from topokit.execute import as_finished, progress
from topokit.outputs import check_absent
from topokit.recording import open_recording
from topokit.training.config import TrainConfig
from topokit.training.experiment import train
from topokit.training.sweep_table import SweepResult, SweptRun, write_table
from topokit.training.together import check_together, train_together

RUNS_FOLDER = "runs"
_LONGEST_NAME = 200


@dataclass(frozen=True)
class PlannedRun:
    """One run of a sweep.

    Attributes
    ----------
    name : str
        Its folder: the values given for it and not for all, such as ``method=set,seed=0``.
    swept : mapping
        Its value of every key that varies.
    config : TrainConfig
        All of them.
    """

    name: str
    swept: Mapping[str, Any]
    config: TrainConfig


def planned(values: Mapping[str, Any], *, source: str = "sweep") -> tuple[PlannedRun, ...]:
    """The runs that a sweep's tables describe, in order: variants, then the grid with its last key fastest.

    Parameters
    ----------
    values : mapping
        As the TOML file has them.
    source : str
        Where they come from, for error messages.

    Raises
    ------
    ConfigError
        A key that is none, an empty or repeated value, a key that is set twice, or two runs that are the same.
    """
    shared = {key: value for key, value in values.items() if key not in ("grid", "variants")}
    grid, variants = values.get("grid", {}), values.get("variants", [{}])
    _check_shape(grid, variants, source)
    keys, runs = dict.fromkeys([*(key for variant in variants for key in variant), *grid]), []
    for variant in variants:
        _check_once(shared, variant, grid, source)
        for combination in product(*grid.values()):
            given = {**variant, **dict(zip(grid, combination, strict=True))}
            config = TrainConfig.from_dict({**shared, **given}, source=source)
            # What only some variants set has a value in the others too.
            swept = {key: given.get(key, getattr(config, key, None)) for key in keys}
            runs.append(PlannedRun(_name(given, source), swept, config))
    names = [run.name for run in runs]
    if len(set(names)) < len(names):
        raise ConfigError(f"{source}: two runs are {max(names, key=names.count)!r}: give each value once")
    return tuple(runs)


def read_sweep(path: str | os.PathLike[str]) -> tuple[PlannedRun, ...]:
    """The runs that a TOML file describes; see `topokit.training.sweeps`.

    Raises
    ------
    ConfigError
        No such file, not TOML, or what `planned` refuses.
    """
    try:
        values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}; give the path of a TOML file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: is not TOML: {error}; write lines such as seed = [0, 1, 2] below [grid]") from error
    return planned(values, source=str(path))


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


def _check_shape(grid: Any, variants: Any, source: str) -> None:
    if not isinstance(grid, Mapping) or not all(isinstance(values, list) and values for values in grid.values()):
        raise ConfigError(f"{source}: [grid] has lists of values, such as seed = [0, 1, 2]")
    if not isinstance(variants, list) or not variants or not all(isinstance(one, Mapping) for one in variants):
        raise ConfigError(f"{source}: variants are tables, each under a line [[variants]]")


def _check_once(shared: Mapping[str, Any], variant: Mapping[str, Any], grid: Mapping[str, Any], source: str) -> None:
    for key in grid:
        if key in shared or key in variant:
            raise ConfigError(f"{source}: {key!r} stands in [grid] and outside of it: keep one")
    for key in variant:
        if key in shared:
            raise ConfigError(f"{source}: {key!r} stands in a variant and for all runs: keep one")


def _name(swept: Mapping[str, Any], source: str) -> str:
    name = ",".join(f"{key}={_word(value)}" for key, value in swept.items()) or "run"
    if len(name) > _LONGEST_NAME:
        raise ConfigError(f"{source}: a run would be called {name[:60]!r}...: vary fewer keys, or shorten their values")
    return name


def _word(value: Any) -> str:
    text = "-".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    return "".join(letter if letter.isalnum() or letter in "._-+" else "_" for letter in text)
