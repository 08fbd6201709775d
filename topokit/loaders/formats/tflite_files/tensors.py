"""The tensors of a TensorFlow Lite file: where their bytes lie and how they are stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.errors import CorruptCheckpointError, LimitExceededError, UnsupportedFeatureError
from topokit.loaders.checkpoint import Quantisation, TensorEntry, Values, check_rank
from topokit.loaders.formats.common.dtypes import BITS, check_readable, decode, stored_bytes, stored_numbers
from topokit.loaders.formats.common.mapping import mapped
from topokit.loaders.formats.common.sparse_arrays import sparse_matrix
from topokit.loaders.formats.tflite_files.flatbuffer import Table
from topokit.loaders.formats.tflite_files.schema import TYPES, Buffer, Quantised, Tensor
from topokit.loaders.formats.tflite_files.sparse import SparseLayout, placed
from topokit.loaders.graph import Shape
from topokit.loaders.limits import Limits

NAME = "tflite"

_HALF_BYTES = {"int4": 8, "uint4": 0}
"""Types of which a byte holds two, the first in its low half; what the sign bit weighs."""
_SMALL, _UNFOLDS = 2**28, 1000
"""Sparse kernels of more bytes than the first when unfolded may hold as many zeros per stored byte as the second."""


@dataclass(frozen=True, eq=False, slots=True)
class TensorInfo:
    """A tensor as its table tells it.

    Attributes
    ----------
    name : str
        Its name, made unique.
    shape : tuple of int
        Its extents.
    told : tuple of int or None
        The same with None for those that vary.
    dtype : str
        Its type.
    table : Table
        The rest.
    """

    name: str
    shape: tuple[int, ...]
    told: Shape
    dtype: str
    table: Table


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes of the file."""

    path: Path
    start: int
    count: int

    def read(self) -> NDArray[np.uint8]:
        """The bytes as a view."""
        return mapped(self.path, self.start, self.count)


def spans_of(tables: Iterator[Table], path: Path) -> list[Span | None]:
    """Where the bytes of each buffer lie; None for empty ones, as the values that are computed have."""
    size = path.stat().st_size
    spans: list[Span | None] = []
    for table in tables:
        start, count = table.span(Buffer.DATA)
        if not count and table.number(Buffer.OFFSET, "<Q") > 1:
            start, count = table.number(Buffer.OFFSET, "<Q"), table.number(Buffer.SIZE, "<Q")
        if start + count > size:
            problem = f"has a buffer at byte {start:,} that goes on beyond the end"
            raise CorruptCheckpointError(path, problem, format=NAME, remedy="copy or download it again")
        spans.append(Span(path, start, count) if count else None)
    return spans


def tensor_info(table: Table, name: str, path: Path, limits: Limits) -> TensorInfo:
    """What a table says about a tensor."""
    shape = table.integers(Tensor.SHAPE)
    check_rank(len(shape), path, NAME, name, limits)
    signature = table.integers(Tensor.SHAPE_SIGNATURE)
    told = signature if len(signature) == len(shape) else shape
    kind = table.number(Tensor.TYPE, "<b")
    dtype = TYPES[kind] if 0 <= kind < len(TYPES) else f"type {kind}"
    return TensorInfo(name, shape, tuple(n if n >= 0 else None for n in told), dtype, table)


def tensor_entry(info: TensorInfo, buffer: int, span: Span, limits: Limits) -> TensorEntry:
    """The listing of a stored tensor.

    Raises
    ------
    CorruptCheckpointError
        It has another number of bytes than its shape needs, or a sparse layout that makes no sense.
    """
    if min(info.shape, default=0) < 0:
        raise _corrupt(span, f"is stored with the shape {info.shape}", info.name)
    sparsity = info.table.table(Tensor.SPARSITY)
    common: dict[str, Any] = {
        "name": info.name,
        "shape": info.shape,
        "dtype": info.dtype,
        "nbytes": span.count,
        "path": span.path,
        "format": NAME,
        "axes": "torch",
        "storage_id": f"buffer {buffer}",
        "quantisation": _quantisation(info),
    }
    if sparsity is not None:
        layout = _layout(info, sparsity, span, limits)
        return TensorEntry(**common, layout="tflite-sparse", reader=partial(_read_sparse, info, layout, span))
    if _size(info.dtype, info.shape) not in (None, span.count):
        needed = _size(info.dtype, info.shape)
        raise _corrupt(span, f"has {span.count:,} bytes where its shape {info.shape} needs {needed:,}", info.name)
    raw = partial(_numbers, info, span) if info.dtype in BITS else None
    return TensorEntry(**common, reader=partial(_read, info.name, info.dtype, info.shape, span), raw=raw)


