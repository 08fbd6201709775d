"""What the callbacks of all frameworks do alike."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from topokit.dag import LayeredDAG
from topokit.errors import ParameterError
from topokit.recording.adapters.torch import network_from_module
from topokit.recording.recorder import Masks, TopologyRecorder

_OWN_NAMES = frozenset({"self", "step", "epoch", "activations"})


class Options(TypedDict, total=False):
    """What `TopologyRecorder` is told besides."""

    masks: Masks | None
    order: Sequence[str] | None
    weights: bool
    config: Mapping[str, Any] | None


class FollowedModule:
    """A module that a framework trains, and the recorder of its networks.

    Parameters
    ----------
    folder : path
        The run folder.
    every_n_steps, every_n_epochs : int
        Optimizer steps, and epochs, between frames; 0: none.
    module : str
        Name of the part that is recorded; '' for all.
    options : Options
        For `TopologyRecorder`.

    Raises
    ------
    ParameterError
        A negative interval, or an option that does not exist.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        every_n_steps: int,
        every_n_epochs: int,
        module: str,
        options: Options,
    ) -> None:
        if min(every_n_steps, every_n_epochs) < 0:
            raise ParameterError(f"every {every_n_steps} steps and {every_n_epochs} epochs: give 0 (none) or more")
        unknown = sorted(set(options) - set(Options.__annotations__))
        if unknown:
            raise ParameterError(f"unknown option {unknown[0]!r}: there are {', '.join(Options.__annotations__)}")
        self._folder, self._part = folder, module
        self._every_n_steps, self._every_n_epochs = every_n_steps, every_n_epochs
        self._masks, self._order = options.get("masks"), options.get("order")
        self._weights, self._config = options.get("weights", True), options.get("config")
        self._model: Any = None
        self._network: LayeredDAG | None = None
        self._recorder: TopologyRecorder | None = None

    def begin(self, model: Any, step: int) -> None:
        """Follow `model`, which has been trained for so many steps; frames and rows of later ones go.

        Raises
        ------
        OutputExistsError
            Training begins, and the folder holds something.
        RecordingError
            Training goes on, and the folder is of something else.
        """
        self._model = model.get_submodule(self._part)
        self._recorder = TopologyRecorder(
            self._folder, self._taken, weights=self._weights, config=self._config, resume=step > 0
        )
        self._recorder.truncate_after(step)

    def ends_interval(self, before: int, step: int) -> bool:
        """Whether a frame is due after `step`, when `before` was the step looked at before."""
        return self._every_n_steps > 0 and step // self._every_n_steps > before // self._every_n_steps

    def ends_epochs(self, epoch: int) -> bool:
        """Whether a frame is due after so many epochs."""
        return self._every_n_epochs > 0 and epoch % self._every_n_epochs == 0

    def take(self) -> None:
        """Keep the network as it is now, for `write`."""
        masks = self._masks() if callable(self._masks) else self._masks
        self._network = network_from_module(self._model, masks=masks, order=self._order)

    def write(self, step: int, epoch: float | None, metrics: Mapping[str, Any]) -> None:
        """Write the network that was taken last, unless that step has its frame."""
        assert self._recorder is not None
        if step not in self._recorder.steps:
            numbers: dict[str, Any] = {name: float(value) for name, value in metrics.items() if _is_number(name, value)}
            self._recorder.record(step=step, epoch=epoch, **numbers)

    def has(self, step: int) -> bool:
        """Whether that step has its frame."""
        return self._recorder is not None and step in self._recorder.steps

    def _taken(self) -> LayeredDAG:
        assert self._network is not None
        return self._network


def _is_number(name: str, value: Any) -> bool:
    """Whether it is a metric; numbers may be tensors of one element."""
    if name in _OWN_NAMES:
        return False
    return isinstance(value, int | float) or (hasattr(value, "numel") and value.numel() == 1)
