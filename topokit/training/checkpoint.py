"""The file an interrupted run continues from: tensors and where training stood, in one safetensors file.

Nothing random is kept in it: every stream of random numbers follows from the seed and the position
(`topokit.training.randomness`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from topokit.errors import RecordingError
from topokit.outputs import whole_file
from topokit.recording.container import chunks, read_arrays, read_metadata

CHECKPOINT_FILE = "checkpoint.safetensors"
SCHEMA = 1

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Position:
    """How far training has come.

    Attributes
    ----------
    epoch, step, update : int
        Epochs, optimizer steps and changes of the wiring so far.
    """

    epoch: int = 0
    step: int = 0
    update: int = 0


def write_checkpoint(folder: Path, position: Position, state: Mapping[str, NDArray[Any]]) -> None:
    """Write the checkpoint, whole or not at all, in place of the one before.

    Raises
    ------
    WriteFailedError
        The disk is full or the folder cannot be written.
    """
    metadata = {"position": json.dumps({"schema": SCHEMA, **asdict(position)})}
    with whole_file(folder / CHECKPOINT_FILE) as temporary, temporary.open("wb") as file:
        file.writelines(chunks(state, metadata))


def read_checkpoint(folder: Path) -> tuple[Position, Arrays] | None:
    """The position and the tensors of the last checkpoint; None when none was written yet.

    Temporary files that a killed run left behind are removed.

    Raises
    ------
    RecordingError
        The file is damaged or of another version.
    """
    for leftover in folder.glob(f".{CHECKPOINT_FILE}.*"):
        leftover.unlink(missing_ok=True)
    path = folder / CHECKPOINT_FILE
    if not path.exists():
        return None
    try:
        position = json.loads(read_metadata(path)["position"])
        if position.pop("schema") != SCHEMA:
            raise ValueError("another version of topokit wrote it")
        return Position(**position), read_arrays(path)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordingError(
            f"{path}: not a readable checkpoint: {error}; remove it to train from the start again"
        ) from error
