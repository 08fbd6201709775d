"""MATLAB files of both kinds: what SciPy and h5py read of them, bit by bit, and what is refused."""

from __future__ import annotations

import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import scipy.io
import zoo
from scipy import sparse

import topokit as tk
from topokit.errors import (
    CheckpointError,
    CorruptCheckpointError,
    LimitExceededError,
    UnsafePathError,
    UnsupportedFeatureError,
)
from topokit.loaders.limits import Limits

ZOO = Path(__file__).parents[2] / "data" / "zoo"
REAL = Path(scipy.io.matlab.__file__).parent / "tests" / "data"
MADE_BY_MATLAB = {
    "testmatrix_6.1_SOL2": "testmatrix",
    "testmatrix_7.4_GLNX86": "testmatrix",
    "test3dmatrix_7.1_GLNX86": "test3dmatrix",
    "testdouble_6.5.1_GLNX86": "testdouble",
    "testbool_8_WIN64": "testbools",
    "testsparse_6.1_SOL2": "testsparse",
    "testsparse_7.4_GLNX86": "testsparse",
    "testsparsefloat_7.4_GLNX86": "testsparsefloat",
    "logical_sparse": "sp_log_5_4",
    "big_endian": "floats",
}


def dense(values: Any) -> Any:
    return values.toarray() if sparse.issparse(values) else values


@pytest.mark.parametrize("name", MADE_BY_MATLAB)
def test_files_made_by_matlab_come_back_bit_by_bit(name: str) -> None:
    expected = scipy.io.loadmat(REAL / f"{name}.mat")
    variable = MADE_BY_MATLAB[name] if MADE_BY_MATLAB[name] in expected else next(iter(expected.keys() - HIDDEN))
    entry = tk.open_checkpoint(REAL / f"{name}.mat").tensors[variable]
    assert sparse.issparse(entry.read()) == sparse.issparse(expected[variable])
    assert np.array_equal(dense(entry.read()), dense(expected[variable]))


HIDDEN = {"__header__", "__version__", "__globals__"}


def test_a_file_of_matlab_itself_in_hdf5() -> None:
    path = REAL / "testhdf5_7.4_GLNX86.mat"
    with h5py.File(path) as file:
        expected = file["testdouble"][()].T
    checkpoint = tk.open_checkpoint(path)
    assert checkpoint.format == "matlab-hdf5"
    assert np.array_equal(checkpoint.tensors["testdouble"].read(), expected)


NAMES = {f"fc{k}_{part}": f"fc{k}.{part}" for k in (1, 2, 3) for part in ("kernel", "bias")}


@pytest.mark.parametrize("path", ["matlab/mlp", "matlab/mlp-compressed", "matlab/mlp-sparse", "matlab-hdf5/mlp"])
def test_weights_come_back_bit_by_bit(path: str) -> None:
    checkpoint, weights = tk.open_checkpoint(ZOO / f"{path}.mat"), zoo.mlp()
    assert checkpoint.tensors.keys() == NAMES.keys()
    for name, theirs in NAMES.items():
        assert np.array_equal(dense(checkpoint.tensors[name].read()), np.atleast_2d(weights[theirs]))
    assert {entry.role for name, entry in checkpoint.tensors.items() if name.endswith("bias")} == {"bias"}
    assert "axes" in checkpoint.notes[0]


def test_cells_and_structures_have_the_names_of_matlab() -> None:
    weights = zoo.mlp()
    tensors = tk.open_checkpoint(ZOO / "matlab" / "mlp-cells.mat").tensors
    assert {f"net.weights{{{k}}}" for k in (1, 2, 3)} < tensors.keys()
    assert np.array_equal(tensors["net.weights{2}"].read(), weights["fc2.kernel"])
    assert tensors["net.biases{1}"].role == "bias"
    tensors = tk.open_checkpoint(ZOO / "matlab-hdf5" / "mlp-cells.mat").tensors
    assert list(tensors) == ["weights{1}", "weights{2}", "weights{3}"]
    assert np.array_equal(tensors["weights{3}"].read(), weights["fc3.kernel"])


