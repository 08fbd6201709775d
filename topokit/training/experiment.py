"""Train a network and record its wiring: `train`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from topokit.errors import ConfigError, MissingExtraError, OutputExistsError
from topokit.outputs import check_absent
from topokit.recording import Recording, RecordingWriter, open_recording
from topokit.recording.layout import RUN_FILE
from topokit.recording.run_file import read_run
from topokit.registry import DATASETS, METHODS
from topokit.training.config import TrainConfig


def train(config: TrainConfig, folder: str | os.PathLike[str], *, resume: bool = False) -> Recording:
    """Train a network as `config` says and record its wiring over time.

    Equal configurations give equal runs on one machine, to the last bit, but for the column ``seconds`` of the
    metrics; so does an interrupted run that is resumed, however often and wherever it stopped.

    Parameters
    ----------
    config : TrainConfig
        Everything that decides the result.
    folder : path
        The run folder to write; absent or empty, unless `resume`. `topokit.recording` describes it; besides, it gets
        ``checkpoint.safetensors``, and ``run.json`` a ``summary``.
    resume : bool
        Continue from the folder's last checkpoint, or begin when there is none. Frames and rows written after that
        checkpoint are written again. A finished run is returned as it is.

    Returns
    -------
    Recording
        The frames and metrics. A frame shows the network as it was trained and evaluated, just before its wiring
        changes: the initial one, one before each change (see ``record_every``), and the final one.

    Raises
    ------
    MissingExtraError
        PyTorch is not installed.
    ConfigError
        Values that do not go together, or a folder to resume that was begun with another configuration.
    OutputExistsError
        The folder holds something and `resume` is false.
    DataError
        The data set is absent or damaged.
    DivergenceError
        The loss or a weight left the finite numbers; the frames until then stay.
    KeyboardInterrupt
        Stopped by the user; the message says how to continue.
    """
    place = Path(folder)
    if resume:
        _check_same(config, place)
    else:
        _check_free(place)
    method = METHODS.load(config.method)
    if method.dense_momentum and not config.momentum:
        raise ConfigError(f"method {method.name!r} grows edges by momentum, which is 0: set momentum, such as 0.9")
    try:
        import torch
    except ModuleNotFoundError as error:
        raise MissingExtraError("torch", "training") from error
    from topokit.training.loop import Loop

    data = DATASETS.load(config.dataset).load(
        Path(config.data_folder) if config.data_folder else None, raw=not config.normalise
    )
    threads = torch.get_num_threads()
    # Sums of several threads are not the same from run to run.
    torch.set_num_threads(1)
    try:
        loop = Loop(config, method, data)
        loop.run(_writer(config, place, loop.description(), resume=resume))
    finally:
        torch.set_num_threads(threads)
    return open_recording(place)


def _writer(config: TrainConfig, folder: Path, description: dict[str, Any], *, resume: bool) -> RecordingWriter:
    if resume and (folder / RUN_FILE).exists():
        return RecordingWriter(folder, {}, resume=True)
    return RecordingWriter(folder, description)


def _check_free(folder: Path) -> None:
    try:
        check_absent(folder)
    except OutputExistsError as error:
        if not (folder / RUN_FILE).exists():
            raise
        raise OutputExistsError(f"{folder} holds a run already: resume it, or choose another folder") from error


def _check_same(config: TrainConfig, folder: Path) -> None:
    if not (folder / RUN_FILE).exists():
        check_absent(folder)
        return
    stored = TrainConfig.from_dict(read_run(folder).get("config") or {}, source=str(folder / RUN_FILE))
    different = [f"{name} = {there!r}, not {here!r}" for name, (here, there) in config.differences(stored).items()]
    if different:
        raise ConfigError(
            f"{folder} was begun with {'; '.join(different)}: resume with the same, or use another folder"
        )
