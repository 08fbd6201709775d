"""Which runs and which moments of their training a figure shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from topokit.dag import LayeredDAG
from topokit.errors import RecordingError
from topokit.papers.experiment import Experiment
from topokit.papers.workplace import Workplace

if TYPE_CHECKING:
    from topokit.recording import Recording

_APART = 2.0


def runs_by_grower(
    place: Workplace, experiment: Experiment, growers: Mapping[str, str]
) -> Iterator[tuple[str, int, Recording]]:
    """How each run's edges grow, its seed and its recording, in the order of `growers`.

    Parameters
    ----------
    place : Workplace
        Where the runs are.
    experiment : Experiment
        It varies `method` and `seed`.
    growers : mapping of str to str
        Methods to what they are called.

    Raises
    ------
    RecordingError
        A run ended before its last epoch.
    """
    runs = place.trained(experiment)
    for run in runs:
        check_finished(run.recording)
    for method, grower in growers.items():
        for run in runs.select(method=method):
            yield grower, int(run.swept["seed"]), run.recording


def check_finished(recording: Recording) -> None:
    """Raise `RecordingError` if it ends before the last epoch planned."""
    planned, reached = float(recording.config.get("epochs", 0)), last_epoch(recording)
    if reached < planned - _APART:
        raise RecordingError(
            f"{recording.folder}: its {len(recording)} frames end at epoch {reached:g} of {planned:g}: finish it with "
            "`topokit train --resume`, or take it out of the folder"
        )


def five_epochs(recording: Recording) -> tuple[float, ...]:
    """Epoch 2 and the four quarters of training: 2, 75, 150, 225 and 300 of 300 epochs."""
    last = last_epoch(recording)
    return tuple(sorted({min(2.0, last), last / 4, last / 2, 3 * last / 4, last}))


def last_epoch(recording: Recording) -> float:
    """The epoch of the last frame."""
    return float(_epochs(recording)[-1])


def nearest(recording: Recording, epochs: Sequence[float]) -> list[int]:
    """The positions of the frames nearest to these epochs.

    Raises
    ------
    RecordingError
        An epoch is more than two epochs away from any frame.
    """
    known = _epochs(recording)
    places = [int(np.abs(known - epoch).argmin()) for epoch in epochs]
    missing = [epoch for epoch, place in zip(epochs, places, strict=True) if abs(known[place] - epoch) > _APART]
    if missing:
        raise RecordingError(
            f"{recording.folder}: no frame near epoch {', '.join(f'{epoch:g}' for epoch in missing)}: its {len(known)} "
            f"frames lie at epochs {known[0]:g} to {known[-1]:g}; train it with record_every = 1"
        )
    return places


def thinned(recording: Recording, count: int, *, first: int = 6) -> list[int]:
    """Positions of the first frames and of `count` more, spread evenly up to the last."""
    last = len(recording) - 1
    spread = np.linspace(0, last, min(count, last + 1)).round().astype(int).tolist()
    return sorted({*range(min(first, last + 1)), *spread})


def networks_at(recording: Recording, positions: Sequence[int]) -> list[LayeredDAG]:
    """The networks of these frames."""
    return [recording[position] for position in positions]


def epochs_at(recording: Recording, positions: Sequence[int]) -> list[float]:
    """The epochs of these frames, to two digits."""
    known = _epochs(recording)
    return [round(float(known[position]), 2) for position in positions]


def _epochs(recording: Recording) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    if not len(recording) or any(epoch is None for epoch in recording.epochs):
        raise RecordingError(f"{recording.folder}: its frames do not say at which epochs they were recorded")
    return np.array(recording.epochs, np.float64)
