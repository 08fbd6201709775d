"""A minute of coverage-guided fuzzing for each reader."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from zoo_files import files

FORMATS = sorted({path.parent.name for path in files()})


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_a_minute_of_inputs_brings_nothing_but_refusals(name: str) -> None:
    program = str(Path(__file__).parent.parent / "fuzzing.py")
    done = subprocess.run([sys.executable, program, name, "60"], capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr[-3000:]
