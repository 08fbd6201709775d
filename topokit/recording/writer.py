"""Write a run folder, so that whatever kills the run leaves a readable recording."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import topokit
from topokit.dag import LayeredDAG, Moment
from topokit.errors import ParameterError, RecordingError
from topokit.outputs import whole_file, whole_folder
from topokit.recording.frames import write_frame
from topokit.recording.layout import (
    FRAMES_FOLDER,
    METRICS_FILE,
    RUN_FILE,
    SCHEMA,
    frame_path,
    frame_paths,
    temporary_paths,
)
from topokit.recording.metrics import Measured, MetricsTable, append_row, checked_row, read_table, write_table
from topokit.recording.run_file import read_run


class RecordingWriter:
    """Writes one run folder; `topokit.recording` describes it.

    Parameters
    ----------
    folder : path
        Absent or empty, unless `resume`.
    run : mapping
        What goes into ``run.json``, JSON-safe: ``method``, ``config``, ``seeds``, ``dataset`` and whatever else is
        worth keeping. The schema, the versions and, with the first frame, the layer table are added.
    resume : bool
        Continue a folder that was begun with the same `run`; without one, begin it.

    Raises
    ------
    OutputExistsError
        The folder holds something and `resume` is false.
    RecordingError
        The folder to resume is no recording, or was begun with another `run`.
    WriteFailedError
        The disk is full or the folder cannot be written.
    """

    def __init__(self, folder: str | os.PathLike[str], run: Mapping[str, Any], *, resume: bool = False) -> None:
        self.folder = Path(folder)
        if resume and self.folder.is_dir() and any(self.folder.iterdir()):
            self._run = _resumed(self.folder, run)
        else:
            self._run = _begun(self.folder, run)
        self._table = _mended(self.folder / METRICS_FILE)

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps recorded so far, ascending."""
        return tuple(frame_paths(self.folder))

    def write_frame(
        self,
        network: LayeredDAG,
        *,
        step: int,
        epoch: float | None = None,
        update: int | None = None,
        metrics: Measured | None = None,
        weights: bool = True,
        activations: Mapping[str, Any] | None = None,
    ) -> Path:
        """Write the network after `step` optimizer steps and return its file.

        Parameters
        ----------
        network : LayeredDAG
            The same layers in every frame.
        step : int
            Optimizer steps so far, at least 0; each is recorded once.
        epoch : float, optional
            Epochs so far.
        update : int, optional
            Number of rewirings so far.
        metrics : mapping of str to float, optional
            What was measured then.
        weights : bool
            Whether the weights are kept, or the wiring alone.
        activations : mapping of str to array_like, optional
            Mean |h| of each neuron, (n_neurons,), by layer.

        Raises
        ------
        ParameterError
            A negative step, a metric that is not a number, weights of an unknown dtype, or activations that are not
            those of the network's neurons.
        RecordingError
            Other layers than the frames before.
        OutputExistsError
            The step is recorded already.
        WriteFailedError
            The disk is full; nothing is half-written.
        """
        row = checked_row({**(metrics or {}), "step": step, "epoch": epoch})
        self._keep_layers(network)
        numbers = {name: value for name, value in row.items() if name not in ("step", "epoch")}
        path = frame_path(self.folder, step)
        moment = Moment(int(row["step"]), row.get("epoch"), numbers)
        write_frame(path, network, moment, update=update, weights=weights, activations=activations)
        return path

    def append_metrics(self, row: Measured) -> None:
        """Append one row to ``metrics.csv``; new names become new columns, `None` an empty cell.

        Raises
        ------
        ParameterError
            The row has no ``step``, or a value that is not a number.
        WriteFailedError
            The disk is full; the row is not half-written.
        """
        number = checked_row(row)
        path = self.folder / METRICS_FILE
        table = self._table.with_row(number)
        if path.exists() and table.columns == self._table.columns:
            append_row(path, table.columns, number)
        else:
            write_table(path, table)
        self._table = table

    def add_facts(self, facts: Mapping[str, Any]) -> None:
        """Add to ``run.json`` what was not known at the start, such as a ``summary``; JSON-safe.

        Raises
        ------
        ParameterError
            The facts are not JSON.
        WriteFailedError
            The disk is full; the file stays as it was.
        """
        self._run = {**self._run, **_plain(facts)}
        _write_run(self.folder / RUN_FILE, self._run)

    def truncate_after(self, step: int) -> None:
        """Drop every frame and every row later than `step`, as when training goes on from a checkpoint of then."""
        for later in sorted((s for s in self.steps if s > step), reverse=True):
            frame_path(self.folder, later).unlink()
        kept = self._table.until(step)
        if len(kept.rows) < len(self._table.rows):
            write_table(self.folder / METRICS_FILE, kept)
        self._table = kept

    def _keep_layers(self, network: LayeredDAG) -> None:
        table = _plain([asdict(layer) for layer in network.layers])
        if "layers" not in self._run:
            self._run = {**self._run, "layers": table}
            _write_run(self.folder / RUN_FILE, self._run)
        elif table != self._run["layers"]:
            first, now = (
                ", ".join(f"{row['name']} ({row['size']})" for row in t) for t in (self._run["layers"], table)
            )
            raise RecordingError(f"{self.folder} records the layers {first}, not {now}: use another folder")


def _begun(folder: Path, run: Mapping[str, Any]) -> dict[str, Any]:
    versions = {"topokit": topokit.__version__, "python": platform.python_version(), "numpy": np.__version__}
    whole = {"schema": SCHEMA, **_plain(run), "versions": versions | _plain(run.get("versions", {}))}
    with whole_folder(folder) as temporary:
        (temporary / FRAMES_FOLDER).mkdir()
        (temporary / RUN_FILE).write_text(_run_text(whole), encoding="utf-8")
    return whole


def _resumed(folder: Path, run: Mapping[str, Any]) -> dict[str, Any]:
    stored = read_run(folder)
    given = {key: value for key, value in _plain(run).items() if key != "versions"}
    other = _difference({key: stored.get(key) for key in given}, given)
    if other:
        raise RecordingError(f"{folder} was begun with {other}: resume with the same, or use another folder")
    for path in temporary_paths(folder):
        path.unlink(missing_ok=True)
    (folder / FRAMES_FOLDER).mkdir(exist_ok=True)
    return stored


def _mended(path: Path) -> MetricsTable:
    table = read_table(path)
    if path.exists() and not path.read_bytes().endswith(b"\n"):
        write_table(path, table)
    return table


def _plain(value: Any) -> Any:
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ParameterError(f"the description of a run has to be JSON: {error}") from error


def _difference(stored: Any, given: Any, place: str = "") -> str:
    if isinstance(stored, dict) and isinstance(given, dict):
        pairs = [(key, stored.get(key), given.get(key)) for key in sorted({*stored, *given})]
        found = (_difference(a, b, f"{place}.{key}".lstrip(".")) for key, a, b in pairs)
        return next((text for text in found if text), "")
    return "" if stored == given else f"{place} = {stored!r}, not {given!r}"


def _write_run(path: Path, run: Mapping[str, Any]) -> None:
    with whole_file(path) as temporary:
        temporary.write_text(_run_text(run), encoding="utf-8")


def _run_text(run: Mapping[str, Any]) -> str:
    return json.dumps(run, indent=2) + "\n"
