"""`topokit distances` on recordings, patterns and checkpoints, interrupted and not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import topokit as tk
from topokit.cli.gathering import evenly_spaced
from topokit.cli.main import run

EPOCHS = 5


def record(folder: Path, widths: tuple[int, ...], *, seed: int, epochs: int = EPOCHS, metric: str = "") -> Path:
    """A recording of random networks, drawn anew at each epoch."""
    rng = np.random.default_rng(seed)

    def drawn() -> tk.LayeredDAG:
        return tk.LayeredDAG.from_adjacencies([rng.random(shape) < 0.1 for shape in pairwise(widths)])

    recorder = tk.TopologyRecorder(folder, drawn)
    for epoch in range(epochs):
        recorder.record(step=10 * epoch, epoch=epoch, **({metric: float(rng.random())} if metric else {}))
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two recordings of one architecture with accuracies, one of another, checkpoints of the first."""
    folder = tmp_path_factory.mktemp("runs")
    for seed, name in enumerate(("one", "two")):
        record(folder / name, (20, 12, 4), seed=seed, metric="test_accuracy")
    record(folder / "deep", (20, 12, 8, 4), seed=2, metric="loss")
    for k, network in enumerate(tk.open_recording(folder / "one")):
        tk.save_npz(network, folder / f"epoch_{k}.npz")
    return folder


def call(capsys: pytest.CaptureFixture[str], *words: object, status: int = 0) -> tuple[str, str]:
    capsys.readouterr()
    assert run(["distances", *map(str, words)]) == status
    captured = capsys.readouterr()
    return captured.out, captured.err


def networks_of(runs: Path, *names: str) -> dict[str, tk.LayeredDAG]:
    return {f"{name} epoch {k}": net for name in names for k, net in enumerate(tk.open_recording(runs / name))}


def matrix_of(folder: Path) -> NDArray[np.float64]:
    return pd.read_csv(folder / "matrix.csv", index_col=0).to_numpy()


