"""The training loop: steps, evaluations, changes of the wiring, frames and checkpoints."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from time import perf_counter
from typing import Any

import torch

from topokit.errors import DivergenceError, RecordingError
from topokit.execute import progress
from topokit.recording import RecordingWriter
from topokit.recording.layout import METRICS_FILE
from topokit.recording.metrics import read_table
from topokit.training.augmentation import Augmentation
from topokit.training.checkpoint import Position, read_checkpoint, write_checkpoint
from topokit.training.config import TrainConfig
from topokit.training.data import Data
from topokit.training.engines.build import make_engine
from topokit.training.engines.engine import Score
from topokit.training.methods import Change, Method
from topokit.training.randomness import stream
from topokit.training.samples import Samples
from topokit.training.summary import summarised
from topokit.training.timetable import Timetable

Metrics = dict[str, float]


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
        self.samples = Samples.split(data, config)
        self.augmentation = Augmentation(config, data.shape)
        self.engine = make_engine(config, method, data)
        steps = self.samples.steps_per_epoch(config.batch_size)
        self.timetable = Timetable(config, steps, method.timing)
        self.position = Position()
        self._data = data

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
        DivergenceError
            The loss or a weight is no finite number any more.
        RecordingError
            The folder's checkpoint is damaged.
        KeyboardInterrupt
            Stopped by the user; the message says how to continue.
        """
        self._restore(writer)
        epochs = range(self.position.epoch + 1, self.config.epochs + 1)
        kept = self.position.epoch
        try:
            for epoch in progress(epochs, f"{self.config.method}, seed {self.config.seed}"):
                self._train_epoch(epoch, writer)
                if self._saves_at(epoch):
                    write_checkpoint(writer.folder, self.position, self.engine.state())
                    kept = epoch
        except KeyboardInterrupt as error:
            raise KeyboardInterrupt(
                f"stopped before the end of {self.config.epochs} epochs; {writer.folder} keeps epochs 0 to {kept}: "
                "continue with resume=True, or `topokit train` with --resume"
            ) from error
        writer.add_facts({"summary": summarised(read_table(writer.folder / METRICS_FILE).rows, self.engine.network())})

    def _saves_at(self, epoch: int) -> bool:
        return epoch % self.config.checkpoint_every == 0 or epoch == self.config.epochs

    def _restore(self, writer: RecordingWriter) -> None:
        found = read_checkpoint(writer.folder)
        if found is None:
            writer.truncate_after(-1)
            self._record(writer, self._evaluated())
            return
        self.position, state = found
        try:
            self.engine.load(state)
        except (KeyError, RuntimeError) as error:
            raise RecordingError(f"{writer.folder}: its checkpoint is of another network: {error}") from error
        writer.truncate_after(self.position.step)

    def _train_epoch(self, epoch: int, writer: RecordingWriter) -> None:
        started, rate = perf_counter(), self.timetable.learning_rate(epoch)
        training, changed, metrics, speed = Score(), 0, Metrics(), 0.0
        batches = self.samples.batches(self.config.batch_size, stream(self.config.seed, "batches", epoch))
        for x, y in self.augmentation.batches(batches, epoch):
            step = self.position.step + 1
            score = self.engine.train_batch(x, y, learning_rate=rate, rewires=self.timetable.updates_at(step))
            self._check(math.isfinite(score.loss), "the loss", step, rate)
            training += score
            self.position = replace(self.position, step=step)
            if step % self.timetable.steps_per_epoch == 0:
                speed = training.n / (perf_counter() - started)
                metrics = {**_measured("train", training), **self._evaluated()}
            changed += self._record_and_rewire(writer, metrics, rate)
        self.position = replace(self.position, epoch=epoch)
        known = {"learning_rate": rate, **metrics, "edges": self.engine.n_edges, "edges_changed": changed}
        times = {"seconds": perf_counter() - started, "samples_per_second": speed}
        writer.append_metrics({"step": self.position.step, "epoch": epoch, **known, **times})

    def _record_and_rewire(self, writer: RecordingWriter, metrics: Metrics, rate: float) -> int:
        step = self.position.step
        records, updates = self.timetable.records_at(step), self.timetable.updates_at(step)
        if records or updates or metrics:
            self._check(self.engine.is_finite(), "a weight or gradient", step, rate)
        if records:
            self._record(writer, metrics)
        if not updates:
            return 0
        done = self.engine.rewire(self._change(step))
        self.position = replace(self.position, update=self.position.update + 1)
        return sum(rewiring.n_changed for rewiring in done.values())

    def _change(self, step: int) -> Change:
        rng = stream(self.config.seed, "growth", self.position.update)
        return Change(self.config, self.timetable.fraction(step), step / self.timetable.total_steps, rng)

    def _record(self, writer: RecordingWriter, metrics: Mapping[str, float]) -> None:
        writer.write_frame(
            self.engine.network(),
            step=self.position.step,
            epoch=self.position.step / self.timetable.steps_per_epoch,
            update=self.position.update,
            metrics=metrics,
            weights=self.config.record_weights,
        )

    def _evaluated(self) -> Metrics:
        s, metrics = self.samples, Metrics()
        if len(s.validation):
            metrics |= _measured("validation", self.engine.evaluate(s.train_x, s.train_y, s.validation))
        return metrics | _measured("test", self.engine.evaluate(s.test_x, s.test_y, s.test))

    def _check(self, finite: bool, what: str, step: int, rate: float) -> None:
        if not finite:
            epoch = (step - 1) // self.timetable.steps_per_epoch + 1
            raise DivergenceError(
                f"{what} is no finite number at step {step} (epoch {epoch}) with learning rate {rate:g}: "
                "lower learning_rate; the frames recorded until then are kept"
            )


def _measured(part: str, score: Score) -> Metrics:
    return {f"{part}_loss": score.mean_loss, f"{part}_accuracy": score.accuracy}
