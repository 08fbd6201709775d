"""A kernel never runs with an old version of another one that it calls."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import topokit

CALLER = """\
import numba

from topokit.kernels.callee import number


@numba.njit("int64()", cache=True)
def twice():
    return 2 * number()
"""
CALLEE = """\
import numba


@numba.njit("int64()", cache=True)
def number():
    return {}
"""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the package with two kernels, one calling the other."""
    shutil.copytree(
        Path(topokit.__file__).parent, tmp_path / "topokit", ignore=shutil.ignore_patterns("__pycache__", "tests")
    )
    (tmp_path / "topokit" / "kernels" / "caller.py").write_text(CALLER)
    return tmp_path


def answer(house: Path) -> int:
    code = "from topokit.kernels.caller import twice; print(twice())"
    done = subprocess.run([sys.executable, "-c", code], cwd=house, capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_a_changed_callee_reaches_its_callers(house: Path) -> None:
    kernels = house / "topokit" / "kernels"
    (kernels / "callee.py").write_text(CALLEE.format(1))
    assert (answer(house), answer(house)) == (2, 2)
    compiled = set((kernels / "__pycache__").glob("*.nbi"))
    assert len(compiled) == 2
    before = {path: path.stat().st_mtime_ns for path in compiled}
    assert answer(house) == 2
    assert {path: path.stat().st_mtime_ns for path in compiled} == before
    (kernels / "callee.py").write_text(CALLEE.format(3))
    assert answer(house) == 6
