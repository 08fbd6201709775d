"""``topokit bench``: hot paths beside their peers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click

import topokit
from topokit.errors import DataError, MissingExtraError


@click.command()
@click.argument("pattern", default="")
def bench(pattern: str) -> None:
    """Time topokit beside its peers on the same input and print the table; PATTERN picks by name."""
    folder = Path(topokit.__file__).parents[1] / "tests" / "benchmarks"
    if not folder.is_dir():
        raise DataError(f"{folder} is absent: the benchmarks come with the clone, run this command from it")
    try:
        import pytest_benchmark  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("pytest-benchmark", "timing") from error
    flags = ["--benchmark-only", "--benchmark-columns=median,min,rounds", "--benchmark-group-by=group"]
    chosen = ["-k", pattern] if pattern else []
    sys.exit(subprocess.run([sys.executable, "-m", "pytest", str(folder), *flags, *chosen], check=False).returncode)
