"""Who gained and kept edges in the published networks of Liu et al. (2020), which were trained by SET."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import sparse, stats

import topokit as tk
from topokit.analyzers.edge_lives.attachment_verdict import BLIND, RICHER, UNDEFINED, UNTOLD

pytestmark = pytest.mark.shared

EPOCHS = (0, 10, 20, 30, 40, 50, 100, 150, 190)


def published(shared: Path, network: int) -> tk.Series:
    """One of the authors' runs; the last row of each of their matrices is the bias."""

    def read(k: int) -> tk.LayeredDAG:
        folder = shared / "golden" / "nnstd_fig4" / f"e5_s0_w{network}" / f"epoch_{EPOCHS[k]:03d}"
        return tk.LayeredDAG.from_adjacencies(
            [sparse.load_npz(folder / f"weight_l{j}.npz").tocsr()[:-1] for j in range(4)]
        )

    return tk.Series([tk.Moment(epoch=float(epoch)) for epoch in EPOCHS], read)


def test_gain_and_retention_of_all_runs(shared: Path) -> None:
    runs = [tk.attachment(published(shared, k), updates_between=50, replicates=50) for k in range(10)]
    exponents = np.array([run.frame["exponent"] for run in runs]).reshape(10, 4, 2, 2)
    means = exponents[:, :3].mean(axis=0)
    halves = stats.t.isf(0.025, 9) * exponents[:, :3].std(axis=0, ddof=1) / np.sqrt(10)
    sources, targets = means[:, 0], means[:, 1]
    # Inputs: neither their gain nor, to speak of, their retention depends on degree.
    assert abs(sources[0, 0]) < halves[0, 0, 0]
    assert abs(sources[0, 1]) < 0.05
    np.testing.assert_allclose(targets[:, 0], [0.67, 0.68, 0.92], atol=0.03)
    np.testing.assert_allclose(targets[:, 1], [0.0, -0.32, -0.72], atol=0.03)
    verdicts = {run.verdicts["gain_verdict"][k] for run in runs for k in (1, 3, 5)}
    assert verdicts == {UNTOLD}
    assert {run.verdicts["gain_verdict"][0] for run in runs} == {BLIND}
    assert {run.verdicts["verdict"][7] for run in runs} == {UNDEFINED}
    assert not any((run.frame["verdict"] == RICHER).any() for run in runs)


def test_lives_of_edges_and_exploration(shared: Path) -> None:
    run = published(shared, 0)
    summary = tk.edge_survival(run).summary.set_index("block")
    assert summary.loc["hidden3->output", "dropped"] == 0
    assert (summary["half_life"].iloc[:3].between(30, 50)).all()
    explored = tk.exploration(run)
    assert explored.rate[0, -1] == pytest.approx(0.0101, abs=2e-4)
    assert explored.rate[-1, -1] == pytest.approx(0.0201, abs=1e-3)
    # Vacant pairs that had an edge get one again more often than growth anywhere would bring them one.
    back = np.nansum(explored.returned[:, -1])
    assert back > np.nansum(explored.born[:, -1] * explored.returned_by_chance[:, -1])
