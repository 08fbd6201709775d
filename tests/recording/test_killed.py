"""A run that was killed leaves a recording that opens, holds whole frames and can be resumed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from topokit.dag import LayeredDAG
from topokit.recording import RecordingWriter, open_recording

RECORD = """
import itertools, sys
sys.path.insert(0, sys.argv[2])
from test_killed import network
from topokit.recording import RecordingWriter

writer = RecordingWriter(sys.argv[1], {"method": "static"})
for step in itertools.count():
    writer.write_frame(network(step), step=step)
    writer.append_metrics({"step": step, "loss": step / 7})
"""


def network(step: int) -> LayeredDAG:
    rng = np.random.default_rng(step)
    mask = rng.random((400, 300)) < 0.5
    return LayeredDAG.from_adjacencies([rng.normal(size=mask.shape).astype(np.float32)], masks=[mask])


@pytest.mark.parametrize("delay", [0.0, 0.003, 0.006, 0.009])
def test_killed_while_writing(tmp_path: Path, delay: float) -> None:
    folder = tmp_path / "run"
    with subprocess.Popen([sys.executable, "-c", RECORD, folder, Path(__file__).parent]) as child:
        while not (folder / "metrics.csv").exists():
            assert child.poll() is None
            time.sleep(0.01)
        time.sleep(0.1 + delay)
        os.kill(child.pid, signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL

    recording = open_recording(folder)
    assert recording.steps == tuple(range(len(recording)))
    assert all(recording[step].equals(network(step)) for step in range(len(recording)))
    assert recording.metrics["loss"].tolist() == [step / 7 for step in range(len(recording.metrics))]
    assert len(recording) - len(recording.metrics) in (0, 1)

    writer = RecordingWriter(folder, {"method": "static"}, resume=True)
    writer.truncate_after(0)
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == [
        "000000000.safetensors",
        "metrics.csv",
        "run.json",
    ]


def test_a_half_written_temporary_and_a_cut_row_do_not_count(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "run", {})
    for step in range(2):
        path = writer.write_frame(network(step), step=step)
        writer.append_metrics({"step": step, "loss": 0.5})
    temporary = path.with_name(".000000002.safetensors.k3x9.safetensors")
    temporary.write_bytes(path.read_bytes()[:5000])
    with (tmp_path / "run" / "metrics.csv").open("a") as file:
        file.write("2,,0.")
    recording = open_recording(tmp_path / "run")
    assert recording.steps == (0, 1)
    assert recording.metrics["step"].tolist() == [0, 1]

    resumed = RecordingWriter(tmp_path / "run", {}, resume=True)
    assert not temporary.exists()
    resumed.append_metrics({"step": 2, "loss": 0.75})
    assert open_recording(tmp_path / "run").metrics["loss"].tolist() == [0.5, 0.5, 0.75]
