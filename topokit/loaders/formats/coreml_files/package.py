"""The folder of an ``.mlpackage``: a manifest says which of its files is the model.

Source: https://github.com/apple/coremltools/tree/main/modelpackage.
"""

from __future__ import annotations

from pathlib import Path

from topokit.errors import CorruptCheckpointError
from topokit.loaders.formats.common.contained import contained
from topokit.loaders.formats.common.strict_json import read_json_table
from topokit.loaders.formats.coreml import MANIFEST, NAME
from topokit.loaders.limits import Limits

_DATA = "Data"


def model_of(folder: Path, limits: Limits) -> tuple[Path, Path]:
    """The manifest of a package and the model that it names.

    Raises
    ------
    CorruptCheckpointError
        It names none.
    """
    manifest = contained(folder, MANIFEST, limits, format=NAME)
    told = read_json_table(manifest, NAME, MANIFEST, limits)
    entries, root = told.get("itemInfoEntries"), told.get("rootModelIdentifier")
    entry = entries.get(root) if isinstance(entries, dict) else None
    if not isinstance(entry, dict) or not isinstance(entry.get("path"), str):
        raise CorruptCheckpointError(folder, "names no model", format=NAME, place=repr(MANIFEST))
    return manifest, contained(folder, f"{_DATA}/{entry['path']}", limits, format=NAME)
