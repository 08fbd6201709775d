"""What neurons do on data, kept with the network in the frame, and read back without the model."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from torch import nn

import topokit as tk
from topokit.errors import InsufficientDataError, ParameterError, RecordingError
from topokit.recording import Recording, TopologyRecorder, mean_activations


def perceptron() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3))


def recorded(folder: Path) -> tuple[Recording, list[dict[str, Any]]]:
    """Four moments, with activations at the first and the last two."""
    model, x, taken = perceptron(), torch.randn(50, 8), []
    recorder = TopologyRecorder(folder, model)
    for epoch in range(4):
        taken.append(mean_activations(model, x))
        recorder.record(epoch=epoch, activations=None if epoch == 1 else taken[-1], loss=0.5)
        with torch.no_grad():
            model[0].weight[:, epoch] = 0
    return recorder.open(), taken


def test_activations_come_back_exactly(tmp_path: Path) -> None:
    run, taken = recorded(tmp_path / "run")
    assert [bool(run.activations(k)) for k in range(4)] == [True, False, True, True]
    for k in (0, 2, 3):
        assert list(run.activations(k)) == ["0", "2"]
        for layer, means in taken[k].items():
            np.testing.assert_array_equal(run.activations(k)[layer], means)


def test_a_frame_is_plain_safetensors_and_still_a_network(tmp_path: Path) -> None:
    run, taken = recorded(tmp_path / "run")
    frame = tmp_path / "run" / "frames" / "000000003.safetensors"
    np.testing.assert_array_equal(load_file(frame)["activations.2"], taken[3]["2"])
    assert tk.edge_changes([run[3], tk.load(frame)]).frame["jaccard"].eq(1).all()


def test_dormancy_over_a_recording_needs_no_model(tmp_path: Path) -> None:
    run, taken = recorded(tmp_path / "run")
    by_hand = tk.tau_dormant({k: taken[k] for k in (0, 2, 3)}, tau=0.4)
    scores = tk.tau_dormant(run, tau=0.4)
    assert [moment.step for moment in scores.moments] == [0, 2, 3]
    assert scores.summary["dormant"].tolist() == by_hand.summary["dormant"].tolist()
    joined = tk.dormancy_join(run, threshold=9, tau=0.4).summary
    assert joined.equals(tk.dormancy_join(run, scores, threshold=9).summary)
    assert tk.dormancy_join({"a": run, "b": run}, tau=0.4).summary["run"].tolist() == ["a"] * 9 + ["b"] * 9


def test_a_part_of_a_recording_keeps_its_activations(tmp_path: Path) -> None:
    run, taken = recorded(tmp_path / "run")
    part = pickle.loads(pickle.dumps(run[2:]))
    assert [moment.step for moment in tk.tau_dormant(part).moments] == [2, 3]
    np.testing.assert_array_equal(part.activations(-1)["0"], taken[3]["0"])
    with pytest.raises(InsufficientDataError, match="no activations were recorded with 'run': train with"):
        tk.tau_dormant(run[1:2])


@pytest.mark.parametrize(
    ("activations", "message"),
    [
        ({"0": [1.0, 2.0]}, r"layer '0' have the shape \(2,\), the layer has 6 neurons"),
        ({"fc": [1.0]}, "the layer is not among input, 0, 2, 4"),
        ({"0": [-1.0] * 6}, "0 or more"),
        ({"0": [np.nan] * 6}, "finite"),
        ({"0": ["a"] * 6}, "no numbers"),
    ],
)
def test_activations_of_other_neurons_are_refused(tmp_path: Path, activations: dict[str, Any], message: str) -> None:
    recorder = TopologyRecorder(tmp_path / "run", perceptron())
    with pytest.raises(ParameterError, match=message):
        recorder.record(activations=activations)
    assert recorder.steps == ()


def test_a_frame_that_lost_its_activations_is_refused(tmp_path: Path) -> None:
    run, _ = recorded(tmp_path / "run")
    frame = tmp_path / "run" / "frames" / "000000003.safetensors"
    frame.write_bytes(frame.read_bytes().replace(b'"activations.2"', b'"activations.9"'))
    again = tk.open_recording(tmp_path / "run")
    assert again[3].n_edges == run[2].n_edges - 6
    with pytest.raises(RecordingError, match=r"000000003.safetensors: not a readable frame: .*activations\.2"):
        again.activations(3)
