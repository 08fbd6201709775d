"""Kernels that were just compiled and kernels that were loaded give the same pairing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PAIRINGS = """\
import json

import numpy as np

from topokit.kernels.input_sets import InputSets
from topokit.kernels.set_matching import match_sets
from topokit.kernels.tie_breaking import Colours


def sets(rng, density):
    found = [np.flatnonzero(rng.random(300) < density) for _ in range(300)]
    sizes = [len(inputs) for inputs in found]
    return InputSets(np.concatenate([[0], np.cumsum(sizes)]), np.concatenate(found).astype(np.int32))


rng = np.random.default_rng(0)
pairings = []
for density in (0.003, 0.01, 0.1, 0.6):
    a, b = sets(rng, density), sets(rng, density)
    colours = rng.integers(0, 3, (2, 1, 300)).astype(np.uint64)
    for told in (None, Colours(colours[0], colours[1])):
        pairings.append(match_sets(a, b, 300, told).partner.tolist())
print(json.dumps(pairings))
"""


@pytest.mark.slow
def test_same_pairings(tmp_path: Path) -> None:
    def pairings(**environment: str) -> list[list[int]]:
        words = [sys.executable, "-c", PAIRINGS]
        done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, **environment})
        assert done.returncode == 0, done.stderr
        answer: list[list[int]] = json.loads(done.stdout)
        return answer

    afresh = pairings(NUMBA_CACHE_DIR=str(tmp_path))
    assert list(tmp_path.rglob("*.nbi"))
    assert pairings(NUMBA_CACHE_DIR=str(tmp_path)) == afresh
    assert pairings() == afresh
    assert pairings(NUMBA_CACHE_DIR=str(tmp_path / "generic"), NUMBA_CPU_NAME="generic") == afresh