def test_the_user_says_which_axis_is_which(tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "a.mat", {"W1": np.ones((4, 3)), "W2": np.ones((2, 4))})
    assert [layer.size for layer in tk.load(tmp_path / "a.mat", axes="torch").layers] == [3, 4, 2]


def test_a_compressed_variable_is_unpacked_only_when_read(tmp_path: Path) -> None:
    large = np.random.default_rng(0).integers(0, 3, (1500, 1500)).astype(np.float64)
    scipy.io.savemat(tmp_path / "a.mat", {"W": large}, do_compression=True)
    tracemalloc.start()
    checkpoint = tk.open_checkpoint(tmp_path / "a.mat")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000
    assert np.array_equal(checkpoint.tensors["W"].read(), large)


def element(kind: int, data: bytes) -> bytes:
    return struct.pack("<II", kind, len(data)) + data + b"\0" * (-len(data) % 8)


def matrix(kind: int, shape: tuple[int, ...], *parts: bytes, name: bytes = b"W") -> bytes:
    head = element(6, struct.pack("<II", kind, 0)) + element(5, struct.pack(f"<{len(shape)}i", *shape))
    return element(14, head + element(1, name) + b"".join(parts))


def mat5(*variables: bytes) -> bytes:
    return b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM" + b"".join(variables)


def opaque(name: bytes, kind: bytes) -> bytes:
    head = element(6, struct.pack("<II", 17, 0))
    return element(14, head + element(1, name) + element(1, b"MCOS") + element(1, kind))


def within(depth: int) -> bytes:
    """Cells inside cells."""
    inner = matrix(6, (1, 1), element(9, struct.pack("<d", 1)), name=b"")
    for _ in range(depth):
        inner = matrix(1, (1, 1), inner, name=b"")
    return inner


def wild_sparse() -> bytes:
    """A sparse matrix with a row that it has not."""
    rows, starts = element(5, struct.pack("<3i", 0, 1, 9)), element(5, struct.pack("<3i", 0, 2, 3))
    return matrix(5, (3, 2), rows, starts, element(9, struct.pack("<3d", 1, 1, 1)))


