"""Tensors that an ONNX file stores as the places and values of what is not 0.

Source: ``SparseTensorProto`` of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from topokit.errors import UnsupportedFeatureError
from topokit.loaders.formats.common.protobuf import Message
from topokit.loaders.formats.common.sparse_arrays import sparse_matrix
from topokit.loaders.formats.graphs.stored import Stored
from topokit.loaders.formats.onnx import NAME
from topokit.loaders.formats.onnx_files.tensors import TensorFiles


def from_sparse(files: TensorFiles, message: Message, name: str) -> Stored:
    """A matrix as a sparse tensor.

    Raises
    ------
    UnsupportedFeatureError
        It has another number of axes than 2.
    ValueError
        It lacks its values or indices.
    """
    shape = tuple(message["dims"])
    if len(shape) != 2:
        problem = f"is a sparse tensor of shape {shape}, not a matrix"
        raise UnsupportedFeatureError(files.path, problem, format=NAME, place=repr(name), remedy="save it dense")
    if message["values"] is None or message["indices"] is None:
        raise ValueError(f"the sparse tensor {name!r} lacks its values or their places")
    values, places = (files.stored(message[part], f"{name} {part}") for part in ("values", "indices"))
    return Stored(
        name=name,
        shape=shape,
        dtype=values.dtype,
        nbytes=values.nbytes + places.nbytes,
        read=_reader(values, places, shape),
        layout="coo",
    )


def _reader(values: Stored, places: Stored, shape: tuple[int, ...]) -> Callable[[], Any]:
    def read() -> sparse.csr_array:
        row, column = _coordinates(np.asarray(places.read()), shape)
        arrays = {"row": row, "col": column, "data": np.asarray(values.read()).reshape(-1)}
        return sparse_matrix("coo", arrays, (shape[0], shape[1]))

    return read


def _coordinates(places: NDArray[Any], shape: tuple[int, ...]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Rows and columns from pairs of them, or from places in the flattened matrix."""
    if places.ndim == 2:
        return places[:, 0], places[:, 1]
    if places.size and not 0 <= places.min() <= places.max() < prod(shape):
        raise ValueError("an index lies outside the matrix")
    row, column = np.divmod(places, max(shape[1], 1))
    return row, column
