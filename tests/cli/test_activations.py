"""What is written of runs whose frames hold activations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import topokit as tk
from topokit.cli.analyses import Choices, analyses, write
from topokit.recording import Recording
from topokit.report.drawings import draw
from topokit.report.findings import ANALYSES, Findings, Options, RunFindings

CHOICES = Choices(replicates=0, threshold=3, seed=0, shape=None)
NAMES = {"tau_dormant", "dormancy_join"}


@pytest.fixture
def run(tmp_path: Path) -> Recording:
    rng = np.random.default_rng(0)
    recorder = tk.TopologyRecorder(tmp_path / "run", lambda: tk.erdos_renyi((8, 12, 3), density=0.3, rng=rng))
    for epoch in range(3):
        recorder.record(epoch=epoch, activations={"hidden1": np.maximum(rng.normal(0.3, 0.5, 12), 0)})
    return recorder.open()


def test_both_dormancies_are_written_where_activations_were_recorded(run: Recording, tmp_path: Path) -> None:
    active = analyses(CHOICES, over_time=True, active=True)
    assert set(active) - set(analyses(CHOICES, over_time=True)) == NAMES
    for name in NAMES:
        assert write(active[name], run, tmp_path / name, "svg") is None
        assert (tmp_path / f"{name}.svg").exists()
    dormant = pd.read_csv(tmp_path / "tau_dormant_summary.csv")["dormant"]
    joined = pd.read_csv(tmp_path / "dormancy_join_summary.csv").query("layer == 'hidden1'")
    assert dormant.tolist() == joined["dormant"].tolist()
    assert dormant.sum() > 0


def test_a_report_draws_them(run: Recording) -> None:
    results = {name: ANALYSES[name](run, Options(threshold=3)) for name in ("dormant", "tau_dormant")}
    found = RunFindings("set", run, run[-1], {name: results.get(name, "left out") for name in ANALYSES})
    pictures = draw(Findings((found,), "alone", "alone", Options(threshold=3)))["dormant"]
    assert [picture.caption[:2] for picture in pictures] == ["Hi", "τ-"]