DOUBLES = element(9, struct.pack("<6d", *range(6)))
TALL = matrix(5, (2**30, 1), element(5, b""), element(5, struct.pack("<2i", 0, 0)), element(9, b""))
CELLS = matrix(1, (1, 2), *[matrix(6, (1, 200), element(9, bytes(1600)), name=b"")] * 2)
HOSTILE: dict[str, tuple[bytes, type[CheckpointError], str]] = {
    "a shape without numbers": (mat5(matrix(6, (2**30, 2**30), DOUBLES)), CorruptCheckpointError, "needs"),
    "a negative shape": (mat5(matrix(6, (-2, 3), DOUBLES)), CorruptCheckpointError, "shape"),
    "cells without end": (mat5(matrix(1, (2**30, 2))), CorruptCheckpointError, "cells"),
    "cells inside cells": (mat5(within(100)), CorruptCheckpointError, "nested too deep"),
    "a variable twice": (mat5(matrix(6, (2, 3), DOUBLES), matrix(6, (2, 3), DOUBLES)), CorruptCheckpointError, "twice"),
    "a variable beyond the end": (mat5(struct.pack("<II", 14, 10**6)), CorruptCheckpointError, "beyond the end"),
    "an unknown element": (mat5(element(99, b"")), CorruptCheckpointError, "element of type 99"),
    "a name that is no text": (mat5(matrix(6, (2, 3), DOUBLES, name=b"\xff")), CorruptCheckpointError, "utf-8"),
    "objects alone": (mat5(opaque(b"net", b"SeriesNetwork")), UnsupportedFeatureError, "only MATLAB can read"),
    "too many rows": (mat5(TALL), LimitExceededError, "rows or columns"),
    "a row outside a sparse matrix": (mat5(wild_sparse()), CorruptCheckpointError, "make no sense"),
    "damaged compression": (mat5(element(15, zlib.compress(CELLS)[:-30])), CorruptCheckpointError, "ends early"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused(name: str, tmp_path: Path) -> None:
    content, kind, words = HOSTILE[name]
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(kind, match=words) as caught:
        tk.inspect(tmp_path / "a.mat")
    assert "\n" not in str(caught.value)


def test_objects_beside_matrices_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.mat").write_bytes(mat5(opaque(b"net", b"dlnetwork"), matrix(6, (2, 3), DOUBLES)))
    checkpoint = tk.open_checkpoint(tmp_path / "a.mat")
    assert list(checkpoint.tensors) == ["W"]
    assert any("'net'" in note for note in checkpoint.notes)


def test_compressed_variables_unpack_to_no_more_than_allowed(tmp_path: Path) -> None:
    packed = zlib.compress(CELLS)
    (tmp_path / "a.mat").write_bytes(mat5(struct.pack("<II", 15, len(packed)) + packed))
    assert len(tk.open_checkpoint(tmp_path / "a.mat").tensors) == 2
    with pytest.raises(LimitExceededError, match="unpacks to more"):
        tk.open_checkpoint(tmp_path / "a.mat", limits=Limits(decompressed_bytes=1000))


def endless_cells(file: h5py.File) -> None:
    """A cell array that holds itself."""
    made = file.create_dataset("w", (2, 1), h5py.ref_dtype)
    made.attrs["MATLAB_class"] = np.bytes_("cell")
    made[:] = [[made.ref], [made.ref]]


def sparse_without_rows(file: h5py.File) -> None:
    file.create_group("w").attrs["MATLAB_sparse"] = np.uint64(3)


def sparse_outside(file: h5py.File) -> None:
    group = file.create_group("w")
    group["data"], group["ir"] = np.ones(3), np.array([0, 1, 9], np.uint64)
    group["jc"] = np.array([0, 2, 3], np.uint64)
    group.attrs["MATLAB_sparse"] = np.uint64(3)


def soft_link(file: h5py.File) -> None:
    file["w"] = h5py.SoftLink("/elsewhere")


def network_object(file: h5py.File) -> None:
    made = file.create_dataset("net", data=np.ones((1, 6), np.uint32))
    made.attrs["MATLAB_class"], made.attrs["MATLAB_object_decode"] = np.bytes_("SeriesNetwork"), np.int32(3)


HOSTILE_HDF5: dict[str, tuple[Callable[[h5py.File], None], type[CheckpointError], str]] = {
    "cells that hold themselves": (endless_cells, LimitExceededError, "contain themselves"),
    "sparse without rows": (sparse_without_rows, CorruptCheckpointError, "without rows or columns"),
    "sparse with wild rows": (sparse_outside, CorruptCheckpointError, "make no sense"),
    "soft link": (soft_link, UnsafePathError, "soft or external link"),
    "objects alone": (network_object, UnsupportedFeatureError, "only MATLAB can read"),
}


def read_all(path: Path) -> None:
    for entry in tk.open_checkpoint(path, limits=Limits(tensors=1000)).tensors.values():
        entry.read()


@pytest.mark.parametrize("name", HOSTILE_HDF5)
def test_hostile_files_in_hdf5_are_refused(name: str, tmp_path: Path) -> None:
    make, kind, words = HOSTILE_HDF5[name]
    with h5py.File(tmp_path / "a.mat", "w", userblock_size=512) as file:
        make(file)
    with (tmp_path / "a.mat").open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")
    with pytest.raises(kind, match=words) as caught:
        read_all(tmp_path / "a.mat")
    assert "\n" not in str(caught.value)
