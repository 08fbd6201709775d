"""A run folder grows safely: it is begun once, resumed alike, cut back, and never half-written."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from topokit.dag import LayeredDAG
from topokit.errors import OutputExistsError, ParameterError, RecordingError
from topokit.recording import RecordingWriter, open_recording

RUN = {"method": "set", "config": {"density": 0.1, "widths": (4, 3)}}


def network(k: int = 1, sizes: tuple[int, int] = (4, 3)) -> LayeredDAG:
    return LayeredDAG.from_adjacencies([np.full(sizes, k, np.float32)])


def written(folder: Path, steps: int) -> RecordingWriter:
    writer = RecordingWriter(folder, RUN)
    for step in range(steps):
        writer.write_frame(network(step + 1), step=step, epoch=step / 2)
        writer.append_metrics({"step": step, "epoch": step / 2, "loss": 1 / (step + 1)})
    return writer


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OutputExistsError, match=str(tmp_path)):
        RecordingWriter(tmp_path, RUN)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    with pytest.raises(RecordingError, match=r"run\.json"):
        RecordingWriter(tmp_path, RUN, resume=True)


def test_an_empty_folder_is_taken_resumed_or_not(tmp_path: Path) -> None:
    for name, resume in (("a", False), ("b", True), ("c", True)):
        if name != "c":
            (tmp_path / name).mkdir()
        RecordingWriter(tmp_path / name, RUN, resume=resume).write_frame(network(), step=0)
        assert open_recording(tmp_path / name).method == "set"


def test_resuming_goes_on_with_frames_and_rows(tmp_path: Path) -> None:
    written(tmp_path / "run", 2)
    writer = RecordingWriter(tmp_path / "run", {**RUN, "versions": {"torch": "other"}}, resume=True)
    assert writer.steps == (0, 1)
    writer.write_frame(network(3), step=2)
    writer.append_metrics({"step": 2, "loss": 0.0})
    recording = open_recording(tmp_path / "run")
    assert recording.steps == (0, 1, 2)
    assert recording.metrics["loss"].tolist() == [1, 0.5, 0]


def test_resuming_with_another_configuration_names_the_difference(tmp_path: Path) -> None:
    written(tmp_path / "run", 1)
    with pytest.raises(RecordingError, match=r"config\.density = 0\.1, not 0\.2"):
        RecordingWriter(tmp_path / "run", {**RUN, "config": {"density": 0.2, "widths": [4, 3]}}, resume=True)


def test_truncating_drops_what_came_later(tmp_path: Path) -> None:
    writer = written(tmp_path / "run", 5)
    writer.truncate_after(2)
    recording = open_recording(tmp_path / "run")
    assert recording.steps == (0, 1, 2)
    assert recording.metrics["step"].tolist() == [0, 1, 2]
    writer.write_frame(network(), step=3)
    writer.append_metrics({"step": 3})
    assert open_recording(tmp_path / "run").metrics["step"].tolist() == [0, 1, 2, 3]


def test_a_cut_run_that_goes_on_equals_one_that_was_never_cut(tmp_path: Path) -> None:
    whole = written(tmp_path / "whole", 5).folder
    cut = written(tmp_path / "cut", 4)
    cut.truncate_after(1)
    again = RecordingWriter(cut.folder, RUN, resume=True)
    for step in range(2, 5):
        again.write_frame(network(step + 1), step=step, epoch=step / 2)
        again.append_metrics({"step": step, "epoch": step / 2, "loss": 1 / (step + 1)})
    files = [path.relative_to(whole) for path in whole.rglob("*") if path.is_file()]
    assert len(files) == 7
    assert all((whole / file).read_bytes() == (cut.folder / file).read_bytes() for file in files)


def test_a_step_is_recorded_once(tmp_path: Path) -> None:
    writer = written(tmp_path / "run", 1)
    with pytest.raises(OutputExistsError, match=r"000000000\.safetensors exists"):
        writer.write_frame(network(2), step=0)
    assert open_recording(tmp_path / "run")[0].equals(network(1))


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"step": -1}, "step -1"),
        ({"step": 1.5}, "step 1.5"),
        ({"step": float("nan")}, "step nan"),
        ({"step": 1, "epoch": float("inf")}, "epoch inf"),
        ({"step": 1, "loss": "low"}, "'loss' is 'low'"),
        ({"loss": 1.0}, "needs its step"),
    ],
)
def test_rows_that_are_no_numbers_are_refused(tmp_path: Path, bad: dict[str, float], message: str) -> None:
    writer = written(tmp_path / "run", 1)
    before = (tmp_path / "run" / "metrics.csv").read_bytes()
    with pytest.raises(ParameterError, match=message):
        writer.append_metrics(bad)
    assert (tmp_path / "run" / "metrics.csv").read_bytes() == before


def test_other_layers_are_refused(tmp_path: Path) -> None:
    writer = written(tmp_path / "run", 1)
    with pytest.raises(RecordingError, match=r"input \(4\), output \(3\), not input \(4\), output \(2\)"):
        writer.write_frame(network(sizes=(4, 2)), step=1)


def test_a_run_that_is_no_json_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="JSON"):
        RecordingWriter(tmp_path / "run", {"config": {"rng": object()}})
    assert not (tmp_path / "run").exists()


def test_nan_metrics_and_exact_floats_survive(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "run", RUN)
    writer.write_frame(network(), step=0, metrics={"loss": float("nan"), "third": np.float32(1 / 3)})
    writer.append_metrics({"step": 0, "loss": float("nan"), "third": 1 / 3})
    recording = open_recording(tmp_path / "run")
    assert np.isnan(recording.metrics["loss"][0])
    assert recording.metrics["third"][0] == 1 / 3
    assert np.isnan(recording.moments[0].metrics["loss"])


FILL_THE_DISK = """
import resource, sys
import numpy as np
from topokit.dag import LayeredDAG
from topokit.errors import WriteFailedError
from topokit.recording import RecordingWriter

