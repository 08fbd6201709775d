"""Sparse matrices from stored index arrays, checked before any compiled code sees them.

SciPy takes out-of-range indices from a file and crashes the process at the next conversion, so every matrix goes
through ``check_format(full_check=True)`` here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from topokit.loaders.checkpoint import Layout

Parts = Mapping[str, NDArray[Any]]

PARTS: dict[Layout, tuple[str, ...]] = {
    "csr": ("indptr", "indices", "data"),
    "csc": ("indptr", "indices", "data"),
    "bsr": ("indptr", "indices", "data"),
    "coo": ("row", "col", "data"),
    "dia": ("offsets", "data"),
}


def sparse_matrix(layout: Layout, parts: Parts, shape: tuple[int, int]) -> sparse.csr_array:
    """The matrix as a canonical CSR array; entries stored twice are added.

    Stored zeros stay stored, but for those of BSR and DIA, which pad with them.

    Parameters
    ----------
    layout : {'csr', 'csc', 'coo', 'bsr', 'dia'}
        How the parts are to be read.
    parts : mapping of str to ndarray
        The arrays that `PARTS` names for the layout.
    shape : tuple of int
        Rows and columns.

    Raises
    ------
    ValueError
        Index arrays of the wrong type or length, or with an index out of range.
    """
    indices = {name: _indices(parts[name], name) for name in PARTS[layout] if name != "data"}
    data = _data(parts["data"])
    if layout == "coo":
        matrix = _coordinate(data, indices["row"], indices["col"], shape)
    elif layout == "dia":
        matrix = _diagonal(data, indices["offsets"], shape)
    else:
        matrix = _compressed(layout, data, indices["indices"], indices["indptr"], shape)
    array = _canonical(matrix)
    if layout == "bsr":
        array.eliminate_zeros()
    return array


def _indices(values: NDArray[Any], name: str) -> NDArray[np.integer]:
    if values.dtype.kind not in "iu" or values.ndim != 1:
        raise ValueError(f"{name} is not a list of whole numbers")
    return values.astype(np.int64) if values.dtype.kind == "u" else values.astype(values.dtype.newbyteorder("="))


def _data(values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype.kind not in "biuf":
        raise ValueError(f"data of type {values.dtype} are not real numbers")
    native = values.astype(values.dtype.newbyteorder("="))
    return native.astype(np.float32) if native.dtype == np.float16 else native


def _compressed(
    layout: Layout,
    data: NDArray[Any],
    indices: NDArray[np.integer],
    indptr: NDArray[np.integer],
    shape: tuple[int, int],
) -> Any:
    if not len(indptr) or len(indices) != len(data) or indptr[-1] != len(indices):
        raise ValueError(f"{len(indices):,} indices for {len(data):,} values and pointers that end elsewhere")
    make = {"csr": sparse.csr_array, "csc": sparse.csc_array, "bsr": sparse.bsr_array}[layout]
    matrix = make((data, indices, indptr), shape=shape)
    matrix.check_format(full_check=True)
    return matrix


def _coordinate(data: NDArray[Any], row: NDArray[np.integer], col: NDArray[np.integer], shape: tuple[int, int]) -> Any:
    if not len(row) == len(col) == len(data):
        raise ValueError(f"{len(row):,} rows and {len(col):,} columns for {len(data):,} values")
    for places, count in ((row, shape[0]), (col, shape[1])):
        if len(places) and (places.min() < 0 or places.max() >= count):
            raise ValueError(f"an index lies outside 0 to {count - 1}")
    return sparse.coo_array((data, (row, col)), shape=shape)


def _diagonal(data: NDArray[Any], offsets: NDArray[np.integer], shape: tuple[int, int]) -> Any:
    if data.ndim != 2 or len(offsets) != len(data) or len(np.unique(offsets)) != len(offsets):
        raise ValueError(f"{len(offsets)} offsets for diagonals of shape {data.shape}")
    if len(offsets) and (offsets.min() <= -shape[0] or offsets.max() >= shape[1]):
        raise ValueError(f"a diagonal lies outside shape {shape}")
    return sparse.dia_array((data, offsets), shape=shape)


def _canonical(matrix: Any) -> sparse.csr_array:
    array = sparse.csr_array(matrix)
    array.check_format(full_check=True)
    array.sum_duplicates()
    return array
