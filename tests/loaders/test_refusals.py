"""Files that cannot be read: each is called by its name, in one line, with a way out."""

from __future__ import annotations

import os
import pickle
import re
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoint_files import SAVERS, state_dict
from scipy import sparse

import topokit as tk
from topokit.dag import CSRPattern
from topokit.dag.convert import save_npz
from topokit.errors import (
    AmbiguousTopologyError,
    CheckpointError,
    CorruptCheckpointError,
    LimitExceededError,
    NonFiniteWeightsError,
    NoWeightsFoundError,
    ParameterError,
    UnknownFormatError,
    UnsafePickleError,
    UnsupportedFeatureError,
)


class Attack:
    def __reduce__(self) -> tuple[object, ...]:
        return os.system, ("touch attacked",)


def check_one_line(error: CheckpointError, path: Path) -> None:
    assert "\n" not in str(error)
    assert str(error).startswith(str(path))
    assert error.exit_code == 2


@pytest.mark.parametrize("name", ["missing.pt", "missing.npz", "missing/"])
def test_a_missing_file_is_said_to_be_missing(name: str, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="there is no such file or folder") as caught:
        tk.load(tmp_path / name)
    check_one_line(caught.value, tmp_path / name)


@pytest.mark.parametrize("suffix", [".pt", ".npz", ".npy", ".safetensors", ""])
def test_an_empty_file_is_said_to_be_empty(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    path.touch()
    with pytest.raises(CorruptCheckpointError, match="empty") as caught:
        tk.load(path)
    check_one_line(caught.value, path)


@pytest.mark.parametrize("suffix", [".pt", ".npz", ".npy", ".safetensors"])
def test_text_is_said_to_be_text(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_text("This is no checkpoint; it is a note to myself, über alles.\n" * 200)
    with pytest.raises(UnknownFormatError, match="is a text file") as caught:
        tk.load(path)
    check_one_line(caught.value, path)


def test_pointers_and_web_pages_are_told_apart_from_text(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n")
    (tmp_path / "b.pt").write_text("\n<!DOCTYPE html><html></html>")
    with pytest.raises(UnknownFormatError, match="git lfs pull"):
        tk.load(tmp_path / "a.pt")
    with pytest.raises(UnknownFormatError, match="web page"):
        tk.load(tmp_path / "b.pt")


def test_random_bytes_have_an_unknown_form(tmp_path: Path) -> None:
    (tmp_path / "x.pt").write_bytes(np.random.default_rng(0).bytes(5000))
    with pytest.raises(UnknownFormatError, match="no reader knows"):
        tk.load(tmp_path / "x.pt")


def torch_tar(path: Path) -> None:
    with tarfile.open(path, "w") as archive:
        for name in ("sys_info", "pickle", "storages", "tensors"):
            archive.add(__file__, name)


def folder_with(*names: str) -> object:
    def make(path: Path) -> None:
        path.mkdir()
        for name in names:
            (path / name).touch()

    return make


KNOWN = {
    "ONNX Runtime's own form": lambda path: path.write_bytes(b"\x18\0\0\0ORTM\0\0"),
    "PyTorch before 0.1.10": torch_tar,
    "compressed file": lambda path: path.write_bytes(b"7z\xbc\xaf\x27\x1c"),
    "TensorFlow graph as text": lambda path: path.write_text('node {\n  name: "x"\n}\n'),
    "graph as text": folder_with("saved_model.pbtxt"),
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_formats_are_named_with_a_way_out(name: str, tmp_path: Path) -> None:
    path = tmp_path / "model"
    KNOWN[name](path)
    with pytest.raises(UnsupportedFeatureError, match=re.escape(name.split(",")[0])) as caught:
        tk.load(path)
    check_one_line(caught.value, path)
    assert caught.value.remedy


def test_a_recording_is_not_a_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    for read in (tk.load, tk.inspect, tk.open_checkpoint, tk.load_series):
        with pytest.raises(UnsupportedFeatureError, match=r"tk\.open_recording"):
            read(tmp_path)


def test_a_folder_is_not_a_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(UnknownFormatError, match="folder"):
        tk.load(tmp_path)


def test_a_device_is_not_a_file() -> None:
    with pytest.raises(CheckpointError, match="not a file"):
        tk.load("/dev/zero")


def test_an_unreadable_file_is_said_to_be_unreadable(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(CheckpointError):
        tk.load(loop)


@pytest.mark.parametrize("name", SAVERS)
def test_a_file_cut_anywhere_is_refused(name: str, tmp_path: Path) -> None:
    path = SAVERS[name](tmp_path)
    victim = path if path.is_file() else path / "fc2.npz"
    whole = victim.read_bytes()
    places = {0, 1, 7, 8, 9, 100, len(whole) // 2, len(whole) - 30, len(whole) - 2, len(whole) - 1}
    for end in sorted(place for place in places if place < len(whole)):
        victim.write_bytes(whole[:end])
        with pytest.raises(CheckpointError) as caught:
            tk.load(path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("writer", ["zip", "pickle", "text pickle", "old"])
def test_a_pickle_that_calls_the_system_is_refused_and_nothing_runs(
    writer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "model.pt"
    if writer in ("zip", "old"):
        torch.save({"w": torch.ones(2, 3), "a": Attack()}, path, _use_new_zipfile_serialization=writer == "zip")
    else:
        path.write_bytes(pickle.dumps({"a": Attack()}, 0 if writer == "text pickle" else 4))
    for read in (tk.load, tk.inspect, tk.open_checkpoint):
        with pytest.raises(UnsafePickleError, match=r"(posix|os|nt)\.system.*nothing was run") as caught:
            read(path)
        check_one_line(caught.value, path)
    assert not (tmp_path / "attacked").exists()


def test_nan_and_infinite_weights_are_counted(tmp_path: Path) -> None:
    tensors = state_dict()
    tensors["fc2.weight"][0, :2] = torch.tensor([float("nan"), float("inf")])
    torch.save(tensors, tmp_path / "x.pt")
    with pytest.raises(NonFiniteWeightsError, match=r"'fc2\.weight': has 2 NaN or infinite weights of 20"):
        tk.load(tmp_path / "x.pt")
    inspection = tk.inspect(tmp_path / "x.pt")
    assert "2 NaN" in (inspection.problem or "")
    assert len(inspection.tensors) == 6


def test_a_nan_bias_does_not_matter(tmp_path: Path) -> None:
    tensors = state_dict()
    tensors["fc2.bias"][0] = float("nan")
    torch.save(tensors, tmp_path / "x.pt")
    assert tk.load(tmp_path / "x.pt").n_edges > 0


def test_sizes_that_do_not_chain_show_the_candidates(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", w1=np.ones((3, 4)), w2=np.ones((6, 2)))
    with pytest.raises(AmbiguousTopologyError, match=r"'w1' 3->4, 'w2' 6->2; give order=\[...\] or axes=") as caught:
        tk.load(tmp_path / "x.npz")
    check_one_line(caught.value, tmp_path / "x.npz")


def test_the_only_order_that_chains_is_proposed(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=np.ones((4, 2)), b=np.ones((7, 3)), c=np.ones((3, 4)))
    with pytest.raises(AmbiguousTopologyError, match=r"order=\['b', 'c', 'a'\] chains"):
        tk.load(tmp_path / "x.npz")
    assert [layer.size for layer in tk.load(tmp_path / "x.npz", order=["b", "c", "a"]).layers] == [7, 3, 4, 2]


def test_bias_rows_of_dense_matrices_are_proposed_and_not_guessed(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", w1=np.ones((4, 4)), w2=np.ones((5, 2)))
    with pytest.raises(AmbiguousTopologyError, match='bias_row="last"'):
        tk.load(tmp_path / "x.npz")
    assert [layer.size for layer in tk.load(tmp_path / "x.npz", bias_row="last").layers] == [3, 4, 2]


def test_many_candidates_are_cut_short(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", **{f"w{k}": np.ones((k + 2, k + 5)) for k in range(30)})
    with pytest.raises(AmbiguousTopologyError, match="and 22 more"):
        tk.load(tmp_path / "x.npz")


def test_no_matrix_is_said_to_be_missing(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", b=np.ones(3), scale=np.float32(2))
    with pytest.raises(NoWeightsFoundError, match=r"bias, unknown") as caught:
        tk.load(tmp_path / "x.npz")
    check_one_line(caught.value, tmp_path / "x.npz")


def test_names_with_newlines_stay_on_one_line(tmp_path: Path) -> None:
    torch.save({"a\nb": torch.full((2, 3), float("nan"))}, tmp_path / "x.pt")
    with pytest.raises(NonFiniteWeightsError) as caught:
        tk.load(tmp_path / "x.pt")
    check_one_line(caught.value, tmp_path / "x.pt")


@pytest.mark.parametrize("order", [[1, 2], ["w", None]])
def test_an_order_of_other_things_than_names_is_no_damage(order: list[object], tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", w=np.ones((2, 3)))
    with pytest.raises(ParameterError, match="names of tensors or modules"):
        tk.load(tmp_path / "x.npz", order=order)


def test_pipes_and_lost_links_in_a_folder_are_left_alone(tmp_path: Path) -> None:
    """Opening a pipe would wait for ever."""
    for epoch in (1, 2):
        np.savez(tmp_path / f"epoch_{epoch}.npz", w=np.ones((2, 3)))
    os.mkfifo(tmp_path / "epoch_3.npz")
    (tmp_path / "latest.npz").symlink_to("gone.npz")
    assert len(tk.load_series(tmp_path)) == 2
    with pytest.raises(UnknownFormatError, match="folder"):
        tk.load(tmp_path)


def test_a_network_of_our_own_with_absurdly_many_neurons_is_refused(tmp_path: Path) -> None:
    layers = tuple(tk.Layer(name, size) for name, size in (("a", 1), ("b", 2**40)))
    pattern = CSRPattern(np.array([0, 1]), np.array([5]), (1, 2**40))
    save_npz(tk.LayeredDAG(layers, (tk.EdgeBlock("a", "b", pattern),)), tmp_path / "x.npz")
    with pytest.raises(LimitExceededError, match=r"'b' of 1,099,511,627,776 neurons"):
        tk.load(tmp_path / "x.npz")


@pytest.mark.parametrize("container", ["dense", "sparse"])
def test_nan_and_infinite_weights_are_edges_on_request(container: str, tmp_path: Path) -> None:
    matrix = np.array([[np.nan, 0, 1], [1, 0, np.inf]], np.float32)
    if container == "dense":
        np.savez(tmp_path / "x.npz", w=matrix)
    else:
        sparse.save_npz(tmp_path / "x.npz", sparse.csr_array(matrix))
    network = tk.load(tmp_path / "x.npz", nonfinite="edge")
    assert np.array_equal(network.blocks[0].adjacency().toarray(), matrix != 0)
    assert network.blocks[0].weights is None
    assert tk.inspect(tmp_path / "x.npz", nonfinite="edge").blocks[0].edges == 4
