"""What is written comes back, through topokit and without it."""

from __future__ import annotations

import json
import pickle
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from rich_networks import rich_dags
from safetensors import safe_open
from safetensors.numpy import load_file
from strategies import layered_dags

from topokit.dag import EdgeBlock, Layer, LayeredDAG, Provenance, Skipped
from topokit.recording import RecordingWriter, open_recording


def chain(seed: int = 0, density: float = 0.3) -> LayeredDAG:
    rng = np.random.default_rng(seed)
    masks = [rng.random(shape) < density for shape in ((12, 9), (9, 5))]
    weights = [rng.normal(size=mask.shape).astype(np.float32) * mask for mask in masks]
    return LayeredDAG.from_adjacencies(weights, masks=masks, input_shape=(3, 4))


@given(layered_dags(max_size=40) | rich_dags(taps=True))
def test_every_network_comes_back_equal(network: LayeredDAG) -> None:
    with tempfile.TemporaryDirectory() as folder:
        RecordingWriter(Path(folder) / "run", {}).write_frame(network, step=0)
        [back] = open_recording(Path(folder) / "run")
    assert back.equals(network)
    assert back.provenance == network.provenance


@given(layered_dags(max_size=20))
def test_without_weights_the_wiring_comes_back(network: LayeredDAG) -> None:
    with tempfile.TemporaryDirectory() as folder:
        RecordingWriter(Path(folder) / "run", {}).write_frame(network, step=0, weights=False)
        [back] = open_recording(Path(folder) / "run")
    assert all(block.weights is None for block in back.blocks)
    for mine, theirs in zip(back.blocks, network.blocks, strict=True):
        assert (mine.adjacency() != theirs.adjacency()).nnz == 0


def test_multiplicity_shapes_and_provenance_come_back(tmp_path: Path) -> None:
    layers = (Layer("in", 3, "input", (3,)), Layer("conv", 2, "channel"))
    block = EdgeBlock.from_matrix("in", "conv", np.array([[1.5, 0.0], [2.5, 0.0], [0.0, -1.0]], np.float64))
    block = EdgeBlock("in", "conv", block.pattern, "b", "conv", block.weights, np.array([9, 1, 4]), 6, "mask")
    network = LayeredDAG(layers, (block,), Provenance(file="x.pt", skipped=(Skipped("bn", "norm"),), notes=("n",)))
    RecordingWriter(tmp_path / "run", {}).write_frame(network, step=3)
    back = open_recording(tmp_path / "run")[0]
    assert back.equals(network)
    assert back.blocks[0].mask_source == "mask"
    assert back.provenance == network.provenance


def test_a_recording_is_a_series_with_its_run_and_metrics(tmp_path: Path) -> None:
    run = {"method": "set", "config": {"density": 0.3, "widths": (9, 5)}, "seeds": {"model": 1}, "dataset": "digits"}
    writer = RecordingWriter(tmp_path / "set-seed0", run)
    networks = [chain(seed) for seed in range(3)]
    for k, network in enumerate(networks):
        writer.write_frame(network, step=100 * k, epoch=k, update=2 * k, metrics={"test_accuracy": 0.1 * k})
        writer.append_metrics({"step": 100 * k, "epoch": k, "test_accuracy": 0.1 * k})
    writer.append_metrics({"step": 250, "loss": 0.5, "epoch": None})

    recording = open_recording(tmp_path / "set-seed0")
    assert (recording.name, recording.method, recording.folder) == ("set-seed0", "set", tmp_path / "set-seed0")
    assert recording.config == {"density": 0.3, "widths": [9, 5]}
    assert recording.steps == (0, 100, 200)
    assert recording.epochs == (0.0, 1.0, 2.0)
    assert recording.updates == (0, 2, 4)
    assert recording.moments[2].metrics == {"test_accuracy": 0.2}
    assert recording.at(epoch=1).equals(networks[1])
    assert recording.at(step=200).equals(networks[2])
    assert recording[-1].equals(networks[2])
    assert [len(recording), len(recording[1:])] == [3, 2]
    assert [layer["size"] for layer in recording.run["layers"]] == [12, 9, 5]
    assert set(recording.run["versions"]) >= {"topokit", "python", "numpy"}

    metrics = recording.metrics
    assert list(metrics.columns) == ["step", "epoch", "test_accuracy", "loss"]
    assert metrics["step"].tolist() == [0, 100, 200, 250]
    assert metrics["step"].dtype == pd.Int64Dtype()
    assert metrics["test_accuracy"].tolist()[:3] == [0.0, 0.1, 0.2]
    assert metrics.isna().sum().to_dict() == {"step": 0, "epoch": 1, "test_accuracy": 1, "loss": 3}


@pytest.mark.parametrize("density", [0.01, 0.5])
def test_frames_are_readable_with_safetensors_and_json_alone(tmp_path: Path, density: float) -> None:
    rng = np.random.default_rng(1)
    mask = rng.random((100, 70)) < density
    weights = (rng.normal(size=mask.shape) * mask).astype(np.float32)
    network = LayeredDAG.from_adjacencies([weights], masks=[mask])
    RecordingWriter(tmp_path / "run", {}).write_frame(network, step=7, epoch=1.5, update=2, metrics={"loss": 0.25})

    path = tmp_path / "run" / "frames" / "000000007.safetensors"
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    header, arrays = json.loads(metadata["topokit"]), load_file(path)
    assert [metadata["step"], metadata["epoch"], metadata["update"]] == ["7", "1.5", "2"]
    assert json.loads(metadata["metrics"]) == {"loss": 0.25}
    sizes = {layer["name"]: layer["size"] for layer in header["layers"]}
    [block] = header["blocks"]
    n_source, n_target = sizes[block["source"]], sizes[block["target"]]
    if "0.bitmap" in arrays:
        edges = np.unpackbits(arrays["0.bitmap"], axis=1, count=n_target, bitorder="little").astype(bool)
    else:
        edges = np.zeros((n_source, n_target), bool)
        rows = np.repeat(np.arange(n_source), np.diff(arrays["0.indptr"]))
        edges[rows, arrays["0.indices"]] = True
    assert ("0.bitmap" in arrays) == (density == 0.5)
    np.testing.assert_array_equal(edges, mask)
    np.testing.assert_array_equal(arrays["0.weights"], weights[mask])
    assert block["edges"] == mask.sum()


def test_equal_networks_give_equal_bytes(tmp_path: Path) -> None:
    paths = [
        RecordingWriter(tmp_path / str(k), {}).write_frame(chain(), step=1, epoch=0.5, metrics={"a": 1, "b": 2})
        for k in range(2)
    ]
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_recording_travels_to_other_processes_and_shows_itself(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "a<b", {"method": "set"})
    writer.write_frame(chain(), step=0, epoch=1, metrics={"test_accuracy": 0.5})
    recording = open_recording(tmp_path / "a<b")
    assert pickle.loads(pickle.dumps(recording))[0].equals(chain())
    assert repr(recording) == "Recording('a<b', 1 networks, epoch 1 to epoch 1)"
    html = recording._repr_html_()
    assert all(text in html for text in ("a&lt;b", "set", "12 - 9 - 5", "last test_accuracy", "0.5"))
