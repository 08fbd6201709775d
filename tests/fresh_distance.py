"""A program that compares two random layers and tells the distance, the seconds it took and the peak of its memory."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Told:
    """Of a process of its own: what the distance is and what it could be at least, and what it took.

    Seconds pass from the import of topokit to the answer, less those for making the networks; the peak of resident
    memory, in MB, is that of the whole process and that before the call.
    """

    distance: float
    gap: float
    seconds: float
    megabytes: float
    megabytes_before: float


def compared_afresh(width: int, density: float, environment: Mapping[str, str] | None = None) -> Told:
    """Compare two random layers in a process of its own."""
    words = [sys.executable, __file__, str(width), str(density)]
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, **(environment or {})})
    assert done.returncode == 0, done.stderr
    return Told(**json.loads(done.stdout))


def main(width: int, density: float) -> None:
    """Compare them and print what is told."""
    begun = time.perf_counter()
    import topokit as tk

    imported = time.perf_counter() - begun
    a, b = (tk.erdos_renyi([width, width], density=density, rng=seed) for seed in (0, 1))
    before, begun = _peak(), time.perf_counter()
    found = tk.nnstd(a, b, output="matched")
    seconds = imported + time.perf_counter() - begun
    print(json.dumps(Told(found.total, float(found.gaps[0]), seconds, _peak(), before).__dict__))


def _peak() -> float:
    # Unlike getrusage, this peak does not begin with the parent's.
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert peak is not None
    return int(peak[1]) / 1000


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
