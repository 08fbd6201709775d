"""The files of the zoo: small networks that frameworks saved, by the format that reads them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent / "data" / "zoo"

# Files that a checkpoint names and that are none themselves.
_COMPANIONS = re.compile(r"\.data(-\d+-of-\d+)?$|\.info$|\.pdmodel$|\.bin$|-0000[2-9]-of-\d+|^\.")


def net_of(path: Path) -> str:
    """The network that a file holds: its name up to a hyphen or dot."""
    return re.split(r"[-.]", path.name)[0]


def files(format: str | None = None) -> list[Path]:
    """All files and folders of the zoo, or those of one format."""
    folders = [ROOT / format] if format else sorted(ROOT.iterdir())
    found = [path for folder in folders if folder.is_dir() for path in sorted(folder.iterdir())]
    return [path for path in found if not _COMPANIONS.search(path.name)]


def companions(path: Path) -> list[Path]:
    """A file and those beside it that it names."""
    if path.is_dir():
        return [path]
    stem = path.name.split(".")[0]
    return [path, *(other for other in sorted(path.parent.glob(f"{stem}.*")) if _COMPANIONS.search(other.name))]


def label(path: Path) -> str:
    """A short name for the tests."""
    return str(path.relative_to(ROOT))
