"""What a run folder holds, for comparing runs byte by byte."""

from __future__ import annotations

from pathlib import Path

import pandas as pd


def contents(folder: Path) -> dict[str, bytes]:
    """All files of a run; of the metrics everything but times."""
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    table = pd.read_csv(folder / "metrics.csv", dtype=str).drop(columns=["seconds", "samples_per_second"])
    return {**files, "metrics.csv": table.to_csv().encode()}
