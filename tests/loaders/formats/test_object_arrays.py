"""NumPy files of Python objects: tables, lists, and the epochs of SET."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zoo
from checkpoint_files import same
from scipy import sparse

import topokit as tk
from topokit.errors import CheckpointError, LimitExceededError, UnsafePickleError
from topokit.loaders import Limits

ZOO = Path(__file__).parents[2] / "data" / "zoo"
RNG = np.random.default_rng(0)


def test_a_table_in_a_npy_file_brings_its_arrays() -> None:
    tensors = tk.open_checkpoint(ZOO / "npy/mlp-objects.npy").tensors
    assert list(tensors) == ["fc1.W", "fc1.b", "fc2.W", "fc2.b", "fc3.W", "fc3.b"]
    assert all(same(tensors[f"fc{k}.W"].read(), zoo.mlp()[f"fc{k}.kernel"]) for k in (1, 2, 3))


def test_the_last_epoch_of_a_set_archive_is_the_network() -> None:
    checkpoint = tk.open_checkpoint(ZOO / "npz/mlp-set.npz")
    asides = {name: bool(tensor.aside) for name, tensor in checkpoint.tensors.items()}
    assert asides == {f"arr_{epoch}.{layer}": epoch < 2 for epoch in range(3) for layer in (1, 2, 3)}
    assert checkpoint.tensors["arr_2.2"].layout == "csr"
    assert np.array_equal(checkpoint.tensors["arr_2.2"].read().toarray(), zoo.mlp()["fc2.kernel"])
    assert "an earlier epoch" in str(tk.load(ZOO / "npz/mlp-set.npz").provenance.skipped)


def test_unequal_tables_are_no_epochs(tmp_path: Path) -> None:
    tables = [{1: sparse.csr_matrix(np.ones((2, 3)))}, {1: sparse.csr_matrix(np.ones((3, 4)))}]
    np.savez(tmp_path / "x.npz", *tables)
    assert [layer.size for layer in tk.load(tmp_path / "x.npz").layers] == [2, 3, 4]


def test_connections_of_the_inputs_are_opened(tmp_path: Path) -> None:
    """As SET writes ``*_input_connections.npz``, where the epochs differ in length."""
    epochs = np.empty(2, object)
    epochs[:] = [np.arange(5), np.arange(3)]
    np.savez_compressed(tmp_path / "x.npz", inputLayerConnections=epochs)
    assert list(tk.open_checkpoint(tmp_path / "x.npz").tensors) == [
        "inputLayerConnections.0",
        "inputLayerConnections.1",
    ]


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_of_numbers_and_of_objects_lie_side_by_side(save: Any, tmp_path: Path) -> None:
    big, inner = RNG.standard_normal((300, 200)), RNG.standard_normal((200, 40))
    save(tmp_path / "x.npz", a=big, b=np.array({"w": inner, "text": "x" * 9000}, dtype=object), c=np.float32(3))
    tensors = tk.open_checkpoint(tmp_path / "x.npz").tensors
    assert list(tensors) == ["a", "b.w", "c"]
    assert same(tensors["b.w"].read(), inner)
    assert same(tensors["a"].read(), big)


class Attack:
    def __reduce__(self) -> tuple[object, ...]:
        return os.system, ("touch attacked",)


@pytest.mark.parametrize("save", [np.save, np.savez, np.savez_compressed])
def test_an_attack_is_called_one(save: Any, tmp_path: Path) -> None:
    path = tmp_path / ("x.npy" if save is np.save else "x.npz")
    save(path, np.array([Attack()], dtype=object))
    with pytest.raises(UnsafePickleError, match="nothing was run"):
        tk.open_checkpoint(path)


@pytest.mark.parametrize("save", [np.save, np.savez_compressed])
def test_a_file_cut_anywhere_is_refused(save: Any, tmp_path: Path) -> None:
    path = tmp_path / ("x.npy" if save is np.save else "x.npz")
    save(path, np.array({"w": np.ones((30, 40))}, dtype=object))
    whole = path.read_bytes()
    for end in (129, 300, len(whole) - 100, len(whole) - 1):
        path.write_bytes(whole[:end])
        with pytest.raises(CheckpointError):
            tk.load(path)


def test_a_member_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "x.npz", np.array({"w": np.zeros((1000, 1000))}, dtype=object))
    with pytest.raises(LimitExceededError, match="unpacks to"):
        tk.open_checkpoint(tmp_path / "x.npz", limits=Limits(decompressed_bytes=1_000_000))
