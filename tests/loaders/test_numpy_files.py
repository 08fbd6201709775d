"""NumPy files: orders of axes and bytes, compression, and what is refused."""

from __future__ import annotations

import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from checkpoint_files import matrices, same
from hypothesis import HealthCheck, given, settings
from strategies import layered_dags

import topokit as tk
from topokit.dag import LayeredDAG
from topokit.dag.codec import encode
from topokit.errors import (
    CorruptCheckpointError,
    LimitExceededError,
    NoWeightsFoundError,
    UnsupportedFeatureError,
)
from topokit.loaders import Limits

DTYPES = ("f2", "f4", "f8", ">f4", ">f8", "i1", "u1", "i4", ">i8", "?")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("order", ["C", "F"])
def test_npy_comes_back_bit_for_bit(dtype: str, order: str, tmp_path: Path) -> None:
    array = np.asarray(np.arange(12).reshape(3, 4), dtype, order=order)
    np.save(tmp_path / "w.npy", array)
    assert same(tk.open_checkpoint(tmp_path / "w.npy").tensors["w"].read(), array)


@pytest.mark.parametrize("dtype", DTYPES)
def test_big_endian_weights_make_the_same_network(dtype: str, tmp_path: Path) -> None:
    array = np.asarray(np.arange(12).reshape(3, 4) % 5, dtype)
    np.save(tmp_path / "w.npy", array)
    block = tk.load(tmp_path / "w.npy").blocks[0]
    assert np.array_equal(block.adjacency().toarray(), array != 0)
    if dtype != "?":
        assert np.array_equal(block.weight_matrix().toarray(), array.astype(float))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_comes_back_bit_for_bit(save: object, tmp_path: Path) -> None:
    arrays = {"w1": matrices()[0], "w2": np.asfortranarray(matrices()[1]), "b1": np.ones(5), "name": np.array("set")}
    save(tmp_path / "x.npz", **arrays)
    tensors = tk.open_checkpoint(tmp_path / "x.npz").tensors
    assert set(tensors) == set(arrays)
    for name, array in arrays.items():
        assert same(tensors[name].read(), array)


def test_unnamed_arrays_chain_in_natural_order(tmp_path: Path) -> None:
    widths = range(2, 15)
    np.savez(tmp_path / "x.npz", *[np.ones((a, a + 1)) for a in widths])
    network = tk.load(tmp_path / "x.npz")
    assert [layer.size for layer in network.layers] == [*widths, 15]
    assert network.layers[-1].name == "arr_12"


