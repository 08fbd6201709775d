"""Trained networks that lose further edges, and wirings that are trained again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from legible import assert_legible
from safetensors.numpy import load_file

import topokit as tk
from topokit import plots
from topokit.cli.main import run as topokit
from topokit.errors import ParameterError, RecordingError
from topokit.training import TrainConfig
from topokit.training.data.digits import DIGITS

SHORT = TrainConfig(hidden=(20, 10), density=0.3, epochs=3, batch_size=64, engine="masked")
SHARES = (0.0, 0.3, 0.6, 1.0)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sensitivity") / "run"
    tk.train(SHORT, folder)
    return folder


def accuracy_without(folder: Path, share: float, scope: str) -> float:
    """Of the network in NumPy, with the smallest weights taken off by sorting them all."""
    state, data = load_file(folder / "checkpoint.safetensors"), DIGITS.load()
    names = [f"layers.{k}" for k in range(3)]
    weights = {name: state[f"weight.{name}.weight"].copy() for name in names}
    edges = [(name, place) for name in names for place in np.flatnonzero(state[f"mask.{name}.weight"])]
    groups = [edges] if scope == "global" else [[edge for edge in edges if edge[0] == name] for name in names]
    for group in groups:
        order = sorted(group, key=lambda edge: abs(weights[edge[0]].flat[edge[1]]))
        for name, place in order[: round(share * len(group))]:
            weights[name].flat[place] = 0
    values = data.test_x
    for k, name in enumerate(names):
        values = values @ weights[name].T + state[f"weight.{name}.bias"]
        values = np.maximum(values, 0) if k < 2 else values
    return float((values.argmax(1) == data.test_y).mean())


@pytest.mark.parametrize("scope", ["global", "layer"])
def test_the_smallest_weights_go_first(trained: Path, scope: str) -> None:
    found = tk.pruning_sensitivity(trained, orders=["magnitude"], scope=scope, shares=SHARES).frame
    expected = [accuracy_without(trained, share, scope) for share in SHARES]
    np.testing.assert_allclose(found["test_accuracy"], expected, atol=1e-12)
    n_edges = tk.open_recording(trained)[-1].n_edges
    assert found["edges"][0] == n_edges
    assert found["edges"].iloc[-1] == 0
    np.testing.assert_allclose(found["remaining"], 1 - np.array(SHARES), atol=3 / n_edges)


def test_random_orders_differ_and_follow_from_the_seed(trained: Path) -> None:
    first, again, other = (
        tk.pruning_sensitivity(trained, orders=["random"], shares=[0.0, 0.5], repeats=4, rng=seed).frame
        for seed in (1, 1, 2)
    )
    assert first.equals(again)
    assert not first.equals(other)
    accuracy = tk.open_recording(trained).run["summary"]["last_test_accuracy"]
    assert (first["test_accuracy"][first["removed"] == 0] == accuracy).all()
    assert first["test_loss"][first["removed"] == 0.5].nunique() == 4
    halved, alone = (
        tk.pruning_sensitivity(trained, orders=["random"], shares=shares, repeats=2, rng=5).frame.query(
            "removed == 0.5"
        )
        for shares in ([0.2, 0.5], [0.5])
    )
    np.testing.assert_array_equal(halved["test_loss"], alone["test_loss"])


def test_both_engines_lose_the_same(tmp_path: Path) -> None:
    accuracies = []
    for engine in ("masked", "sparse"):
        tk.train(SHORT.replace(engine=engine, dense_output=True), tmp_path / engine)
        accuracies.append(tk.pruning_sensitivity(tmp_path / engine, orders=["magnitude"], shares=SHARES).frame)
    np.testing.assert_array_equal(accuracies[0]["edges"], accuracies[1]["edges"])
    assert accuracies[0]["edges"].iloc[-1] == 0
    np.testing.assert_allclose(accuracies[0]["test_accuracy"], accuracies[1]["test_accuracy"], atol=0.02)


def test_what_cannot_be_asked_is_refused(trained: Path, tmp_path: Path) -> None:
    for options, words in (
        ({"orders": ["size"]}, "choose of magnitude, random"),
        ({"orders": "random"}, "choose of magnitude, random"),
        ({"scope": "block"}, "choose of global, layer"),
        ({"shares": [1.5]}, "from 0 to 1"),
        ({"repeats": 0}, "one random order or more"),
    ):
        with pytest.raises(ParameterError, match=words):
            tk.pruning_sensitivity(trained, **options)
    unfinished = shutil.copytree(trained, tmp_path / "unfinished")
    run = json.loads((unfinished / "run.json").read_text())
    (unfinished / "run.json").write_text(json.dumps({key: value for key, value in run.items() if key != "summary"}))
    with pytest.raises(RecordingError, match="not trained to its end"):
        tk.pruning_sensitivity(unfinished)
    (unfinished / "run.json").write_text(json.dumps({**run, "config": {"lr": 0.1}}))
    with pytest.raises(RecordingError, match="this trainer did not make"):
        tk.pruning_sensitivity(unfinished)


def test_curves_of_one_run_and_panels_of_several(trained: Path) -> None:
    result = tk.pruning_sensitivity(trained, shares=SHARES, repeats=2)
    axes = result.plot()
    assert_legible(axes.figure)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["Smallest weights first", "In random order"]
    np.testing.assert_allclose(axes.lines[0].get_xdata()[::-1], result.frame["remaining"][:4])
    figure = plots.pruning_sensitivity({"set": result, "rigl": result})
    assert_legible(figure)
    assert [panel.get_title() for panel in figure.axes] == ["Smallest weights first", "In random order"]
    with pytest.raises(ParameterError, match="panels of their own"):
        plots.pruning_sensitivity({"set": result}, ax=axes)


def test_a_wiring_is_trained_again_from_several_weights(trained: Path, tmp_path: Path) -> None:
    result = tk.retrain(trained, tmp_path / "again", weights=["new", "stored"], seeds=[1, 2], epochs=1)
    assert result.frame["error"].tolist() == [""] * 4
    wiring = tk.open_recording(trained)[-1]
    for name in result.frame["run"]:
        again = tk.open_recording(tmp_path / "again" / "runs" / name)
        for frame in (again[0], again[-1]):
            for block, stored in zip(frame.blocks, wiring.blocks, strict=True):
                assert (block.adjacency() != stored.adjacency()).nnz == 0
    earlier = tk.retrain(trained, tmp_path / "earlier", epoch=0, seeds=[1], epochs=1)
    begun = tk.open_recording(tmp_path / "earlier" / "runs" / earlier.runs[0].name)[0]
    for block, stored in zip(begun.blocks, tk.open_recording(trained)[0].blocks, strict=True):
        assert (block.adjacency() != stored.adjacency()).nnz == 0


def test_the_commands(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert topokit(["sensitivity", str(trained), "--repeats", "1", "--out", str(tmp_path / "pruned")]) == 0
    assert "accuracy on test data" in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "pruned").iterdir()} == {
        "pruning_sensitivity.csv",
        "pruning_sensitivity.pdf",
    }
    words = ["retrain", str(trained), "-o", str(tmp_path / "again"), "--seeds", "1", "--epochs", "1", "--json"]
    assert topokit(words) == 0
    assert [row["weights"] for row in json.loads(capsys.readouterr().out)["runs"]] == ["new"]
    assert topokit(["sensitivity", str(tmp_path / "absent")]) == 2
