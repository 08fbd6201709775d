"""The published topologies: SciPy folders with a bias row, as single networks and as series."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

import topokit as tk

pytestmark = pytest.mark.shared

EPOCHS = (0, 10, 20, 30, 40, 50, 100, 150, 190)


@pytest.fixture(scope="module")
def runs(shared: Path) -> list[Path]:
    return sorted((shared / "golden" / "nnstd_fig4").iterdir())


def test_every_checkpoint_is_read_without_its_bias_rows(runs: list[Path]) -> None:
    assert len(runs) == 10
    for folder in [run / f"epoch_{epoch:03}" for run in runs for epoch in EPOCHS]:
        network = tk.load(folder)
        assert [layer.size for layer in network.layers] == [784, 784, 784, 784, 10]
        assert [layer.name for layer in network.layers[1:]] == [f"weight_l{k}" for k in range(4)]
        for k, block in enumerate(network.blocks):
            published = sparse.load_npz(folder / f"weight_l{k}.npz").toarray()
            assert np.array_equal(block.weight_matrix().toarray(), published[:-1])
            assert np.array_equal(block.adjacency().toarray(), published[:-1] != 0)
        assert any("biases and dropped" in note for note in network.provenance.notes)


def test_a_run_is_a_series(runs: list[Path]) -> None:
    for source in (str(runs[0] / "epoch_*"), runs[0]):
        series = tk.load_series(source)
        assert series.epochs == EPOCHS
        assert series.name == runs[0].name
        assert series.at(epoch=190).equals(tk.load(runs[0] / "epoch_190"))


def test_the_networks_of_one_epoch_are_a_series_over_seeds(runs: list[Path]) -> None:
    series = tk.load_series([run / "epoch_000" for run in runs])
    assert series.steps == tuple(range(10))


def test_inspect_counts_them(runs: list[Path]) -> None:
    told = json.loads(json.dumps(tk.inspect(runs[0] / "epoch_000").to_dict()))
    assert told["format"] == "scipy-sparse-folder"
    assert [row["shape"] for row in told["tensors"]] == [[785, 784], [785, 784], [785, 784], [785, 10]]
    assert [row["edges"] for row in told["blocks"]] == [3772, 3656, 3498, 7840]
    assert all(row["mask_source"] == "stored" for row in told["blocks"])


def test_one_file_of_them_keeps_its_bias_row_unless_told(runs: list[Path]) -> None:
    path = runs[0] / "epoch_000" / "weight_l0.npz"
    assert [layer.size for layer in tk.load(path).layers] == [785, 784]
    assert [layer.size for layer in tk.load(path, bias_row="last").layers] == [784, 784]
