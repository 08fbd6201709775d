"""What a path on the command line means: a recording, a series of checkpoints, or one checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from glob import has_magic
from pathlib import Path

from topokit.dag import Series, as_series
from topokit.errors import ParameterError
from topokit.loaders import load, load_series
from topokit.loaders.assembly.options import LoadOptions
from topokit.recording import open_recording


def open_source(path: str, loading: LoadOptions | None = None) -> Series:
    """A recording folder, a pattern such as ``'ckpts/epoch_*.pt'``, or a file as a series of one.

    Raises
    ------
    ParameterError
        Options of `load` for a recording, which holds its networks whole.
    """
    options = loading or {}
    if Path(path, "run.json").is_file():
        if options:
            given = ", ".join(sorted(options))
            raise ParameterError(f"{path} is a recording, to which {given} does not apply: leave it out")
        return open_recording(path)
    if has_magic(path):
        return load_series(path, **options)
    return as_series(load(path, **options))


def source_names(paths: Sequence[str]) -> list[str]:
    """A name for the folder of each source: its own, behind those of its folders where two share it."""
    parts = [_parts(path) for path in paths]
    for depth in range(1, 1 + max(map(len, parts))):
        names = ["-".join(own[-depth:]) for own in parts]
        if len(set(names)) == len(names):
            return names
    raise ParameterError("a source is named twice: name each one once")


def _parts(path: str) -> tuple[str, ...]:
    whole = Path(path.replace("*", "x").replace("?", "x")).absolute()
    whole = whole.resolve() if ".." in whole.parts else whole
    return (*whole.parent.parts[1:], whole.stem or "source")