writer = RecordingWriter(sys.argv[1], {})
small = LayeredDAG.from_adjacencies([np.ones((4, 3), np.float32)])
large = LayeredDAG.from_adjacencies([np.full((4, 3), 2, np.float32)], names=["input", "output"])
writer.write_frame(small, step=0)
writer.append_metrics({"step": 0, "loss": 1.0})
resource.setrlimit(resource.RLIMIT_FSIZE, (28, resource.RLIM_INFINITY))
for attempt in (
    lambda: writer.write_frame(large, step=1),
    lambda: writer.append_metrics({"step": 1, "loss": 123456789.123}),
    lambda: writer.append_metrics({"step": 1, "other": 1.0}),
):
    try:
        attempt()
    except WriteFailedError as error:
        print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
writer.append_metrics({"step": 2, "loss": 3.0})
"""


BEGIN_ON_A_FULL_DISK = """
import resource, sys
from topokit.errors import WriteFailedError
from topokit.recording import RecordingWriter

resource.setrlimit(resource.RLIMIT_FSIZE, (20, resource.RLIM_INFINITY))
try:
    RecordingWriter(sys.argv[1], {})
except WriteFailedError as error:
    print(error)
"""


def test_a_run_that_cannot_begin_names_its_folder_and_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    command = [sys.executable, "-c", BEGIN_ON_A_FULL_DISK, folder]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"{folder}: cannot be written: File too large"), done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_refused_write_leaves_the_recording_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    done = subprocess.run([sys.executable, "-c", FILL_THE_DISK, folder], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) == 3, done.stdout + done.stderr
    assert all(str(folder) in line and "cannot be written" in line for line in lines)
    assert sorted(path.name for path in (folder / "frames").iterdir()) == ["000000000.safetensors"]
    assert (folder / "metrics.csv").read_text() == "step,epoch,loss\n0,,1.0\n2,,3.0\n"
    assert open_recording(folder).steps == (0,)
    assert json.loads((folder / "run.json").read_text())["schema"] == 1
