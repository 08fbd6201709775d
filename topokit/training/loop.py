"""The training loop: steps, evaluations, changes of the wiring, frames and checkpoints."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from topokit.errors import DivergenceError, RecordingError
from topokit.execute import progress
from topokit.recording import RecordingWriter
from topokit.recording.layout import METRICS_FILE
from topokit.recording.metrics import read_table
from topokit.training.augmentation import Augmentation
from topokit.training.checkpoint import Position, read_checkpoint, write_checkpoint
from topokit.training.config import TrainConfig
from topokit.training.connection import Connection
from topokit.training.data import Data
from topokit.training.engines.build import make_engine
from topokit.training.engines.turn import Turn
from topokit.training.methods import Change, Method
from topokit.training.randomness import stream
from topokit.training.samples import Samples
from topokit.training.score import Score
from topokit.training.summary import summarised
from topokit.training.timetable import Timetable

Metrics = dict[str, float]

_STEPS_UNSEEN = 100


class Loop:
    """One run: its samples, the network in training, and how far that has come.

    Parameters
    ----------
    config : TrainConfig
        What to do.
    method : Method
        How the wiring changes.
    data : Data
        What is learned.

    Raises
    ------
    ConfigError
        The training data are too few for the validation fraction, or no images to augment.
    """

    def __init__(self, config: TrainConfig, method: Method, data: Data) -> None:
        self.config = config
        samples = Samples.split(data, config)
        self.augmentation = Augmentation(config, data.shape)
        self.engine = make_engine(config, method, data)
        self.samples = samples.to(config.device)
        steps = self.samples.steps_per_epoch(config.batch_size, drop_last=config.drop_last)
        self.timetable = Timetable(config, steps, method.timing)
        self.position = Position()
        self._saved = 0
        self.connection = Connection()
        self.turnover = {"edges_changed": 0, "edges_gone": 0}
        self._data = data
        self._told = ""

    def description(self) -> dict[str, Any]:
        """What ``run.json`` says about the run."""
        counts = {"training": self.samples.training, "validation": self.samples.validation, "test": self.samples.test}
        dataset = {"name": self._data.name, "shape": list(self._data.shape), "classes": self._data.n_classes}
        return {
            "method": self.config.method,
            "config": self.config.to_dict(),
            "seeds": {"run": self.config.seed},
            "dataset": dataset | {part: len(numbers) for part, numbers in counts.items()},
            "steps_per_epoch": self.timetable.steps_per_epoch,
            "versions": {"torch": torch.__version__},
        }

    def run(self, writer: RecordingWriter) -> None:
        """Train from the folder's checkpoint, or from the start, to the end.

        Raises
        ------
        DivergenceError, RecordingError
            As in `turns`.
        KeyboardInterrupt
            Stopped by the user; the message says how to continue.
        """
        try:
            for turn in self.turns(writer):
                turn.take()
        except KeyboardInterrupt as error:
            last = self.timetable.total_epochs
            raise KeyboardInterrupt(
                f"stopped before the end of {last} epochs; {writer.folder} keeps epochs 0 to {self._saved}: "
                "continue with resume=True, or `topokit train` with --resume"
            ) from error

    def turns(self, writer: RecordingWriter) -> Generator[Turn]:
        """The same, but that each step is left to the caller, who takes it before asking for the next one.

        Raises
        ------
        DivergenceError
            The loss or a weight is no finite number any more.
        RecordingError
            The folder's checkpoint is damaged.
        """
        self._restore(writer)
        epochs = range(self.position.epoch + 1, self.timetable.total_epochs + 1)
        label = f"{self.config.method}, seed {self.config.seed}"
        for epoch in progress(epochs, label, told=lambda: self._told):
            yield from self._train_epoch(epoch, writer)
            if self._saves_at(epoch):
                write_checkpoint(writer.folder, self.position, self.engine.state())
                self._saved = epoch
        writer.add_facts({"summary": summarised(read_table(writer.folder / METRICS_FILE).rows, self.engine.network())})

    def _saves_at(self, epoch: int) -> bool:
        return epoch % self.config.checkpoint_every == 0 or epoch == self.timetable.total_epochs

    def _restore(self, writer: RecordingWriter) -> None:
        found = read_checkpoint(writer.folder)
        if found is None:
            writer.truncate_after(-1)
            self._begin(writer)
            return
        self.position, state = found
        self._saved = self.position.epoch
        try:
            self.engine.load(state)
        except (KeyError, RuntimeError) as error:
            raise RecordingError(f"{writer.folder}: its checkpoint is of another network: {error}") from error
        writer.truncate_after(self.position.step)
        self._look()

    def _begin(self, writer: RecordingWriter) -> None:
        if self.timetable.updates_first(0):
            self._rewire()
        else:
            self._look()
        self._keep_or_forget()
        self._record(writer, self._evaluated())

    def _train_epoch(self, epoch: int, writer: RecordingWriter) -> Iterator[Turn]:
        started, rate = perf_counter(), self.timetable.learning_rate(epoch)
        training, metrics, speed = Score(), Metrics(), 0.0
        self.turnover = {"edges_changed": 0, "edges_gone": 0}
        order, size = stream(self.config.seed, "batches", epoch), self.config.batch_size
        batches = self.samples.batches(size, order, drop_last=self.config.drop_last)
        for x, y in self.augmentation.batches(batches, epoch):
            step = self.position.step + 1
            turn = self._turn(x, y, step, rate)
            yield turn
            self._check_loss(turn)
            training += turn.score
            self.position = replace(self.position, step=step)
            self._check_before_use(step, rate)
            if self.timetable.updates_first(step):
                self._rewire()
            if step % self.timetable.steps_per_epoch == 0:
                metrics = training.metrics("train")
                speed = training.n / (perf_counter() - started)
                metrics |= {**self._evaluated(), "edges": self.engine.n_edges}
                self._check(all(map(math.isfinite, metrics.values())), "the loss", step, rate)
            if self.timetable.records_at(step):
                self._record(writer, metrics)
            if self.timetable.updates_at(step) and not self.timetable.updates_first(step):
                self._rewire()
            self._keep_or_forget()
        self.position = replace(self.position, epoch=epoch)
        wiring = {**self.turnover, **self.connection.metrics()}
        times = {"seconds": perf_counter() - started, "samples_per_second": speed}
        known = {"learning_rate": rate, **metrics, **wiring, **times}
        shown = [name for name in metrics if name == "train_loss" or name.endswith(("_accuracy", "_error"))]
        self._told = ", ".join(f"{name} {metrics[name]:.4g}" for name in shown)
        writer.append_metrics({"step": self.position.step, "epoch": epoch, **known})

    def _turn(self, x: Tensor, y: Tensor, step: int, rate: float) -> Turn:
        rng = stream(self.config.seed, self.engine.draws, step) if self.engine.draws else None
        return Turn(self.engine, step, x, y, rate, self.timetable.updates_at(step), rng)

    def _check_loss(self, turn: Turn) -> None:
        # On a GPU, to look at a loss is to wait for it; once not finite, the weights stay so until they are looked at.
        loss = turn.score.loss
        if isinstance(loss, float) or turn.number % _STEPS_UNSEEN == 0:
            self._check(math.isfinite(loss), "the loss", turn.number, turn.learning_rate)

    def _check_before_use(self, step: int, rate: float) -> None:
        """Weights are looked at before they are evaluated, recorded or compared."""
        table = self.timetable
        if table.records_at(step) or table.counts_at(step) or step % table.steps_per_epoch == 0:
            self._check(self.engine.is_finite(), "a weight or gradient", step, rate)

    def _rewire(self) -> None:
        step = self.position.step
        done = self.engine.rewire(self._change(step)).values()
        self.position = replace(self.position, update=self.position.update + 1)
        self.turnover["edges_changed"] += sum(rewiring.n_changed for rewiring in done)
        self.turnover["edges_gone"] += sum(rewiring.n_gone for rewiring in done)
        if self.timetable.rewinds_at(step):
            self.engine.rewind()
        if self.timetable.counts_at(step):
            self._look()

    def _change(self, step: int) -> Change:
        rng, table = stream(self.config.seed, "growth", self.position.update), self.timetable
        done, grows = step / table.total_steps, not table.prunes_at_end(step)
        return Change(self.config, table.fraction(step), done, rng, table.stage(step), grows)

    def _keep_or_forget(self) -> None:
        if self.timetable.remembers_at(self.position.step):
            self.engine.remember()
        if self.timetable.freezes_at(self.position.step):
            self.engine.freeze()

    def _look(self) -> None:
        """Warn when the network has been cut, as soon as it is."""
        found = Connection.of(self.engine.network())
        if found != self.connection:
            found.warn(self.position.step)
        self.connection = found

    def _record(self, writer: RecordingWriter, metrics: Mapping[str, float]) -> None:
        writer.write_frame(
            self.engine.network(),
            step=self.position.step,
            epoch=self.position.step / self.timetable.steps_per_epoch,
            update=self.position.update,
            metrics=metrics,
            weights=self.config.record_weights,
            activations=self._activations(),
        )

    def _activations(self) -> dict[str, NDArray[np.float64]]:
        s, asked = self.samples, self.config.record_activations
        of_samples = {"validation": (s.train_x, s.validation), "test": (s.test_x, s.test)}
        means = self.engine.mean_activations(*of_samples[asked]) if asked in of_samples else {}
        step, finite = self.position.step, all(np.isfinite(values).all() for values in means.values())
        self._check(finite, "an activation", step, self.timetable.learning_rate(self._epoch_of(step)))
        return means

    def _evaluated(self) -> Metrics:
        s, metrics = self.samples, Metrics()
        if len(s.validation):
            metrics |= self.engine.evaluate(s.train_x, s.train_y, s.validation).metrics("validation")
        return metrics | self.engine.evaluate(s.test_x, s.test_y, s.test).metrics("test")

    def _epoch_of(self, step: int) -> int:
        return (step - 1) // self.timetable.steps_per_epoch + 1

    def _check(self, finite: bool, what: str, step: int, rate: float) -> None:
        if not finite:
            epoch = self._epoch_of(step)
            raise DivergenceError(
                f"{what} is no finite number at step {step} (epoch {epoch}) with learning rate {rate:g}: "
                "lower learning_rate; the frames recorded until then are kept"
            )
