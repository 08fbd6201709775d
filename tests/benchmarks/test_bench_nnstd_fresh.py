"""NNSTD in a process of its own: the first call, and the memory and time of wide layers."""

from __future__ import annotations

from pathlib import Path

import pytest
from fresh_distance import Told, compared_afresh
from pytest_benchmark.fixture import BenchmarkFixture


def measure(benchmark: BenchmarkFixture, width: int, density: float, cache: Path | None = None) -> Told:
    environment = {"OMP_NUM_THREADS": "1"} if cache is None else {"NUMBA_CACHE_DIR": str(cache)}
    told: Told = benchmark.pedantic(compared_afresh, args=(width, density, environment), rounds=1, warmup_rounds=0)
    assert told.gap == 0
    benchmark.extra_info |= {"seconds": told.seconds, "peak MB": told.megabytes, "MB before": told.megabytes_before}
    return told


@pytest.mark.slow
@pytest.mark.parametrize(("width", "density"), [(4096, 0.05), (32768, 0.01)])
def test_wide_layer(benchmark: BenchmarkFixture, width: int, density: float) -> None:
    benchmark.group = f"NNSTD of a {width}-{width} layer at {density:.1%} in a process of its own"
    measure(benchmark, width, density)


@pytest.mark.slow
@pytest.mark.parametrize("warm", [False, True], ids=["cold", "warm"])
def test_first_call(benchmark: BenchmarkFixture, warm: bool, tmp_path: Path) -> None:
    """Kernels are compiled into an empty folder, or loaded from one that a process before filled."""
    benchmark.group = "NNSTD, the first call in a process"
    before = compared_afresh(784, 0.006, {"NUMBA_CACHE_DIR": str(tmp_path)}) if warm else None
    told = measure(benchmark, 784, 0.006, tmp_path)
    assert before is None or told.distance == before.distance
