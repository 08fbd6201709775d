"""To and from ``.npz``: the whole network, provenance included, readable with NumPy alone.

The arrays are those of `topokit.dag.codec`; ``header`` is its JSON as UTF-8 bytes (uint8). Nothing is pickled.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.dag.codec import decode, encode
from topokit.dag.network import LayeredDAG
from topokit.errors import CheckpointError, CorruptCheckpointError, InvalidNetworkError, UnknownFormatError
from topokit.outputs import whole_file

_FORMAT = "topokit npz"
_MAGIC = (b"PK", b"\x93NUMPY")


def save_npz(network: LayeredDAG, path: str | os.PathLike[str], *, weights: bool = True) -> None:
    """Write a network as ``.npz``, whole or not at all.

    Parameters
    ----------
    network : LayeredDAG
        The network.
    path : path-like
        The file, under exactly this name; an existing one is replaced.
    weights : bool
        Whether to store the weights beside the wiring.

    Raises
    ------
    WriteFailedError
        The disk is full or the folder cannot be written.
    """
    arrays, header = encode(network, weights=weights)
    text = np.frombuffer(json.dumps(header).encode(), np.uint8)
    with whole_file(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **{"header": text, **arrays})


def load_npz(path: str | os.PathLike[str]) -> LayeredDAG:
    """Read a network that `save_npz` wrote, exactly as it was.

    Raises
    ------
    CheckpointError
        There is no such file (`UnknownFormatError`: it is another kind of file, `CorruptCheckpointError`: it
        is damaged).
    """
    arrays = _arrays(Path(path))
    if "header" not in arrays:
        remedy = "read it with topokit.load"
        raise UnknownFormatError(path, "no network that topokit wrote: it has no 'header'", remedy=remedy)
    try:
        header = json.loads(arrays.pop("header").tobytes())
        return decode(arrays, header)
    except (ValueError, RecursionError, InvalidNetworkError) as error:
        raise CorruptCheckpointError(path, f"damaged: {error}", format=_FORMAT) from error


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        if path.exists() and not _may_hold_arrays(path):
            raise ValueError("it is no archive of arrays")
        stored = np.load(path, allow_pickle=False)
        if not isinstance(stored, np.lib.npyio.NpzFile):
            return {}
        with stored:
            return dict(stored)
    except FileNotFoundError as error:
        raise CheckpointError(path, "no such file", remedy="check the path") from error
    except Exception as error:  # NumPy and zipfile tell of damage by a dozen unrelated exceptions.
        problem = " ".join(str(error).split())
        raise CorruptCheckpointError(path, f"not a readable .npz: {problem}", format=_FORMAT) from error


def _may_hold_arrays(path: Path) -> bool:
    """NumPy waits for ever at a pipe, takes anything else for a pickle and says how to open it unsafely."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(6).startswith(_MAGIC)
