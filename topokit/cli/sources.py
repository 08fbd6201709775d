"""What a path on the command line means: a recording, a series of checkpoints, or one checkpoint."""

from __future__ import annotations

from glob import has_magic
from pathlib import Path

from topokit.dag import Series, as_series
from topokit.loaders import load, load_series
from topokit.recording import open_recording


def open_source(path: str) -> Series:
    """A recording folder, a pattern such as ``'ckpts/epoch_*.pt'``, or a file as a series of one."""
    if Path(path, "run.json").is_file():
        return open_recording(path)
    if has_magic(path):
        return load_series(path)
    return as_series(load(path))


def source_name(path: str) -> str:
    """A file-system name for the results of a source."""
    return Path(path).stem.replace("*", "x").replace("?", "x") or "source"