def test_npz_in_torch_order(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", fc1=np.ones((3, 7)), fc2=np.ones((2, 3)))
    assert [layer.size for layer in tk.load(tmp_path / "x.npz", axes="torch").layers] == [7, 3, 2]


def test_version_3_headers_are_read(tmp_path: Path) -> None:
    with (tmp_path / "w.npy").open("wb") as file:
        np.lib.format.write_array(file, np.ones((2, 3)), version=(3, 0))
    assert tk.load(tmp_path / "w.npy").n_edges == 6


@pytest.mark.parametrize("save", [np.save, np.savez])
def test_objects_of_an_array_are_never_made(save: object, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, ...]:
            return pytest.fail, ("the pickle ran",)

    path = tmp_path / ("w.npy" if save is np.save else "w.npz")
    save(path, np.array([[Bomb()]], dtype=object), allow_pickle=True)
    with pytest.raises(NoWeightsFoundError):
        tk.load(path)
    assert any("left unmade" in note for note in tk.open_checkpoint(path).notes)


def test_records_are_refused(tmp_path: Path) -> None:
    for dtype in ([("a", "f4")], [("date", "M8[D]"), ("price", "f8", (2,))], "M8[s]"):
        np.save(tmp_path / "w.npy", np.zeros(3, dtype))
        with pytest.raises(UnsupportedFeatureError, match="records or dates"):
            tk.load(tmp_path / "w.npy")


def npy(header: str, data: bytes = b"") -> bytes:
    text = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


LYING_HEADERS = {
    "not a table": "[1, 2]",
    "a call": "__import__('os').system('true')",
    "no shape": "{'descr': '<f4', 'fortran_order': False}",
    "negative": "{'descr': '<f4', 'fortran_order': False, 'shape': (-3, 1)}",
    "boolean": "{'descr': '<f4', 'fortran_order': False, 'shape': (True, 3)}",
    "list": "{'descr': '<f4', 'fortran_order': False, 'shape': [3, 1]}",
    "too much": "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 1)}",
    "too little": "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1)}",
    "no type": "{'descr': 'zebra', 'fortran_order': False, 'shape': (3, 1)}",
}


@pytest.mark.parametrize("header", LYING_HEADERS.values(), ids=LYING_HEADERS)
def test_a_header_that_lies_is_refused(header: str, tmp_path: Path) -> None:
    (tmp_path / "w.npy").write_bytes(npy(header, b"\0" * 12))
    with pytest.raises(CorruptCheckpointError, match=r"w\.npy \[npy\]"):
        tk.load(tmp_path / "w.npy")
    with zipfile.ZipFile(tmp_path / "w.npz", "w") as archive:
        archive.writestr("w.npy", npy(header, b"\0" * 12))
    with pytest.raises(CorruptCheckpointError, match=r"w\.npz \[npz\]"):
        tk.load(tmp_path / "w.npz")


def test_two_arrays_in_one_npy_are_refused(tmp_path: Path) -> None:
    with (tmp_path / "w.npy").open("wb") as file:
        np.save(file, np.ones((2, 2)))
        np.save(file, np.ones((2, 2)))
    with pytest.raises(CorruptCheckpointError, match="one array per file"):
        tk.load(tmp_path / "w.npy")


def test_a_bomb_is_refused_by_its_size_and_an_honest_sparse_archive_is_not(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "x.npz", w=np.eye(2000))
    assert tk.load(tmp_path / "x.npz").n_edges == 2000
    assert (tmp_path / "x.npz").stat().st_size * 300 < 2000 * 2000 * 8
    with pytest.raises(LimitExceededError, match="unpacks to"):
        tk.open_checkpoint(tmp_path / "x.npz", limits=Limits(decompressed_bytes=1_000_000))


def test_a_member_that_unpacks_to_more_than_it_declares_is_refused(tmp_path: Path) -> None:
    honest = npy("{'descr': '<f8', 'fortran_order': False, 'shape': (5, 2)}", b"\0" * 80)
    bomb = honest + b"\0" * 10_000_000
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("w.npy", bomb)
    sizes = [len(content).to_bytes(4, "little") for content in (bomb, honest)]
    data = (tmp_path / "x.npz").read_bytes()
    assert data.count(sizes[0]) == 2
    (tmp_path / "x.npz").write_bytes(data.replace(*sizes))
    with pytest.raises(CorruptCheckpointError, match="another size than the 208 bytes declared"):
        tk.load(tmp_path / "x.npz")


def test_a_matrix_of_text_is_no_weight(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", names=np.array([["a", "b"]]))
    with pytest.raises(NoWeightsFoundError, match="no weight matrix"):
        tk.load(tmp_path / "x.npz")


def test_a_zip_with_other_files_is_no_npz(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("w.npy", npy("{}"))
        archive.writestr("evil.pkl", pickle.dumps(3))
    with pytest.raises(UnsupportedFeatureError, match=r"\[archive\]: holds several checkpoints"):
        tk.load(tmp_path / "x.npz")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(network=layered_dags())
def test_a_network_saved_as_npz_is_the_exact_network(network: LayeredDAG, tmp_path: Path) -> None:
    arrays, header = encode(network)
    np.savez(tmp_path / "net.npz", header=np.frombuffer(json.dumps(header).encode(), np.uint8), **arrays)
    assert tk.load(tmp_path / "net.npz").equals(network)


def test_a_saved_network_keeps_its_provenance(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", w1=matrices()[0], w2=matrices()[1], b=np.ones(3))
    first = tk.load(tmp_path / "x.npz")
    tk.save_npz(first, tmp_path / "y.npz")
    second = tk.load(tmp_path / "y.npz")
    assert second.equals(first)
    assert second.provenance.file == str(tmp_path / "y.npz")
    assert second.provenance.skipped == first.provenance.skipped
    assert second.provenance.sha256 != first.provenance.sha256
    assert any(str(tmp_path / "x.npz") in note and first.provenance.sha256 in note for note in second.provenance.notes)


def test_options_do_not_apply_to_a_saved_network(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", w1=matrices()[0])
    tk.save_npz(tk.load(tmp_path / "x.npz"), tmp_path / "y.npz")
    with pytest.raises(tk.TopokitError, match="whole network"):
        tk.load(tmp_path / "y.npz", order=["w1"])


def test_bytes_behind_an_array_of_an_archive_are_refused_when_it_is_opened(tmp_path: Path) -> None:
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}"
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("w.npy", npy(header, bytes(25)))
    with pytest.raises(CorruptCheckpointError, match="holds 25 bytes"):
        tk.open_checkpoint(tmp_path / "x.npz")
