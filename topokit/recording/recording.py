"""Open a run folder as a series of networks."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topokit.dag import LayeredDAG, Series
from topokit.dag.series import Activations
from topokit.errors import RecordingError
from topokit.recording.frames import Frame, read_activations, read_frame, read_network
from topokit.recording.layout import METRICS_FILE, frame_paths
from topokit.recording.metrics import FIRST_COLUMNS, MetricsTable, read_table
from topokit.recording.run_file import read_run

if TYPE_CHECKING:
    import pandas as pd


class Recording(Series):
    """The networks of one run; each is read from its frame when asked for.

    Attributes
    ----------
    folder : Path
        Where it lies.
    run : mapping
        The content of ``run.json``.
    updates : tuple of int or None
        Rewirings done before each frame.
    """

    def __init__(self, folder: Path, run: Mapping[str, Any], frames: Sequence[Frame], table: MetricsTable) -> None:
        name = str(run.get("name") or folder.resolve().name)
        super().__init__(
            [frame.moment for frame in frames],
            partial(_read, tuple(frames)),
            name=name,
            activations=partial(_activations, tuple(frames)),
        )
        self.folder = folder
        self.run = run
        self.updates = tuple(frame.update for frame in frames)
        self._table = table

    @property
    def config(self) -> dict[str, Any]:
        """How it was trained; empty when it was recorded without saying so."""
        return dict(self.run.get("config") or {})

    @property
    def method(self) -> str:
        """Name of the training method, such as ``set``; empty when unknown."""
        return str(self.run.get("method") or self.config.get("method") or "")

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """What was measured: columns step (Int64), epoch and the metrics (float; NaN where not measured)."""
        import pandas as pd

        columns = {name: [row.get(name) for row in self._table.rows] for name in self._table.columns}
        types = {name: "Int64" if name == FIRST_COLUMNS[0] else "float64" for name in columns}
        return pd.DataFrame({name: pd.Series(values, dtype=types[name]) for name, values in columns.items()})

    def _repr_html_(self) -> str:
        facts = {
            "recording": self.name,
            "method": self.method or "unknown",
            "layers": " - ".join(f"{layer['size']:,}" for layer in self.run.get("layers", ())),
            "networks": f"{len(self)}, {self.labels[0]} to {self.labels[-1]}",
            **{f"last {name}": f"{value:g}" for name, value in self.moments[-1].metrics.items()},
        }
        rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(fact)}</td></tr>" for name, fact in facts.items())
        return f"<table>{rows}</table>"


def open_recording(folder: str | os.PathLike[str]) -> Recording:
    """Open a run folder; the header of every frame is checked, no array is read and nothing is executed.

    Parameters
    ----------
    folder : path
        What `RecordingWriter`, `TopologyRecorder` or ``topokit train`` wrote.

    Returns
    -------
    Recording
        A series of networks in the order of their steps.

    Raises
    ------
    RecordingError
        No such folder, no ``run.json``, another schema, no frame, a damaged frame or table.
    """
    place = Path(folder)
    run = read_run(place)
    frames = [read_frame(path) for path in frame_paths(place).values()]
    if not frames:
        raise RecordingError(f"{place}: the run has no frame yet; record one first")
    for frame in frames[1:]:
        if frame.layers != frames[0].layers:
            raise RecordingError(f"{frame.path}: other layers than {frames[0].path.name}; the folder mixes runs")
    return Recording(place, run, frames, read_table(place / METRICS_FILE))


def _read(frames: Sequence[Frame], position: int) -> LayeredDAG:
    return read_network(frames[position])


def _activations(frames: Sequence[Frame], position: int) -> Activations:
    return read_activations(frames[position])
