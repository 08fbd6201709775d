"""Recordings that are at hand, matched with the runs that an experiment plans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from topokit.errors import ConfigError, RecordingError, UnknownNameError
from topokit.recording import Recording, open_recording
from topokit.recording.layout import RUN_FILE
from topokit.training.config import TrainConfig
from topokit.training.planned_runs import PlannedRun

_NAMED = 5


@dataclass(frozen=True)
class FoundRun:
    """A recording that stands for a planned run.

    Attributes
    ----------
    planned : PlannedRun
        The run.
    recording : Recording
        What was found.
    differences : mapping of str to pair
        Fields in which it was trained otherwise: planned value, its value.
    """

    planned: PlannedRun
    recording: Recording
    differences: Mapping[str, tuple[Any, Any]]


def found_runs(
    plan: Sequence[PlannedRun], folder: Path, experiment: str, *, gaps: bool = False
) -> tuple[FoundRun, ...]:
    """For each planned run the recording below `folder` that was trained most like it.

    A recording stands for a run when it is finished and has the run's values of all that varies in the experiment;
    where it was trained otherwise, that is told. Seeds may be missing as long as one of each kind of run is there;
    with `gaps` so may kinds, as long as there is any run.

    Raises
    ------
    RecordingError
        No such folder, or runs of some kind are missing.
    """
    opened = _recordings(folder)
    known = [(recording, config) for recording, config in opened if "summary" in recording.run]
    found = [match for run in plan if (match := _best(run, known))]
    kinds = {_kind(match.planned) for match in found}
    missing = [run.name for run in plan if _kind(run) not in kinds]
    if missing and not (gaps and found):
        more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
        raise RecordingError(
            f"{folder}: none of its {len(known)} finished recordings is run {', '.join(missing[:_NAMED])}{more} of the "
            f"experiment {experiment!r}: name a folder that has them, or leave out --data to train them"
        )
    return tuple(found)


def _recordings(folder: Path) -> list[tuple[Recording, TrainConfig]]:
    if not folder.is_dir():
        raise RecordingError(f"{folder}: no such folder of recordings")
    opened = (open_recording(path.parent) for path in sorted(folder.rglob(RUN_FILE)))
    return [(recording, config) for recording in opened if (config := _config(recording)) is not None]


def _config(recording: Recording) -> TrainConfig | None:
    """How it was trained, or None where another program says so in its own words."""
    told = recording.run.get("config")
    if not isinstance(told, Mapping):
        return None
    try:
        return TrainConfig.from_dict(told)
    except (ConfigError, UnknownNameError):
        return None


def _best(run: PlannedRun, known: Iterable[tuple[Recording, TrainConfig]]) -> FoundRun | None:
    matches = [
        FoundRun(run, recording, _without_places(run.config.differences(config)))
        for recording, config in known
        if _told(config, run.swept) == _told(run.config, run.swept) and _source(config) == _source(run.config)
    ]
    return min(matches, key=lambda match: len(match.differences), default=None)


def _told(config: TrainConfig, swept: Mapping[str, Any]) -> dict[str, Any]:
    return {key: getattr(config, key) for key in swept if hasattr(config, key)}


def _source(config: TrainConfig) -> str:
    """The run whose wiring was trained again, by the name of its folder, wherever that lay."""
    return Path(config.structure).name


def _without_places(differences: Mapping[str, tuple[Any, Any]]) -> dict[str, tuple[Any, Any]]:
    return {key: pair for key, pair in differences.items() if key != "structure"}


def _kind(run: PlannedRun) -> tuple[tuple[str, str], ...]:
    return tuple((key, repr(value)) for key, value in run.swept.items() if "seed" not in key)
