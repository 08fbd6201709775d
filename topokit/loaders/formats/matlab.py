"""MATLAB files of version 5 (``save`` with ``-v6`` or ``-v7``): matrices, also inside cells and structures.

Source: MathWorks, MAT-File Format, chapter 1. Objects such as a SeriesNetwork are kept in a form that is not public.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.errors import CorruptCheckpointError, LimitExceededError, UnsupportedFeatureError
from topokit.loaders.checkpoint import Checkpoint, TensorEntry, Values, by_name
from topokit.loaders.formats.common.mapping import mapped
from topokit.loaders.formats.common.sparse_arrays import sparse_matrix
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.matlab_files.elements import (
    CLASSES,
    COMPRESSED,
    MATRIX,
    OBJECT,
    OPAQUE,
    SPARSE,
    STORED,
    UINT8,
    Array,
    Elements,
    Order,
    Part,
)
from topokit.loaders.formats.matlab_files.stream import InflatedStream, PlainStream, Stream
from topokit.loaders.formats.matlab_files.tensors import ASSUMED, UNREAD_REMEDY, role_of, unread
from topokit.loaders.limits import Limits

NAME = "matlab"

_TEXT, _VERSIONS = b"MATLAB", (b"\x00\x01IM", b"\x01\x00MI")
_HEADER, _TAG = 128, 8
_ORDERS: dict[bytes, Order] = {b"IM": "<", b"MI": ">"}


@dataclass(frozen=True, slots=True)
class Variable:
    """Where one variable lies in the file."""

    path: Path
    order: Order
    start: int
    size: int
    is_compressed: bool
    most: int

    def stream(self) -> Stream:
        """Its bytes from the beginning on."""
        raw = mapped(self.path, self.start, self.size).data
        if not self.is_compressed:
            return PlainStream(raw)
        problem = f"has a variable that unpacks to more than the {self.most:,} bytes that are allowed"
        remedy = "raise the limits if you trust the file"
        return InflatedStream(raw, self.most, LimitExceededError(self.path, problem, format=NAME, remedy=remedy))


def recognises(path: Path, head: bytes) -> bool:
    """The text that begins the file, and its version."""
    return head.startswith(_TEXT) and head[_HEADER - 4 : _HEADER] in _VERSIONS


def open_matlab(path: Path, limits: Limits) -> Checkpoint:
    """List the arrays of a MATLAB 5 file by the names that MATLAB has for them; axes are taken as (source, target).

    Raises
    ------
    UnsupportedFeatureError
        The file holds nothing but objects.
    LimitExceededError
        Its compressed variables unpack to more than the limits allow.
    """
    found = [(variable, array) for variable in _variables(path, limits) for array in _arrays(variable, limits)]
    objects = [array.name for _, array in found if array.kind in (OPAQUE, OBJECT)]
    entries = [_entry(variable, array) for variable, array in found if array.parts and array.name]
    if objects and not entries:
        raise UnsupportedFeatureError(path, unread(objects), format=NAME, remedy=UNREAD_REMEDY)
    return Checkpoint(
        path=path,
        format=NAME,
        files=(path,),
        tensors=by_name(entries, path, limits),
        notes=(ASSUMED, *([unread(objects)] if objects else [])),
        limits=limits,
    )


def _variables(path: Path, limits: Limits) -> Iterator[Variable]:
    size = path.stat().st_size
    raw = mapped(path, 0, size).data
    order = _ORDERS.get(bytes(raw[_HEADER - 2 : _HEADER]))
    if order is None:
        raise CorruptCheckpointError(path, "does not say its byte order", format=NAME, remedy="copy it again")
    at = _HEADER
    while at < size:
        kind, count, _ = Elements(PlainStream(raw[at:]), order, 0).tag()
        if kind not in (MATRIX, COMPRESSED):
            raise ValueError(f"an element of type {kind} at byte {at:,} where a variable belongs")
        packed = kind == COMPRESSED
        start, length = (at + _TAG, count) if packed else (at, count + _TAG)
        yield Variable(path, order, start, length, packed, limits.decompressed_bytes)
        at += _TAG + count


def _arrays(variable: Variable, limits: Limits) -> list[Array]:
    return list(Elements(variable.stream(), variable.order, limits.tensors).arrays())


def _entry(variable: Variable, array: Array) -> TensorEntry:
    is_sparse = array.kind == SPARSE
    _check_sizes(variable, array)
    dtype = "bool" if array.is_logical else "float64" if is_sparse else CLASSES[array.kind]
    role, aside = ("unknown", "complex numbers") if array.is_complex else role_of(array.name, array.shape)
    return TensorEntry(
        name=array.name,
        shape=array.shape,
        dtype=dtype,
        nbytes=sum(part.size for part in array.parts),
        path=variable.path,
        format=NAME,
        reader=_reader(variable, array, dtype),
        layout="csc" if is_sparse else "dense",
        role=role,
        aside=aside,
    )


def _check_sizes(variable: Variable, array: Array) -> None:
    """Raise `CorruptCheckpointError` unless there are as many numbers as the shape needs."""
    is_sparse = array.kind == SPARSE
    needed = [array.shape[1] + 1] if is_sparse else [prod(array.shape)] * len(array.parts)
    parts = array.parts[1:2] if is_sparse else array.parts
    for count, part in zip(needed, parts, strict=True):
        stored = np.dtype(STORED[part.kind]).itemsize
        if part.size != count * stored:
            problem = f"holds {part.size:,} bytes of numbers where shape {array.shape} needs {count * stored:,}"
            raise CorruptCheckpointError(variable.path, problem, format=NAME, place=repr(array.name))


def _reader(variable: Variable, array: Array, dtype: str) -> Callable[[], Values]:
    if array.kind != SPARSE:
        return lambda: _dense(variable, array, dtype)
    return lambda: _sparse(variable, array, dtype)


def _sparse(variable: Variable, array: Array, dtype: str) -> Values:
    if array.is_complex:
        problem = "is a sparse matrix of complex numbers, which no weights are"
        remedy = "save its real part"
        raise UnsupportedFeatureError(variable.path, problem, format=NAME, place=repr(array.name), remedy=remedy)
    rows, starts = (_numbers(variable, part) for part in array.parts[:2])
    count = int(starts[-1]) if len(starts) else 0
    values = _truths(variable, array.parts[2], count) if array.is_logical else _numbers(variable, array.parts[2])
    parts = {"indptr": starts, "indices": rows[:count], "data": values[:count].astype(dtype)}
    n_rows, n_columns = array.shape
    return sparse_matrix("csc", parts, (n_rows, n_columns))


def _dense(variable: Variable, array: Array, dtype: str) -> NDArray[Any]:
    """The numbers, which MATLAB stores column by column and in the smallest type that holds them."""
    parts = [_numbers(variable, part) for part in array.parts]
    values = parts[0].astype(dtype, copy=False)
    whole = values + 1j * parts[1] if array.is_complex else values
    return whole.reshape(array.shape, order="F")


def _numbers(variable: Variable, part: Part) -> NDArray[Any]:
    stream = variable.stream()
    stream.skip(part.offset)
    stored = np.dtype(STORED[part.kind]).newbyteorder(variable.order)
    return np.frombuffer(stream.read(part.size), stored)


def _truths(variable: Variable, part: Part, count: int) -> NDArray[Any]:
    """The values of a sparse logical matrix, which are bytes whatever their type says."""
    return _numbers(variable, replace(part, kind=UINT8) if part.size < 2 * count else part)


FORMAT = Format(NAME, recognises, open_matlab)
