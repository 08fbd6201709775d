"""Start-up of the command line beside a Python that does nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

COMMANDS = {
    "python alone": ["-c", "pass"],
    "import topokit": ["-c", "import topokit"],
    "topokit --help": ["-m", "topokit", "--help"],
    "topokit list": ["-m", "topokit", "list", "formats"],
}


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.benchmark(group="start-up")
def test_start_up(name: str, benchmark: BenchmarkFixture) -> None:
    words = [sys.executable, *COMMANDS[name]]
    benchmark(subprocess.run, words, check=True, stdout=subprocess.DEVNULL)
