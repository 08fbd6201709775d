"""Runs that are killed, stopped and resumed end as if nothing had happened."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from run_files import contents

from topokit.recording import open_recording
from topokit.training import TrainConfig, train

CONFIG = TrainConfig(hidden=(128, 64), density=0.1, epochs=12, update_every=4, activation="srelu")

# A process that the shell put in the background, such as this test run, has its children ignore Ctrl-C.
PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from topokit.training import TrainConfig, train
train(TrainConfig.from_toml(sys.argv[1]), sys.argv[2], resume=True)
"""


def start(config: Path, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(config), str(folder)], stderr=subprocess.PIPE, text=True
    )


def frames(folder: Path) -> int:
    return sum(1 for _ in folder.glob("frames/[0-9]*.safetensors"))


def stop_after(process: subprocess.Popen[str], folder: Path, n_frames: int, delay: float, how: int) -> str:
    """Send the signal a moment after the folder holds that many frames; what the process said."""
    while process.poll() is None and frames(folder) < n_frames:
        time.sleep(0.001)
    time.sleep(delay)
    process.send_signal(how)
    return process.communicate()[1]


@pytest.mark.parametrize(("method", "checkpoint_every"), [("rigl", 1), ("snfs", 3)])
def test_a_run_killed_at_random_moments_ends_the_same(tmp_path: Path, method: str, checkpoint_every: int) -> None:
    config = CONFIG.replace(method=method, checkpoint_every=checkpoint_every)
    whole, folder, file = tmp_path / "whole", tmp_path / "killed", tmp_path / "run.toml"
    file.write_text(config.to_toml())
    expected = len(train(config, whole))
    chance = random.Random(method)
    killed = 0
    for part in (0.0, 0.2, 0.5, 0.8):
        process = start(file, folder)
        stop_after(process, folder, int(part * expected), chance.uniform(0, 0.05), signal.SIGKILL)
        killed += process.returncode == -signal.SIGKILL
    assert killed >= 3
    train(config, folder, resume=True)
    assert contents(folder) == contents(whole)


def test_ctrl_c_says_how_to_continue(tmp_path: Path) -> None:
    config = CONFIG.replace(epochs=200)
    folder, file = tmp_path / "run", tmp_path / "run.toml"
    file.write_text(config.to_toml())
    said = stop_after(start(file, folder), folder, 20, 0.0, signal.SIGINT)
    last = said.strip().splitlines()[-1]
    assert f"{folder} keeps epochs 0 to " in last
    assert "resume=True" in last
    assert len(open_recording(folder)) >= 20
    assert not list(folder.rglob(".*"))
