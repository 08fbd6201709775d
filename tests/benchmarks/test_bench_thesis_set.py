"""All that Matab et al. (2024) measured on all their snapshots, from disk, on two cores: 25 runs of 159 snapshots.

A share of two short runs unless TOPOKIT_WHOLE_THESIS_SET is set, which writes 2 GB. Each run is analysed by one
process; processor time per snapshot and analysis, reading included, stands in the benchmark's extra information.
"""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import igraph
import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from scipy.stats import kendalltau
from thesis_set import EDGES, RUNS, SNAPSHOTS, analyse, write_run

import topokit as tk
from topokit import execute

WHOLE = bool(os.environ.get("TOPOKIT_WHOLE_THESIS_SET"))
SHARE = (RUNS, SNAPSHOTS) if WHOLE else (2, 36)

pytestmark = pytest.mark.slow


def recorded(folder: Path) -> list[Path]:
    runs, snapshots = SHARE
    folders = [folder / f"run-{seed}" for seed in range(runs)]
    with execute.process_pool(2) as pool:
        jobs = [pool.submit(write_run, place, seed, snapshots) for seed, place in enumerate(folders)]
        for job in jobs:
            job.result()
    return folders


def analysed(folders: list[Path]) -> list[dict[str, float]]:
    with execute.process_pool(2) as pool:
        return execute.map(analyse, folders, pool)


def assert_as_peers_say(run: tk.Series) -> None:
    network = run[-1]
    sums = [(mask.sum(axis=0), mask.sum(axis=1)) for mask in network.adjacencies()]
    hidden = np.concatenate([into + out for (into, _), (_, out) in pairwise(sums)])
    first = tk.degrees(run[0], layers="hidden").degrees[0]
    np.testing.assert_array_equal(tk.degrees(network, layers="hidden").degrees[0], hidden)
    graph = igraph.Graph(network.n_neurons, np.stack(network.edges(), axis=1))
    np.testing.assert_array_equal(tk.kshell(network).coreness[0], graph.coreness())
    tau = tk.rank_evolution([run[0], network]).matrix[0, 1]
    assert tau == pytest.approx(kendalltau(first, hidden).statistic, abs=1e-12)


def test_thesis_set(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    folders = recorded(tmp_path)
    runs, snapshots = SHARE
    benchmark.group = f"degrees, shells, power laws and ranks of {runs * snapshots:,} snapshots of {sum(EDGES):,} edges"
    assert_as_peers_say(tk.open_recording(folders[0]))
    each = benchmark.pedantic(analysed, args=(folders,), rounds=1)
    seconds = {name: sum(run[name] for run in each) for name in each[0]}
    benchmark.extra_info["start, s of processor"] = round(seconds.pop("start"), 2)
    for name, total in seconds.items():
        benchmark.extra_info[f"{name}, ms of processor per snapshot"] = round(1e3 * total / (runs * snapshots), 2)