def _size(dtype: str, shape: tuple[int, ...]) -> int | None:
    """Bytes of that many numbers; None for types of which that is not known, such as text."""
    if dtype in _HALF_BYTES:
        return -(-prod(shape) // 2)
    return stored_bytes(dtype, shape) if dtype in BITS else None


def _quantisation(info: TensorInfo) -> Quantisation | None:
    table = info.table.table(Tensor.QUANTISATION)
    scale = np.empty(0) if table is None else table.numbers(Quantised.SCALE, "<f4")
    if table is None or not len(scale) or not info.dtype.startswith(("int", "uint")):
        return None
    zero = table.numbers(Quantised.ZERO_POINT, "<i8")
    axis = int(table.number(Quantised.AXIS, "<i"))
    per_axis = len(scale) > 1 and 0 <= axis < len(info.shape) and info.shape[axis] == len(scale)
    if len(scale) > 1 and not per_axis:
        return None
    zero = zero if len(zero) == len(scale) else np.zeros(len(scale), np.int64)
    return Quantisation(
        scale=np.array(scale if per_axis else scale[0]),
        zero_point=np.array(zero if per_axis else zero[0]),
        axis=axis if per_axis else None,
    )


def _layout(info: TensorInfo, table: Table, span: Span, limits: Limits) -> SparseLayout:
    try:
        layout = SparseLayout.of(table, info.shape)
        stored = layout.n_stored
    except ValueError as error:
        raise _corrupt(span, f"is sparse and {error}", info.name) from error
    size = _size(info.dtype, (stored,))
    if size not in (None, span.count):
        raise _corrupt(span, f"has {span.count:,} bytes where {stored:,} stored values need {size:,}", info.name)
    dense, allowed = _size(info.dtype, info.shape) or 0, max(_SMALL, _UNFOLDS * span.count)
    if len(info.shape) != 2 and dense > min(allowed, limits.tensor_bytes):
        problem = f"is of {dense:,} bytes when unfolded, {span.count:,} of them stored"
        raise LimitExceededError(span.path, problem, format=NAME, place=repr(info.name))
    return layout


def _numbers(info: TensorInfo, span: Span) -> NDArray[Any]:
    return stored_numbers(span.read(), info.dtype, info.shape)


def _read(name: str, dtype: str, shape: tuple[int, ...], span: Span) -> NDArray[Any]:
    if dtype in _HALF_BYTES:
        return _halves(span.read(), _HALF_BYTES[dtype], prod(shape)).reshape(shape)
    check_readable(dtype, span.path, NAME, name)
    return decode(span.read(), dtype, shape)


def _halves(raw: NDArray[np.uint8], sign: int, count: int) -> NDArray[Any]:
    both = np.stack([raw & 15, raw >> 4], axis=1).ravel()[:count]
    return (both ^ sign).astype(np.int8) - np.int8(sign) if sign else both


def _read_sparse(info: TensorInfo, layout: SparseLayout, span: Span) -> Values:
    """The stored values in their places; a matrix stays sparse, with its zeros stored unless blocks brought them."""
    values = _read(info.name, info.dtype, (layout.n_stored,), span)
    if values.dtype.kind not in "biuf":
        problem = f"is sparse and of type {info.dtype}"
        raise UnsupportedFeatureError(span.path, problem, format=NAME, place=repr(info.name), remedy="save it dense")
    positions = layout.positions()
    if len(info.shape) != 2:
        return placed(values, positions, info.shape)
    rows, columns = info.shape
    parts = {"row": positions[0], "col": positions[1], "data": values}
    matrix = sparse_matrix("coo", parts, (rows, columns))
    if layout.blocks:
        matrix.eliminate_zeros()
    return matrix


def _corrupt(span: Span, problem: str, name: str) -> CorruptCheckpointError:
    remedy = "copy or download it again"
    return CorruptCheckpointError(span.path, problem, format=NAME, place=repr(name), remedy=remedy)
