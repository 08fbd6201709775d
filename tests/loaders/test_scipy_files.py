"""SciPy matrices: every layout, stored zeros, bias rows, and indices that would crash the process."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoint_files import matrices
from numpy.typing import NDArray
from scipy import sparse

import topokit as tk
from topokit.errors import (
    AmbiguousTopologyError,
    CorruptCheckpointError,
    LimitExceededError,
    NonFiniteWeightsError,
    NoWeightsFoundError,
    UnsupportedFeatureError,
)
from topokit.loaders import Limits

LAYOUTS = ("csr", "csc", "coo", "bsr", "dia")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", ["array", "matrix"])
@pytest.mark.parametrize("compressed", [True, False])
def test_every_layout_is_read(layout: str, kind: str, compressed: bool, tmp_path: Path) -> None:
    dense = np.kron(matrices()[0][:4, :4], np.ones((2, 2), np.float32))
    matrix = getattr(sparse, f"{layout}_{kind}")(dense)
    sparse.save_npz(tmp_path / "w.npz", matrix, compressed=compressed)
    listed = tk.open_checkpoint(tmp_path / "w.npz").tensors["w"]
    assert (listed.layout, listed.shape, listed.dtype) == (layout, (8, 8), "float32")
    read = listed.read()
    assert isinstance(read, sparse.csr_array)
    assert np.array_equal(read.toarray(), dense)


def test_stored_zeros_are_edges_unless_values_decide(tmp_path: Path) -> None:
    matrix = sparse.csr_array((np.array([1.0, 0.0, 2.0]), ([0, 1, 1], [0, 1, 2])), shape=(2, 3))
    sparse.save_npz(tmp_path / "w.npz", matrix)
    network = tk.load(tmp_path / "w.npz")
    assert network.n_edges == 3
    assert network.blocks[0].mask_source == "stored"
    assert "1 stored zeros" in network.provenance.notes[-1]
    values = tk.load(tmp_path / "w.npz", structure="values")
    assert values.n_edges == 2
    assert values.blocks[0].mask_source == "values"


def test_unsorted_and_repeated_entries_are_put_in_order(tmp_path: Path) -> None:
    matrix = sparse.coo_array((np.array([1.0, 2.0, 3.0]), ([1, 0, 1], [0, 2, 0])), shape=(2, 3))
    sparse.save_npz(tmp_path / "w.npz", matrix)
    assert np.array_equal(tk.load(tmp_path / "w.npz").blocks[0].weight_matrix().toarray(), [[0, 0, 2], [4, 0, 0]])
    unsorted = sparse.csr_array((np.array([1.0, 2.0]), np.array([2, 0]), np.array([0, 2, 2])), shape=(2, 3))
    sparse.save_npz(tmp_path / "u.npz", unsorted)
    assert np.array_equal(tk.load(tmp_path / "u.npz").blocks[0].weight_matrix().toarray(), [[2, 0, 1], [0, 0, 0]])


def csr_file(path: Path, **changes: Any) -> Path:
    arrays: dict[str, NDArray[Any]] = {
        "format": np.array(b"csr"),
        "shape": np.array([3, 4]),
        "data": np.ones(4, np.float32),
        "indices": np.array([0, 1, 2, 3], np.int32),
        "indptr": np.array([0, 2, 3, 4], np.int32),
    }
    np.savez(path, **(arrays | changes))
    return path


BROKEN = {
    "index too large": {"indices": np.array([0, 1, 2, 10**9], np.int32)},
    "index below 0": {"indices": np.array([0, -1, 2, 3], np.int32)},
    "wild pointers": {"indptr": np.array([0, 10**9, 3, 4], np.int64)},
    "descending pointers": {"indptr": np.array([0, 3, 2, 4], np.int32)},
    "late start": {"indptr": np.array([1, 2, 3, 4], np.int32)},
    "short pointers": {"indptr": np.array([0, 4], np.int32)},
    "no pointers": {"indptr": np.array([], np.int32)},
    "pointers too far": {"indptr": np.array([0, 2, 3, 400], np.int32)},
    "fewer values": {"data": np.ones(2, np.float32)},
    "fractional indices": {"indices": np.array([0, 1, 2, 3.0])},
    "indices in a table": {"indices": np.zeros((4, 1), np.int32)},
    "negative shape": {"shape": np.array([-3, 4])},
    "three sizes": {"shape": np.array([3, 4, 1])},
    "smaller shape": {"shape": np.array([3, 2])},
}


@pytest.mark.parametrize("changes", BROKEN.values(), ids=BROKEN)
def test_indices_that_would_crash_are_refused(changes: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(CorruptCheckpointError, match=r"w\.npz"):
        tk.load(csr_file(tmp_path / "w.npz", **changes))


@pytest.mark.parametrize(
    "arrays",
    [
        {"format": np.array(b"csc"), "indices": np.array([0, 1, 2, 3]), "indptr": np.array([0, 1, 2, 3, 4])},
        {"format": np.array(b"coo"), "row": np.array([0, 9]), "col": np.array([0, 1]), "data": np.ones(2)},
        {"format": np.array(b"coo"), "row": np.array([0, -1]), "col": np.array([0, 1]), "data": np.ones(2)},
        {"format": np.array(b"coo"), "row": np.array([0]), "col": np.array([0, 1]), "data": np.ones(2)},
        {"format": np.array(b"dia"), "offsets": np.array([2**62]), "data": np.ones((1, 4))},
        {"format": np.array(b"dia"), "offsets": np.array([0, 0]), "data": np.ones((2, 4))},
        {"format": np.array(b"bsr"), "data": np.ones((4, 7, 7))},
        {"format": np.array(b"coo")},
    ],
    ids=["csc row", "coo row", "coo below 0", "coo lengths", "dia far", "dia twice", "bsr blocks", "coo without rows"],
)
def test_other_layouts_are_checked_too(arrays: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(CorruptCheckpointError):
        tk.load(csr_file(tmp_path / "w.npz", **arrays))


def test_unknown_layouts_and_absurd_sizes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedFeatureError, match="'lil'"):
        tk.load(csr_file(tmp_path / "w.npz", format=np.array(b"lil")))
    places = {"format": np.array(b"coo"), "row": np.zeros(4, int), "col": np.zeros(4, int)}
    for rows in (2**30, 2**40):
        with pytest.raises(LimitExceededError, match="declares"):
            tk.open_checkpoint(csr_file(tmp_path / "v.npz", shape=np.array([rows, 4]), **places))
    with pytest.raises(LimitExceededError, match="edges"):
        tk.load(tk.open_checkpoint(csr_file(tmp_path / "u.npz"), limits=Limits(edges=3)))


@pytest.mark.parametrize("data", [np.array(["a", "b", "c", "d"]), np.ones(4, complex)], ids=["text", "complex"])
def test_other_numbers_than_real_ones_are_no_weights(data: NDArray[Any], tmp_path: Path) -> None:
    with pytest.raises(NoWeightsFoundError, match="no weight matrix"):
        tk.load(csr_file(tmp_path / "w.npz", data=data))


def test_stored_nan_is_refused(tmp_path: Path) -> None:
    path = csr_file(tmp_path / "w.npz", data=np.array([1, np.nan, np.inf, 2], np.float32))
    with pytest.raises(NonFiniteWeightsError, match=r"'w'.*2 NaN or infinite weights of 4"):
        tk.load(path)


def folder_of(tmp_path: Path, shapes: list[tuple[int, int]]) -> Path:
    folder = tmp_path / "layers"
    folder.mkdir(parents=True)
    for k, shape in enumerate(shapes):
        sparse.save_npz(folder / f"weight_l{k}.npz", sparse.csr_array(np.ones(shape, np.float32)))
    return folder


def test_bias_rows_of_all_layers_are_dropped(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, [(5, 3), (4, 3), (4, 2)])
    network = tk.load(folder)
    assert [layer.size for layer in network.layers] == [4, 3, 3, 2]
    assert network.n_edges == 4 * 3 + 3 * 3 + 3 * 2
    assert any("biases and dropped" in note for note in network.provenance.notes)
    assert [row.edges for row in tk.inspect(folder).blocks] == [12, 9, 6]


def test_bias_rows_are_kept_or_dropped_as_asked(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, [(5, 3), (4, 3)])
    with pytest.raises(AmbiguousTopologyError, match="'weight_l0' 5->3, 'weight_l1' 4->3"):
        tk.load(folder, bias_row=None)
    plain = folder_of(tmp_path / "plain", [(5, 3), (3, 2)])
    assert [layer.size for layer in tk.load(plain).layers] == [5, 3, 2]
    alone = folder_of(tmp_path / "alone", [(5, 3)])
    assert tk.load(alone).layers[0].size == 5
    assert tk.load(alone, bias_row="last").layers[0].size == 4


def test_bias_rows_in_some_layers_do_not_chain(tmp_path: Path) -> None:
    with pytest.raises(AmbiguousTopologyError, match="do not chain"):
        tk.load(folder_of(tmp_path, [(5, 3), (4, 3), (3, 2)]))


def test_layers_follow_in_natural_order(tmp_path: Path) -> None:
    sizes = list(range(2, 15))
    network = tk.load(folder_of(tmp_path, list(pairwise(sizes))))
    assert [layer.size for layer in network.layers] == sizes


def test_other_files_of_the_folder_are_told(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, [(3, 2)])
    (folder / "notes.txt").write_text("hello")
    assert "notes.txt" in tk.load(folder).provenance.notes[0]
    np.savez(folder / "other.npz", a=np.ones(3))
    with pytest.raises(UnsupportedFeatureError, match="not a SciPy sparse matrix"):
        tk.load(folder)


def test_the_padding_of_blocks_is_no_edge(tmp_path: Path) -> None:
    """As in `from_adjacencies`: nobody chose to store the zeros that fill a block."""
    dense = np.diag([1.0, 2.0, 3.0, 4.0])
    sparse.save_npz(tmp_path / "w.npz", sparse.bsr_array(dense, blocksize=(2, 2)))
    block = tk.load(tmp_path / "w.npz").blocks[0]
    assert block.n_edges == 4
    assert np.array_equal(block.weight_matrix().toarray(), dense)


def test_unsigned_indices_are_read_and_checked(tmp_path: Path) -> None:
    plain = tk.load(csr_file(tmp_path / "w.npz")).blocks[0]
    indices = np.array([0, 1, 2, 3], np.uint64)
    block = tk.load(csr_file(tmp_path / "u.npz", indices=indices, indptr=np.array([0, 2, 3, 4], np.uint64))).blocks[0]
    assert np.array_equal(block.adjacency().toarray(), plain.adjacency().toarray())
    for wild in (2**63 + 1, 2**64 - 1, 2**32 + 1):
        indices[1] = wild
        with pytest.raises(CorruptCheckpointError):
            tk.load(csr_file(tmp_path / "u.npz", indices=indices))
