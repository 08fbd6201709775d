"""What a wiring is worth on its own: train it again, from new weights or from those it began with."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Executor
from itertools import product
from typing import Any

from topokit.recording import Recording, open_recording
from topokit.training.config import TrainConfig
from topokit.training.experiment import method_of
from topokit.training.planned_runs import PlannedRun
from topokit.training.sweep_table import SweepResult
from topokit.training.sweeps import sweep
from topokit.training.trained import stored_config


def retrain(
    run: Recording | str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    epoch: float = -1,
    weights: Sequence[str] = ("new",),
    seeds: Sequence[int] = (1, 2, 3),
    executor: Executor | None = None,
    **changes: Any,
) -> SweepResult:
    """Train the wiring that a run had at some time again, unchanged, several times (Van Gelder et al. 2021).

    Parameters
    ----------
    run : Recording or path
        A run of this trainer; its other options stay as they were.
    folder : path
        As in `topokit.sweep`, which this is: interrupted, it goes on.
    epoch : float
        Of the frame; -1: the last.
    weights : sequence of {'new', 'original', 'stored'}
        What to start from: weights drawn by the new seed; those that the edges had, or would have had, when the run
        began (a lottery ticket, Frankle and Carbin 2019); or those of the frame, with new biases.
    seeds : sequence of int
        One run each, for each kind of weights.
    executor : concurrent.futures.Executor, optional
        Where to train; this process unless given.
    **changes
        Other fields of `TrainConfig`, such as ``epochs``; ``method`` is 'static' unless given.

    Raises
    ------
    RecordingError
        Another program made the recording.
    UnknownNameError
        No frame of that epoch, or no such method.
    ConfigError
        The method does not start with a stored wiring, or as `topokit.sweep`.
    """
    recording = run if isinstance(run, Recording) else open_recording(run)
    asked = {"method": "static", "structure": str(recording.folder), "structure_epoch": epoch, **changes}
    base = stored_config(recording).replace(**asked)
    method_of(base)
    if epoch >= 0:
        recording.at(epoch=epoch)
    return sweep([_planned(base, kind, seed) for kind, seed in product(weights, seeds)], folder, executor=executor)


def _planned(base: TrainConfig, weights: str, seed: int) -> PlannedRun:
    config = base.replace(structure_weights=weights, seed=seed)
    return PlannedRun(f"weights={weights},seed={seed}", {"weights": weights, "seed": seed}, config)
