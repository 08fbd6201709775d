"""From a path to a `Checkpoint`: which format is it, and what does it list."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import get_args

from topokit.errors import (
    CheckpointError,
    CorruptCheckpointError,
    LimitExceededError,
    UnknownNameError,
    UnsupportedFeatureError,
)
from topokit.loaders.checkpoint import Checkpoint
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.unsupported import refuse
from topokit.loaders.guard import guarded
from topokit.loaders.limits import Limits, Pickles
from topokit.registry import FORMATS

_HEAD_BYTES = 4096
_RECORDING_MARK = "run.json"
_MOST_LOOKS = 16


def open_checkpoint(
    path: str | os.PathLike[str],
    *,
    format: str | None = None,
    pickle: Pickles | None = None,
    limits: Limits | None = None,
    isolate: bool = False,
) -> Checkpoint:
    """List the tensors of a file or folder, reading none and running nothing.

    Parameters
    ----------
    path : path
        The file or folder.
    format : str, optional
        Name of the reader, as `topokit list formats` gives it; told by content unless given.
    pickle : {'inert', 'strict', 'forbid'}, optional
        Overrides `Limits.pickle`. Pickles are never run: 'inert' follows them and leaves unknown objects unmade,
        'strict' refuses those that have any, 'forbid' refuses every pickle.
    limits : Limits, optional
        What the file may ask for.
    isolate : bool
        Whether a process of its own lists the tensors and reads each; the checkpoint then has no graph.

    Returns
    -------
    Checkpoint
        Its tensors by name; each is read when asked.

    Raises
    ------
    CheckpointError
        The file is missing, of an unknown form, damaged, unsafe or beyond the limits; the subclass says which.
    UnknownNameError
        No such format, or no such way with pickles.
    """
    place, allowed = Path(path), _with_pickles(limits or Limits(), pickle)
    if isolate:
        from topokit.loaders.isolation import open_isolated  # which reads networks, and those open checkpoints

        return open_isolated(place, format, allowed)
    with guarded(place):
        head = _head(place)
        chosen: Format = FORMATS.load(format) if format else _recognised(place, head, allowed)
    with guarded(place, chosen.name), _without_collection():
        return _without_checksum(_bounded(chosen.open(place, allowed)))


def _with_pickles(limits: Limits, pickle: Pickles | None) -> Limits:
    if pickle is None:
        return limits
    if pickle not in get_args(Pickles):
        raise UnknownNameError("way with pickles", str(pickle), get_args(Pickles))
    return replace(limits, pickle=pickle)


def _bounded(checkpoint: Checkpoint) -> Checkpoint:
    """The checkpoint, if its tensors are not far more than its files: each name of the same bytes is read again."""
    told = sum(entry.nbytes for entry in checkpoint.tensors.values())
    stored = sum(file.stat().st_size for file in checkpoint.files)
    if told > checkpoint.limits.decompressed_bytes + _MOST_LOOKS * stored:
        problem = f"has tensors of {told:,} bytes in all, in files of {stored:,}"
        raise LimitExceededError(checkpoint.path, problem, format=checkpoint.format)
    return checkpoint


def _without_checksum(checkpoint: Checkpoint) -> Checkpoint:
    """The checkpoint, with a note if it is too large for a checksum."""
    if not checkpoint.is_beyond_checksum:
        return checkpoint
    note = f"no checksum: the file has more than {checkpoint.limits.checksum_bytes:,} bytes"
    return replace(checkpoint, notes=(*checkpoint.notes, note))


@contextmanager
def _without_collection() -> Iterator[None]:
    """Pause the search for cyclic garbage: among hundreds of thousands of new entries it takes most of the time."""
    was_running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_running:
            gc.enable()


def is_checkpoint(path: Path) -> bool:
    """Whether some reader recognises the file or folder; none knows a pipe or a link that leads nowhere."""
    if not path.is_dir() and not path.is_file():
        return False
    with guarded(path):
        head = b"" if path.is_dir() else _first_bytes(path)
        return _reader(path, head) is not None


def check_no_recording(folder: Path) -> None:
    """Raise `UnsupportedFeatureError` when the folder is a recording."""
    if (folder / _RECORDING_MARK).is_file():
        raise UnsupportedFeatureError(
            folder,
            "is a recording of many networks, not one checkpoint",
            remedy="open it with tk.open_recording, or load one of its frames/*.safetensors",
        )


def _head(path: Path) -> bytes:
    if not path.exists():
        problem = "is a link that leads nowhere" if path.is_symlink() else "there is no such file or folder"
        raise CheckpointError(path, problem, remedy="check the path")
    if path.is_dir():
        check_no_recording(path)
        return b""
    if not path.is_file():
        raise CheckpointError(path, "is a device or a pipe, not a file", remedy="copy its contents to a file first")
    head = _first_bytes(path)
    if not head:
        raise CorruptCheckpointError(path, "the file is empty", remedy="copy or download it again")
    return head


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD_BYTES)


def _recognised(path: Path, head: bytes, limits: Limits) -> Format:
    return _reader(path, head) or refuse(path, head, limits)


def _reader(path: Path, head: bytes) -> Format | None:
    formats: list[Format] = [FORMATS.load(name) for name in FORMATS]
    return next((candidate for candidate in formats if candidate.recognises(path, head)), None)
