"""Record what Lightning trains."""

from __future__ import annotations

import os
from math import isfinite
from typing import Any, Unpack

from topokit.errors import MissingExtraError
from topokit.recording.adapters.followed import FollowedModule, Options

try:
    from lightning.pytorch import Callback, LightningModule, Trainer
except ModuleNotFoundError as error:
    if error.name != "lightning":
        raise
    raise MissingExtraError("lightning", "recording what Lightning trains") from error


class LightningRecorder(Callback):
    """A callback that records the network before training, every so many steps or epochs, and at the end.

    Metrics of a frame are those of ``trainer.callback_metrics`` that were logged in its epoch since the frame before. A
    frame shows the network as it is when callbacks run, before the ``on_train_batch_end`` of the LightningModule
    itself. When training goes on from a checkpoint, frames and metrics recorded after it are dropped and recorded
    again. Of several processes the first one records, and has to hold whole parameters.

    Parameters
    ----------
    folder : path
        The run folder, absent or empty unless training goes on from a checkpoint.
    every_n_steps : int
        Optimizer steps between frames; 0: none.
    every_n_epochs : int
        Epochs between frames; 0: none.
    module : str
        Name of the part of the LightningModule that is recorded, such as ``"model"``; all of it unless given.
    masks, order, weights, config
        As for `TopologyRecorder`.

    Raises
    ------
    ParameterError
        A negative number, or another option.
    OutputExistsError
        When training begins: the folder holds something.
    RecordingError
        When it goes on: the folder is no recording, or has another `config`.

    Examples
    --------
    >>> trainer = Trainer(callbacks=[LightningRecorder("runs/mine", module="model")])  # doctest: +SKIP
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        every_n_steps: int = 0,
        every_n_epochs: int = 1,
        module: str = "",
        **options: Unpack[Options],
    ) -> None:
        self._run = FollowedModule(
            folder, every_n_steps=every_n_steps, every_n_epochs=every_n_epochs, module=module, options=options
        )
        self._step = 0
        self._epoch: float | None = None
        self._known: dict[str, Any] = {}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin the run folder, or go on with it."""
        self._step, self._epoch = trainer.global_step, trainer.current_epoch
        if trainer.is_global_zero:
            self._run.begin(pl_module, self._step)
            if not self._step:
                self._record(trainer)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Forget what the epoch before has logged."""
        self._known = dict(trainer.callback_metrics)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Record after a step; at the end of an epoch that is recorded, its metrics are waited for."""
        before, self._step = self._step, trainer.global_step
        n = trainer.num_training_batches
        self._epoch = trainer.current_epoch + (batch_idx + 1) / n if isfinite(n) else None
        waits = trainer.is_last_batch and self._run.ends_epochs(trainer.current_epoch + 1)
        if self._run.ends_interval(before, self._step) and not waits:
            self._record(trainer)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Record after an epoch."""
        if self._run.ends_epochs(trainer.current_epoch + 1):
            if self._epoch is None:
                self._epoch = trainer.current_epoch + 1
            self._record(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Record the network as training leaves it."""
        self._record(trainer)

    def _record(self, trainer: Trainer) -> None:
        if trainer.is_global_zero and not self._run.has(trainer.global_step):
            self._run.take()
            self._run.write(trainer.global_step, self._epoch, self._new_metrics(trainer))

    def _new_metrics(self, trainer: Trainer) -> dict[str, Any]:
        """Those logged in this epoch since the last frame; Lightning also keeps old ones."""
        known, self._known = self._known, dict(trainer.callback_metrics)
        return {name: value for name, value in self._known.items() if known.get(name) is not value}
