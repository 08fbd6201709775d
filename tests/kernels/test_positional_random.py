from __future__ import annotations

import numpy as np
from scipy import stats

from topokit.kernels.positional_random import uniform_at

STEP, MASK = 0x9E3779B97F4A7C15, 2**64 - 1


def splitmix(state: int) -> int:
    """The published generator (Steele, Lea and Flood 2014) in Python's own integers."""
    z = (state + STEP) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def test_it_is_the_published_generator_at_any_position() -> None:
    positions = np.array([0, 1, 2, 3, 10**6, 2**40], np.int64)
    drawn = uniform_at(np.uint64(2**63 + 12345), positions)
    expected = [(splitmix((2**63 + 12345 + STEP * int(k)) & MASK) >> 40) * 2.0**-24 for k in positions]
    assert drawn.tolist() == expected


def test_it_is_uniform_and_uncorrelated() -> None:
    drawn = uniform_at(np.uint64(7), np.arange(200_000)).astype(float)
    assert stats.kstest(drawn, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(drawn[:-1], drawn[1:])[0, 1]) < 4 / np.sqrt(200_000)
    other = uniform_at(np.uint64(8), np.arange(200_000)).astype(float)
    assert abs(np.corrcoef(drawn, other)[0, 1]) < 4 / np.sqrt(200_000)
