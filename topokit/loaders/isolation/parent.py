"""Asks another process to read a file, and takes what it found."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from scipy import sparse

from topokit.dag import LayeredDAG
from topokit.dag.convert import load_npz
from topokit.errors import CorruptCheckpointError, LimitExceededError, ParameterError
from topokit.loaders.assembly.options import LoadOptions
from topokit.loaders.checkpoint import Checkpoint, Values, by_name
from topokit.loaders.formats.common.sparse_arrays import sparse_matrix
from topokit.loaders.inspection import Inspection
from topokit.loaders.isolation.forms import (
    Arrays,
    Json,
    entry_from_json,
    error_from_json,
    inspection_from_json,
    quantisation_from_json,
)
from topokit.loaders.limits import Limits

_CHILD = "topokit.loaders.isolation.child"
_GRACE = 60
_NO_GRAPH = "read in isolation: its graph is followed by load(..., isolate=True) only"


def load_isolated(path: str | os.PathLike[str], format: str | None, options: LoadOptions) -> LayeredDAG:
    """`topokit.load` in a process of its own.

    Raises
    ------
    LimitExceededError
        The process needed more memory or time than `Limits` has for it.
    CorruptCheckpointError
        It crashed.
    """
    with _asked("load", path, format, Limits(), options) as (_, folder):
        return load_npz(folder / "arrays.npz")


def inspect_isolated(path: str | os.PathLike[str], format: str | None, options: LoadOptions) -> Inspection:
    """`topokit.inspect` in a process of its own; it raises what `load_isolated` does."""
    with _asked("inspect", path, format, Limits(), options) as (answer, _):
        return inspection_from_json(answer)


def open_isolated(path: str | os.PathLike[str], format: str | None, limits: Limits) -> Checkpoint:
    """`topokit.open_checkpoint` in a process of its own, as is the reading of each tensor later.

    The checkpoint has no graph; it raises what `load_isolated` does.
    """
    place = Path(path)
    with _asked("open", place, format, limits) as (listing, folder):
        arrays = _arrays(folder)
    entries = (
        entry_from_json(
            told, quantisation_from_json(told, k, arrays), partial(_read, place, listing["format"], limits, told)
        )
        for k, told in enumerate(listing["tensors"])
    )
    notes = (*listing["notes"], *([_NO_GRAPH] if listing["has_graph"] else []))
    return Checkpoint(
        path=place,
        format=listing["format"],
        files=tuple(Path(file) for file in listing["files"]),
        tensors=by_name(entries, place, limits),
        order=listing["order"],
        metadata=listing["metadata"],
        notes=notes,
        network=partial(load_isolated, place, listing["format"], {}) if listing["holds_network"] else None,
        limits=limits,
    )


def _read(path: Path, format: str, limits: Limits, told: Json) -> Values:
    with _asked("read", path, format, limits, tensor=told["name"]) as (answer, folder):
        arrays = _arrays(folder)
    if not answer["is_sparse"]:
        return arrays["values"]
    rows, columns = told["shape"]
    made: sparse.csr_array = sparse_matrix("csr", arrays, (rows, columns))
    return made


@contextmanager
def _asked(
    task: str,
    path: str | os.PathLike[str],
    format: str | None,
    limits: Limits,
    options: LoadOptions | None = None,
    tensor: str = "",
) -> Iterator[tuple[Json, Path]]:
    """The answer of a process that did the task, and the folder of its arrays, which is gone afterwards."""
    if find_spec("resource") is None:
        raise ParameterError("isolate=True needs the resource limits of a Unix system: leave it out here")
    with tempfile.TemporaryDirectory(prefix="topokit-") as name:
        folder = Path(name)
        request = {
            "task": task,
            "path": os.fspath(path),
            "format": format,
            "limits": asdict(limits),
            "options": _plain(options or {}, folder),
            "tensor": tensor,
        }
        (folder / "request.json").write_text(json.dumps(request))
        _run(folder, Path(path), limits)
        if (folder / "error.json").is_file():
            raise error_from_json(json.loads((folder / "error.json").read_text()))
        yield json.loads((folder / "answer.json").read_text()), folder


def _plain(options: LoadOptions, folder: Path) -> Json:
    """The options as JSON-safe values; masks in memory become a file."""
    plain: Json = dict(options)
    masks = plain.get("masks")
    if isinstance(masks, Mapping):
        dense = {str(name): mask.toarray() if hasattr(mask, "toarray") else mask for name, mask in masks.items()}
        plain["masks"] = folder / "masks.npz"
        with plain["masks"].open("wb") as file:
            np.savez(file, allow_pickle=False, **dense)
    return {name: os.fspath(value) if isinstance(value, os.PathLike) else value for name, value in plain.items()}


def _run(folder: Path, path: Path, limits: Limits) -> None:
    # -P: no module from the working folder comes before topokit's own.
    command = [sys.executable, "-P", "-m", _CHILD, str(folder)]
    try:
        status = subprocess.run(command, check=False, timeout=limits.isolated_seconds + _GRACE).returncode
    except subprocess.TimeoutExpired:
        status = -signal.SIGXCPU
    if status == -signal.SIGKILL:
        problem = "makes the system kill the process that reads it, most often for want of memory"
        raise LimitExceededError(path, problem, remedy="lower Limits.isolated_bytes, or read it on a larger machine")
    if status == -signal.SIGXCPU:
        problem = f"takes more than {limits.isolated_seconds:,} seconds to read"
        raise LimitExceededError(path, problem, remedy="raise Limits.isolated_seconds if you trust the file")
    if status:
        problem = f"crashes the process that reads it (status {status})"
        raise CorruptCheckpointError(path, problem, remedy="do not read it outside isolation")


def _arrays(folder: Path) -> Arrays:
    with np.load(folder / "arrays.npz", allow_pickle=False) as stored:
        return dict(stored)
