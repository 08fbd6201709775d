"""Where things lie in a run folder."""

from __future__ import annotations

import re
from pathlib import Path

SCHEMA = 1
RUN_FILE = "run.json"
METRICS_FILE = "metrics.csv"
FRAMES_FOLDER = "frames"

_FRAME_NAME = re.compile(r"(\d{9,})\.safetensors")
_TEMPORARY_NAME = re.compile(r"\.(\d{9,}\.safetensors|metrics\.csv|run\.json)\..*")


def frame_path(folder: Path, step: int) -> Path:
    """The file of the network after `step` optimizer steps."""
    return folder / FRAMES_FOLDER / f"{step:09d}.safetensors"


def frame_paths(folder: Path) -> dict[int, Path]:
    """The frames of a run by step, ascending; anything else in the folder is ignored."""
    frames = folder / FRAMES_FOLDER
    names = [_FRAME_NAME.fullmatch(path.name) for path in frames.iterdir()] if frames.is_dir() else []
    return {step: frame_path(folder, step) for step in sorted(int(name[1]) for name in names if name)}


def temporary_paths(folder: Path) -> list[Path]:
    """Half-written files that a killed run left behind."""
    places = [place for place in (folder, folder / FRAMES_FOLDER) if place.is_dir()]
    return [path for place in places for path in place.iterdir() if _TEMPORARY_NAME.fullmatch(path.name)]
