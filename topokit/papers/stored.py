"""Tables of an item in a folder, with checksums: results that draw their figures without training."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd

import topokit
from topokit.errors import RecordingError
from topokit.outputs import whole_file
from topokit.papers.experiment import Scale
from topokit.papers.paper import Tables

FACTS_FILE = "item.json"
SCHEMA = 1
_NEEDED = {"figures", "minutes", "notes", "source", "tables", "verdicts", "what"}
_HEAD = {"schema": SCHEMA, "topokit": topokit.__version__}


def folder_name(item: str, scale: Scale) -> str:
    """What the folder of an item at that scale is called."""
    return f"{item}-{scale}"


def stored_folder(paper: str, item: str, scale: Scale) -> Path | None:
    """Where results that come with topokit lie, if there are any for that item at that scale."""
    package = Path(topokit.__file__).parent
    homes = (package / "stored_papers", package.parent / "data" / "papers")
    places = [home / paper / folder_name(item, scale) for home in homes]
    return next((place for place in places if (place / FACTS_FILE).is_file()), None)


def write_tables(folder: Path, tables: Tables, facts: Mapping[str, Any]) -> None:
    """Write each table as CSV, and the facts with the checksums of all of them; `folder` exists."""
    for name, table in tables.items():
        (folder / f"{name}.csv").write_text(table.to_csv(index=False, lineterminator="\n"), encoding="utf-8")
    sums = {name: sha256((folder / f"{name}.csv").read_bytes()).hexdigest() for name in tables}
    (folder / FACTS_FILE).write_text(_text({**_HEAD, **facts, "tables": sums}), encoding="utf-8")


def write_facts(folder: Path, facts: Mapping[str, Any]) -> None:
    """Put these facts in the place of those that are there, where they differ; all others stay."""
    before = (folder / FACTS_FILE).read_text(encoding="utf-8")
    after = _text({**json.loads(before), **facts})
    if after != before:
        with whole_file(folder / FACTS_FILE) as temporary:
            temporary.write_text(after, encoding="utf-8")


def read_tables(folder: Path) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """The tables of such a folder, and its facts.

    Raises
    ------
    RecordingError
        The facts are unreadable, or a table is missing or is not the one that was written.
    """
    facts = read_facts(folder)
    return {name: _table(folder / f"{name}.csv", checksum) for name, checksum in facts["tables"].items()}, facts


def read_facts(folder: Path) -> dict[str, Any]:
    """What is known of the item besides its tables.

    Raises
    ------
    RecordingError
        They are unreadable, or of another schema.
    """
    path = folder / FACTS_FILE
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecordingError(f"{path}: cannot be read: {error}; remove {folder}, or make it anew") from error
    if not isinstance(facts, dict) or facts.get("schema") != SCHEMA or not facts.keys() >= _NEEDED:
        raise RecordingError(f"{path}: is of another version: remove {folder}, or make it anew")
    return facts


def _text(facts: Mapping[str, Any]) -> str:
    return json.dumps(facts, indent=1) + "\n"


def _table(path: Path, checksum: object) -> pd.DataFrame:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read: {error.strerror}; make it anew") from error
    if sha256(content).hexdigest() != checksum:
        raise RecordingError(f"{path}: was changed after it was written: make it anew")
    return pd.read_csv(path)