def test_all_pairs_of_all_sources(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    text, _ = call(capsys, runs / "one", runs / "two", "-o", out, "--figures", "svg", "--json")
    found, known = json.loads(text), tk.nnstd_matrix(networks_of(runs, "one", "two"))
    assert found["networks"] == list(known.labels) == pd.read_csv(out / "networks.csv")["label"].tolist()
    np.testing.assert_array_equal(matrix_of(out), known.matrix)
    assert len(pd.read_csv(out / "distances.csv")) == len(known.frame)
    assert {path.name for path in out.glob("*.svg")} == {"matrix.svg", "dendrogram.svg", "map.svg", "mantel.svg"}
    assert found["pairs"] == 45
    assert found["between"] == pytest.approx(known.matrix[:5, 5:].mean(), abs=1e-12)
    within = [known.matrix[:5, :5], known.matrix[5:, 5:]]
    assert found["within"] == pytest.approx(sum(part.sum() for part in within) / 40, abs=1e-12)
    assert found["farthest"][0]["distance"] == known.matrix.max()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


def test_mantel_takes_the_accuracy_that_all_have(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = json.loads(call(capsys, runs / "one", runs / "two", "-o", tmp_path / "out", "--json")[0])["mantel"]
    accuracies = pd.read_csv(tmp_path / "out" / "networks.csv")["test_accuracy"]
    known = tk.mantel(tk.nnstd_matrix(networks_of(runs, "one", "two")), accuracies.to_numpy())
    assert (found["metric"], found["correlation"]) == ("test_accuracy", pytest.approx(known.correlation))
    text, told = call(capsys, runs / "deep", "-o", tmp_path / "none")
    assert "epoch 0 has no test_accuracy; choose with --metric: loss" in told
    assert not (tmp_path / "none" / "mantel.csv").exists()
    text, _ = call(capsys, runs / "deep", "-o", tmp_path / "loss", "--metric", "loss")
    assert "Mantel test against differences of loss" in text


def test_options_of_the_distance_and_jobs_reach_it(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = tk.nnstd_matrix(networks_of(runs, "one"), output="matched", symmetric=True).matrix
    words = ["--output", "matched", "--symmetric"]
    call(capsys, runs / "one", "-o", tmp_path / "alone", *words)
    call(capsys, runs / "one", "-o", tmp_path / "many", *words, "--jobs", 2)
    for folder in ("alone", "many"):
        np.testing.assert_array_equal(matrix_of(tmp_path / folder), known)


def test_patterns_and_checkpoints_are_named_by_what_tells_them_apart(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [runs / f"epoch_{k}.npz" for k in range(2)]
    found = json.loads(call(capsys, *files, runs / "two", "-o", tmp_path / "a", "--thin", 2, "--json")[0])
    assert found["networks"] == ["epoch_0", "epoch_1", "two epoch 0", "two epoch 4"]
    found = json.loads(call(capsys, runs / "epoch_*.npz", "-o", tmp_path / "b", "--json")[0])
    assert found["networks"] == [f"epoch {k}" for k in range(EPOCHS)]
    np.testing.assert_array_equal(matrix_of(tmp_path / "b"), tk.nnstd_matrix(tk.open_recording(runs / "one")).matrix)


def test_thinning_says_how_many_of_how_many(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, told = call(capsys, runs / "one", runs / "two", "-o", tmp_path / "out", "--thin", 3)
    assert f"{runs / 'one'}: 3 of 5 network(s)" in told
    assert pd.read_csv(tmp_path / "out" / "networks.csv")["epoch"].tolist() == [0, 2, 4] * 2


@pytest.mark.parametrize("count", [1, 2, 7, 50])
@pytest.mark.parametrize("most", [None, 1, 2, 7, 49, 60])
def test_evenly_spaced_keeps_the_ends(count: int, most: int | None) -> None:
    kept = evenly_spaced(count, most)
    assert len(kept) == len(set(kept)) == min(count, most or count)
    assert kept[-1] == count - 1
    assert len(kept) == 1 or kept[0] == 0
    assert len(kept) < 2 or np.ptp(np.diff(kept)) <= 1


def test_two_networks_are_enough(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, _ = call(capsys, runs / "epoch_0.npz", runs / "epoch_1.npz", "-o", tmp_path / "out")
    assert "1 pair(s), 0 wired alike" in text
    assert (tmp_path / "out" / "map.pdf").is_file()


def test_tables_fit_a_terminal(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    text, _ = call(capsys, runs / "one", runs / "two", "-o", "out")
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["one", "deep"], "one epoch 0 and deep epoch 0: one network has 2 layers"),
        (["one", "deep"], "choose the layers that both have with --layers A,B"),
        (["one", "--weights", "signed"], "epoch 0: block"),
        (["one", "--thin", "1"], "one network has no other"),
        (["one", "one"], "named twice"),
        (["one", "two", "--metric", "test_acuracy"], "did you mean 'test_accuracy'?"),
        (["one", "epoch_0.npz", "--metric", "test_accuracy"], "epoch_0 has none; leave the option out"),
        (["one", "--jobs", "0"], "0 is not in the range"),
        (["one", "--store", "out/pairs.csv"], "choose another place"),
        (["one", "--symmetric", "--normaliser", "n1"], "--normaliser n1 and --symmetric contradict"),
    ],
)
def test_bad_words_are_answered_in_one_line(
    words: list[str], named: str, runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(runs)
    text, told = call(capsys, *words, "-o", "out", status=2)
    (line,) = [line for line in told.splitlines() if line.startswith("topokit: ")]
    assert named in line
    assert text == ""
    assert not list(runs.glob("out*"))


def test_a_store_of_another_distance_is_left_alone(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "kept.csv"
    call(capsys, runs / "one", "-o", tmp_path / "first", "--store", store)
    before = store.read_bytes()
    _, told = call(capsys, runs / "one", "-o", tmp_path / "other", "--store", store, "--ties", "fast", status=2)
    assert "holds distances with --ties canonical and --ties fast is asked for" in told
    assert store.read_bytes() == before
    _, told = call(capsys, runs / "one", runs / "two", "-o", tmp_path / "more", "--store", store)
    assert "goes on from 10 finished pair(s)" in told


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interrupted_command_keeps_its_pairs_and_goes_on(
    jobs: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C goes to the command and its workers alike."""
    record(tmp_path / "run", (150, 200, 200, 10), seed=0, epochs=60)
    words: list[Any] = [tmp_path / "run", "-o", tmp_path / "out", "--jobs", jobs]
    command = [sys.executable, "-m", "topokit", "distances", *map(str, words)]
    kept = tmp_path / "out.pairs.csv"
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        while process.poll() is None and (not kept.exists() or len(kept.read_text().splitlines()) < 20):
            time.sleep(0.02)
        assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)
        assert process.stderr is not None
        told = process.stderr.read()
    finished = len(kept.read_text().splitlines()) - 2
    assert process.returncode == 1
    assert told.splitlines()[-1].endswith(
        f"{kept} keeps {finished:,} finished pair(s): type the same command again to go on"
    )
    assert "Traceback" not in told
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.pairs.csv", "run"]
    _, told = call(capsys, *words, "--thin", 5)
    assert f"goes on from {finished:,} finished pair(s)" in told
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "run"]
    assert len((tmp_path / "out" / "pairs.csv").read_text().splitlines()) >= finished + 2
