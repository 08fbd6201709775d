"""Train a network and record its wiring: `train`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from topokit.errors import ConfigError, MissingExtraError, OutputExistsError, RecordingError
from topokit.outputs import check_absent, sole_use
from topokit.recording import Recording, RecordingWriter, open_recording
from topokit.recording.layout import RUN_FILE
from topokit.recording.run_file import read_run
from topokit.registry import DATASETS, METHODS
from topokit.training.config import TrainConfig
from topokit.training.data import Data
from topokit.training.method_options import check_options
from topokit.training.methods import Method

if TYPE_CHECKING:
    from topokit.training.loop import Loop


def train(
    config: TrainConfig, folder: str | os.PathLike[str], *, resume: bool = False, data: Data | None = None
) -> Recording:
    """Train a network as `config` says and record its wiring over time.

    Equal configurations give equal runs on one machine, to the last bit, but for the times in the
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
    data : Data, optional
        What is learned, in place of the configured data set; to resume a run, the same again.

    Returns
    -------
    Recording
        The frames and metrics. A frame shows the network as it was trained and evaluated, just before its wiring
        changes: the initial one, one before each change (see ``record_every``), and the final one. The metrics of an
        epoch have the edges at its evaluation, and how many edges that were not there before came (``edges_changed``)
        and how many went (``edges_gone``) in the changes since the last row, the one after that evaluation included;
        where every step is a change, an edge counts each time.

    Raises
    ------
    MissingExtraError
        PyTorch is not installed.
    ConfigError
        Values that do not go together, or a folder to resume that was begun with another configuration.
    OutputExistsError
        The folder holds something and `resume` is false, or something that is no run.
    RecordingError
        The run to resume is damaged, has learned from other data, or is a recording that something else made.
    OutputError
        Another process trains in that folder.
    DataError
        The data set is absent or damaged.
    DivergenceError
        The loss or a weight left the finite numbers; the frames until then stay.
    KeyboardInterrupt
        Stopped by the user; the message says how to continue.
    """
    place = Path(folder)
    begun = resume and (place / RUN_FILE).exists()
    if is_left(config, place, begun=begun):
        with one_thread(), ExitStack() as held:
            loop, writer = opened(config, place, data, begun=begun, held=held)
            loop.run(writer)
    return open_recording(place)


def is_left(config: TrainConfig, folder: Path, *, begun: bool) -> bool:
    """Whether the run that is to begin in that folder, or has begun there, is not finished yet.

    Raises
    ------
    ConfigError, OutputExistsError, RecordingError
        As in `train`.
    """
    if begun:
        _check_same(config, folder)
        return "summary" not in read_run(folder)
    _check_free(folder)
    return True


def opened(
    config: TrainConfig, folder: Path, data: Data | None = None, *, begun: bool, held: ExitStack
) -> tuple[Loop, RecordingWriter]:
    """A run ready to begin, or to go on where it has begun; raises as `train` does.

    No other process can open the folder until `held` is closed.
    """
    method = method_of(config)
    from topokit.training.loop import Loop

    loop = Loop(config, method, data_of(config) if data is None else data)
    run = loop.description()
    if begun:
        # First of all, for opening removes files that are half-written.
        held.enter_context(sole_use(folder))
        return loop, RecordingWriter(folder, {"dataset": run["dataset"]}, resume=True)
    writer = RecordingWriter(folder, run)
    held.enter_context(sole_use(folder))
    return loop, writer


def method_of(config: TrainConfig) -> Method:
    """The method that the configuration names.

    Raises
    ------
    ConfigError
        Options that do not go together with it.
    """
    method: Method = METHODS.load(config.method)
    check_options(config, method)
    return method


def data_of(config: TrainConfig) -> Data:
    """The data set that the configuration names.

    Raises
    ------
    DataError
        It is absent or damaged.
    """
    folder = Path(config.data_folder) if config.data_folder else None
    data: Data = DATASETS.load(config.dataset).load(folder, raw=not config.normalise)
    return data


@contextmanager
def one_thread() -> Iterator[None]:
    """Sums of several threads differ from run to run, so PyTorch gets one, and its old number afterwards.

    Numbers below 1e-38 count as 0 meanwhile: the momentum of dead neurons' edges shrinks to such numbers, stays there
    for good, and each takes the processor a hundred times as long.
    """
    try:
        import torch
    except ModuleNotFoundError as error:
        raise MissingExtraError("torch", "training") from error
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(threads)


def _check_free(folder: Path) -> None:
    try:
        check_absent(folder)
    except OutputExistsError as error:
        if not (folder / RUN_FILE).exists():
            raise
        raise OutputExistsError(f"{folder} holds a run already: resume it, or choose another folder") from error


def _check_same(config: TrainConfig, folder: Path) -> None:
    found = read_run(folder).get("config")
    if not isinstance(found, dict) or not config.to_dict().keys() <= found.keys():
        raise RecordingError(f"{folder} is a recording that this trainer did not begin: choose another folder")
    stored = TrainConfig.from_dict(found, source=str(folder / RUN_FILE))
    different = [f"{name} = {there!r}, not {here!r}" for name, (here, there) in config.differences(stored).items()]
    if different:
        raise ConfigError(
            f"{folder} was begun with {'; '.join(different)}: resume with the same, or use another folder"
        )
