"""``topokit bench``: hot paths beside their peers."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import click

import topokit
from topokit.errors import DataError, MissingExtraError, ParameterError

NOTHING_CHOSEN = 5  # pytest's status


@click.command()
@click.argument("pattern", default="")
def bench(pattern: str) -> None:
    """Time topokit beside its peers on the same input and print the table; PATTERN picks by name."""
    folder = Path(topokit.__file__).parents[1] / "tests" / "benchmarks"
    if not folder.is_dir():
        raise DataError(f"{folder} is absent: the benchmarks come with the clone, run this command from it")
    if find_spec("pytest_benchmark") is None:
        raise MissingExtraError("pytest-benchmark", "timing")
    flags = ["-n0", "--benchmark-only", "--benchmark-columns=median,min,rounds", "--benchmark-group-by=group"]
    chosen = ["-k", pattern] if pattern else []
    done = subprocess.run([sys.executable, "-m", "pytest", str(folder), *flags, *chosen], check=False)
    if done.returncode == NOTHING_CHOSEN:
        raise ParameterError(f"no benchmark is called {pattern!r}: pick a word of the files in {folder}")
    click.get_current_context().exit(min(done.returncode, 1))
