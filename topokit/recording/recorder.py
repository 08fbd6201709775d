"""Record a network from within any training loop."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from topokit.dag import LayeredDAG
from topokit.errors import ParameterError
from topokit.recording.recording import Recording, open_recording
from topokit.recording.writer import RecordingWriter

Masks = Mapping[str, Any] | Callable[[], Mapping[str, Any]]


class TopologyRecorder:
    """Records a network from within any training loop, at whatever moments the loop chooses.

    Parameters
    ----------
    folder : path
        The run folder, absent or empty unless `resume`.
    source : torch.nn.Module or callable
        A PyTorch module, whose wiring is read at each `record` (see
        `topokit.recording.adapters.torch.network_from_module`), or a function that returns a `LayeredDAG`.
    masks : mapping of str to array or tensor, or callable, optional
        Mask of each masked parameter by its name, or a function that returns them, when the module does not hold
        them itself. Without masks an edge is a weight that is not exactly 0.
    order : sequence of str, optional
        The modules in the order of the data, when the order of registration is another.
    weights : bool
        Whether weights are recorded, or the wiring alone.
    config : mapping, optional
        What ``run.json`` shall say of the training, JSON-safe; its ``method`` names the method.
    resume : bool
        Continue a folder begun earlier.

    Raises
    ------
    OutputExistsError
        The folder holds something and `resume` is false.
    ParameterError
        A source that is neither, or `masks` or `order` beside a function.

    Examples
    --------
    >>> recorder = TopologyRecorder("runs/mine", model, masks=masks)  # doctest: +SKIP
    >>> for epoch in range(10):  # doctest: +SKIP
    ...     train_one_epoch(model)
    ...     recorder.record(epoch=epoch + 1, test_accuracy=accuracy(model))
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        source: Any,
        *,
        masks: Masks | None = None,
        order: Sequence[str] | None = None,
        weights: bool = True,
        config: Mapping[str, Any] | None = None,
        resume: bool = False,
    ) -> None:
        self._network = _reader(source, masks, order)
        self._weights = weights
        run = {"method": dict(config or {}).get("method", ""), "config": dict(config or {})}
        self._writer = RecordingWriter(folder, run, resume=resume)

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self._writer.folder

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps recorded so far, ascending."""
        return self._writer.steps

    def truncate_after(self, step: int) -> None:
        """Drop what was recorded after that step, as when training goes on from a checkpoint of then."""
        self._writer.truncate_after(step)

    def record(
        self,
        step: int | None = None,
        epoch: float | None = None,
        activations: Mapping[str, Any] | None = None,
        **metrics: float,
    ) -> Path:
        """Write a frame and a row of metrics, and return the frame's file.

        Parameters
        ----------
        step : int, optional
            Optimizer steps so far; one more than the last recorded unless given.
        epoch : float, optional
            Epochs so far.
        activations : mapping of str to array_like, optional
            Mean |h| of each neuron by layer, as `mean_activations` gives it; `tau_dormant` reads it back.
        **metrics : float
            What was measured, such as ``test_accuracy=0.97``.

        Raises
        ------
        CheckpointError
            The module's layers do not chain (say how with `order`), or a mask belongs to no weight.
        ParameterError
            A metric that is not a number, or activations that are not those of the network's neurons.
        OutputExistsError
            The step is recorded already.
        WriteFailedError
            The disk is full; nothing is half-written.
        """
        steps = self._writer.steps
        now = step if step is not None else (steps[-1] + 1 if steps else 0)
        path = self._writer.write_frame(
            self._network(), step=now, epoch=epoch, metrics=metrics, weights=self._weights, activations=activations
        )
        self._writer.append_metrics({"step": now, "epoch": epoch, **metrics})
        return path

    def open(self) -> Recording:
        """The recording as it stands."""
        return open_recording(self.folder)

    def __enter__(self) -> TopologyRecorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held open: every frame is whole as soon as `record` returns."""


def _reader(source: Any, masks: Masks | None, order: Sequence[str] | None) -> Callable[[], LayeredDAG]:
    if hasattr(source, "named_parameters"):
        from topokit.recording.adapters.torch import network_from_module

        return lambda: network_from_module(source, masks=masks() if callable(masks) else masks, order=order)
    if not callable(source):
        raise ParameterError(f"{type(source).__name__} cannot be recorded: give a PyTorch module or a function")
    if masks is not None or order is not None:
        raise ParameterError("masks and order describe a PyTorch module: a function returns the network as it is")
    return lambda: _checked(source())


def _checked(network: Any) -> LayeredDAG:
    if not isinstance(network, LayeredDAG):
        raise ParameterError(f"the source of a recorder returned {type(network).__name__}, not a LayeredDAG")
    return network
