"""``run.json``: what was trained, and how."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from topokit.errors import RecordingError
from topokit.recording.layout import RUN_FILE, SCHEMA

MAX_BYTES = 100_000_000


def read_run(folder: Path) -> dict[str, Any]:
    """The content of ``run.json``.

    Raises
    ------
    RecordingError
        No such folder or file, no JSON object, or another schema.
    """
    path = folder / RUN_FILE
    if not folder.is_dir():
        raise RecordingError(f"{folder}: no such folder; a recording is a folder with {RUN_FILE} and frames/")
    if path.exists() and not path.is_file():
        raise RecordingError(f"{path}: a folder, a device or a pipe, not a file; the recording is damaged")
    try:
        run = json.loads(path.read_bytes() if path.stat().st_size <= MAX_BYTES else b"")
    except FileNotFoundError as error:
        raise RecordingError(f"{folder}: no recording, it has no {RUN_FILE}; name the folder of one run") from error
    except (OSError, ValueError, RecursionError) as error:
        raise RecordingError(f"{path}: not readable as JSON: {error}; the recording is damaged") from error
    if not isinstance(run, dict) or run.get("schema") != SCHEMA:
        found = run.get("schema") if isinstance(run, dict) else None
        raise RecordingError(f"{path}: schema {found!r} is not {SCHEMA}: another version of topokit wrote it")
    return run
