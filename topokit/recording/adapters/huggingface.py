"""Record what the Trainer of Hugging Face trains."""

from __future__ import annotations

import os
from typing import Any, Unpack

from topokit.errors import MissingExtraError
from topokit.recording.adapters.followed import FollowedModule, Options

try:
    from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
except ModuleNotFoundError as error:
    if error.name != "transformers":
        raise
    raise MissingExtraError("transformers", "recording what the Trainer of Hugging Face trains") from error


class HuggingFaceRecorder(TrainerCallback):
    """A callback that records the network before training, every so many steps or epochs, and at the end.

    Metrics of a frame are what the Trainer logged and evaluated at its step. A frame shows the network after the step,
    as other callbacks that were added before this one left it. When training goes on from a checkpoint, frames and
    metrics recorded after it are dropped and recorded again. Of several processes the first one records, and has to
    hold whole parameters.

    Parameters
    ----------
    folder : path
        The run folder, absent or empty unless training goes on from a checkpoint.
    every_n_steps : int
        Optimizer steps between frames; 0: none.
    every_n_epochs : int
        Epochs between frames; 0: none.
    module : str
        Name of the part of the model that is recorded, such as ``"bert"``; all of it unless given.
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
    >>> trainer = Trainer(model, arguments, callbacks=[HuggingFaceRecorder("runs/mine")])  # doctest: +SKIP
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
        self._taken: tuple[int, float | None] | None = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **given: Any
    ) -> None:
        """Begin the run folder, or go on with it; a frame that was not yet written with its checkpoint is made up."""
        self._taken = None
        if state.is_world_process_zero:
            self._run.begin(given["model"], state.global_step)
            if not state.global_step or self._is_due(state):
                self._take(state)

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **given: Any
    ) -> None:
        """Write what was taken: all metrics of its step are there now."""
        self._write(state)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **given: Any) -> None:
        """Take the network after a step."""
        if self._is_due(state) or state.global_step == state.max_steps:
            self._take(state)

    def on_epoch_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **given: Any) -> None:
        """Take the network after an epoch, or where training stops early."""
        if self._run.ends_epochs(round(state.epoch or 0)) or control.should_training_stop:
            self._take(state)

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **given: Any) -> None:
        """Write the last network; one that was loaded in its place, for it was the best, is not taken for it."""
        if not args.load_best_model_at_end:
            self._take(state)
        self._write(state)

    def _is_due(self, state: TrainerState) -> bool:
        step, epoch = state.global_step, state.epoch or 0.0
        return self._run.ends_interval(step - 1, step) or (epoch == round(epoch) and self._run.ends_epochs(int(epoch)))

    def _take(self, state: TrainerState) -> None:
        taken = self._taken is not None and self._taken[0] == state.global_step
        if state.is_world_process_zero and not taken and not self._run.has(state.global_step):
            self._run.take()
            self._taken = (state.global_step, state.epoch)

    def _write(self, state: TrainerState) -> None:
        if self._taken is None:
            return
        step, epoch = self._taken
        logged = [entry for entry in state.log_history if entry.get("step") == step]
        self._run.write(step, epoch, {name: value for entry in logged for name, value in entry.items()})
        self._taken = None
