"""Series of files: which time each name tells, in which order, and what is not clear."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from checkpoint_files import save_npz, save_scipy_folder

import topokit as tk
from topokit.dag import Moment
from topokit.errors import CheckpointError, UnknownNameError, UnsupportedFeatureError


def saved(folder: Path, *names: str) -> list[Path]:
    """One small network per name, with as many edges as its place in the list."""
    paths = []
    for edges, name in enumerate(names, start=1):
        matrix = np.zeros((5, 4))
        matrix.flat[:edges] = 1.5
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            np.savez(file, fc=matrix)
        paths.append(path)
    return paths


def times(series: tk.Series) -> list[tuple[int | None, float | None]]:
    return [(moment.step, moment.epoch) for moment in series.moments]


@pytest.mark.parametrize(
    ("names", "expected", "edges"),
    [
        (("epoch_010.npz", "epoch_2.npz", "epoch_100.npz"), [(None, 2), (None, 10), (None, 100)], [2, 1, 3]),
        (("step-1200.npz", "step-300.npz"), [(300, None), (1200, None)], [2, 1]),
        (("ckpt_5.npz", "ckpt_10.npz"), [(5, None), (10, None)], [1, 2]),
        (("ckpt5.npz", "ckpt10.npz"), [(5, None), (10, None)], [1, 2]),
        (("100.npz", "20.npz"), [(20, None), (100, None)], [2, 1]),
        (("epoch=1-step=50.npz", "epoch=0-step=25.npz"), [(25, 0), (50, 1)], [2, 1]),
        (("e/epoch_1/model.npz", "e/epoch_2/model.npz"), [(None, 1), (None, 2)], [1, 2]),
        (("mlp2_s0_ep3.npz", "mlp2_s0_ep12.npz"), [(None, 3), (None, 12)], [1, 2]),
        (("epoch=1-acc=0.5.npz", "epoch=2-acc=1.npz"), [(None, 1), (None, 2)], [1, 2]),
        (("model_iter_7.pth.npz", "model_iter_8.pth.npz"), [(7, None), (8, None)], [1, 2]),
        (("a_epoch_1.npz", "bb_x3_epoch_2.npz"), [(None, 1), (None, 2)], [1, 2]),
        (("epoch_0.5.npz", "epoch_1.0.npz", "epoch_10.25.npz"), [(None, 0.5), (None, 1), (None, 10.25)], [1, 2, 3]),
        (("epoch=2.5-step=50.npz", "epoch=0.5-step=10.npz"), [(10, 0.5), (50, 2.5)], [2, 1]),
        (("step_0.npz", "step_-1.npz", "step_10.npz"), [(-1, None), (0, None), (10, None)], [2, 1, 3]),
        (("run-3-step-5.npz", "run-3-step-10.npz"), [(5, None), (10, None)], [1, 2]),
        (("seed1_epoch1.npz", "seed1_epoch2.npz"), [(None, 1), (None, 2)], [1, 2]),
        (("v1.2_3.npz", "v1.2_4.npz"), [(3, None), (4, None)], [1, 2]),
    ],
)
def test_the_time_is_in_the_name(
    names: tuple[str, ...], expected: list[tuple[object, ...]], edges: list[int], tmp_path: Path
) -> None:
    series = tk.load_series(saved(tmp_path, *names))
    assert times(series) == expected
    assert [network.n_edges for network in series] == edges


def test_a_pattern_a_folder_and_a_list_are_the_same(tmp_path: Path) -> None:
    paths = saved(tmp_path / "run", "epoch_1.npz", "epoch_10.npz", "epoch_9.npz")
    (tmp_path / "run" / "accuracy.txt").write_text("0.5")
    (tmp_path / "run" / ".hidden").write_text("0.5")
    made = [
        tk.load_series(str(tmp_path / "run" / "epoch_*.npz")),
        tk.load_series(tmp_path / "run" / "*.npz"),
        tk.load_series(tmp_path / "run"),
        tk.load_series(paths[::-1]),
        tk.load_series(map(str, paths)),
    ]
    for series in made:
        assert [network.n_edges for network in series] == [1, 3, 2]
        assert series.name == "run"
        assert series.labels == ("epoch 1", "epoch 9", "epoch 10")
        assert series.at(epoch=9).n_edges == 3


def test_a_relative_pattern(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(tmp_path / "a", "step_1.npz", "step_2.npz")
    monkeypatch.chdir(tmp_path)
    assert len(tk.load_series("a/step_*.npz")) == 2
    assert len(tk.load_series("a")) == 2
    assert len(tk.load_series("**/step_*.npz")) == 2


def test_names_with_brackets_and_processes(tmp_path: Path) -> None:
    paths = saved(tmp_path / "runs [old]", "epoch_1.npz", "epoch_2.npz")
    assert len(tk.load_series(tmp_path / "runs [old]")) == 2
    assert tk.load_series(paths[0]).epochs == (1,)
    copy = pickle.loads(pickle.dumps(tk.load_series(paths)))
    assert [network.n_edges for network in copy] == [1, 2]


def test_one_file_is_a_series(tmp_path: Path) -> None:
    saved(tmp_path, "final.npz", "epoch_3.npz")
    assert tk.load_series(tmp_path / "final.npz").moments == (Moment(label="final"),)
    assert tk.load_series(tmp_path / "epoch_3.npz").moments == (Moment(epoch=3.0),)


def test_checkpoints_are_read_only_when_asked_for(tmp_path: Path) -> None:
    paths = saved(tmp_path, "epoch_1.npz", "epoch_2.npz")
    series = tk.load_series(paths)
    paths[1].write_bytes(b"")
    assert series[0].n_edges == 1
    with pytest.raises(CheckpointError, match="empty"):
        series[1]


def test_options_reach_every_checkpoint(tmp_path: Path) -> None:
    series = tk.load_series(saved(tmp_path, "epoch_1.npz", "epoch_2.npz"), masks={"fc": np.ones((5, 4))}, axes="torch")
    assert [network.n_edges for network in series] == [20, 20]
    assert series[0].layers[0].size == 4
    with pytest.raises(UnknownNameError, match="unknown option"):
        tk.load_series(tmp_path, orders=["fc"])


def test_folders_of_layers_are_checkpoints(tmp_path: Path) -> None:
    for epoch in (0, 10, 5):
        (tmp_path / f"epoch_{epoch}").mkdir()
        save_scipy_folder(tmp_path / f"epoch_{epoch}").rename(tmp_path / f"epoch_{epoch:03}x")
        (tmp_path / f"epoch_{epoch}").rmdir()
    series = tk.load_series(tmp_path / "epoch_*")
    assert series.epochs == (0, 5, 10)
    assert series[2].n_edges == series[0].n_edges
    with pytest.raises(UnsupportedFeatureError, match="one checkpoint in several files"):
        tk.load_series(tmp_path / "epoch_000x")


@pytest.mark.parametrize("pattern", ["nothing_*.npz", "absent", "empty"])
def test_nothing_that_matches_is_an_error(pattern: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(CheckpointError, match="no checkpoint matches"):
        tk.load_series(tmp_path / pattern)
    with pytest.raises(CheckpointError, match="no checkpoint matches"):
        tk.load_series([])
    with pytest.raises(CheckpointError, match="no such file"):
        tk.load_series([tmp_path / "absent_1.npz"])


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (("best.npz", "last.npz"), "0 numbers"),
        (("a1_b2.npz", "a2_b3.npz"), "2 numbers"),
        (("epoch_1.npz", "epoch_01.npz", "epoch_2.npz"), "same time"),
        (("epoch_1.npz", "best.npz"), "built differently"),
        (("x1.npz", "y2z3.npz"), "0 numbers"),
        (("seed1_epoch1.npz", "seed2_epoch1.npz"), "the number after 'seed' changes, so they are of several runs"),
        (("seed1_epoch1.npz", "seed2_epoch2.npz"), "the number after 'seed' changes"),
        (("fold_1.npz", "fold_2.npz"), "the number after 'fold' changes"),
        (("net-00001-of-00002.npz", "net-00002-of-00002.npz"), "they are the parts of one checkpoint"),
    ],
)
def test_a_time_that_is_not_clear_is_an_error(names: tuple[str, ...], reason: str, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=reason) as caught:
        tk.load_series(saved(tmp_path, *names))
    assert "\n" not in str(caught.value)
    assert names[0] in str(caught.value) or names[1] in str(caught.value)


def test_analyzers_take_it(tmp_path: Path) -> None:
    save_npz(tmp_path)
    (tmp_path / "net.npz").rename(tmp_path / "epoch_1.npz")
    degrees = tk.degrees(tk.load_series(tmp_path / "*.npz"))
    assert degrees.in_degrees.shape == (1, 18)
