"""A program that reads one checkpoint and tells what came of it, how long it took and how much memory."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import topokit as tk


@dataclass(frozen=True)
class Measured:
    """What came of a file; seconds of processor time and the peak of resident memory in MB."""

    outcome: str
    message: str
    seconds: float
    megabytes: float


def measured(path: Path) -> Measured:
    """Inspect and load the file in a process of its own."""
    done = subprocess.run([sys.executable, __file__, str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def main(path: str) -> None:
    """Read it and print the outcome."""
    outcome, message, begun = "network", "", time.process_time()
    try:
        tk.inspect(path)
        tk.load(path)
    except tk.CheckpointError as error:
        outcome, message = type(error).__name__, str(error)
    seconds = time.process_time() - begun
    # Unlike getrusage, this peak does not begin with the parent's.
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert peak is not None
    print(json.dumps({"outcome": outcome, "message": message, "seconds": seconds, "megabytes": int(peak[1]) / 1000}))


if __name__ == "__main__":
    main(sys.argv[1])
