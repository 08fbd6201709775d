"""The numbers of an HDF5 dataset: checked when listed, read when asked."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.errors import LimitExceededError, UnsupportedFeatureError
from topokit.loaders.formats.common.dtypes import Raw, decode
from topokit.loaders.formats.common.mapping import mapped
from topokit.loaders.formats.hdf5_files.chunks import Chunk, stored_chunks
from topokit.loaders.formats.hdf5_files.filters import KNOWN, NAMES, unfiltered
from topokit.loaders.formats.hdf5_files.objects import Data, Object
from topokit.loaders.formats.hdf5_files.source import Place, Source
from topokit.loaders.formats.hdf5_files.superblock import open_source
from topokit.loaders.limits import Limits

_SMALL = 2**20
_LARGEST_SPARE_CHUNK = 2**24


def data_reader(item: Object, data: Data) -> Callable[[], NDArray[Any]]:
    """A function that reads the dataset, after its declared size was compared with what the file has.

    The function raises `UnsupportedFeatureError` for elements that are no numbers or went through an unknown filter.

    Raises
    ------
    CorruptCheckpointError
        The file has fewer bytes than the shape needs.
    LimitExceededError
        Nothing is stored and much declared, or chunks are larger than their dataset.
    """
    source, place = item.source, item.source.place
    _check_stored(source, data, item.path)
    if (problem := _unreadable(data)) is not None:
        return partial(_refuse, source.unsupported(problem, repr(item.path)))
    sizes = source.offset_size, source.length_size
    if data.layout.kind == "chunked":
        return lambda: _from_chunks(place, sizes, data, source.limits)
    return lambda: _in_one_piece(place, data)


def _unreadable(data: Data) -> str | None:
    if data.type.kind != "number":
        return f"holds elements of type {data.type.name}, not numbers"
    unknown = [step.number for step in data.filters if step.number not in KNOWN]
    return f"is compressed by {NAMES.get(unknown[0], f'filter {unknown[0]}')}" if unknown else None


def _refuse(error: UnsupportedFeatureError) -> NDArray[Any]:
    raise error


def _check_stored(source: Source, data: Data, path: str) -> None:
    layout, present = data.layout, len(source.raw)
    if layout.kind == "compact" and len(layout.inside) < data.nbytes:
        raise source.corrupt(f"has fewer bytes of {path!r} than its shape {data.shape} needs")
    if layout.address is None and layout.kind != "compact" and data.nbytes > _SMALL:
        raise _too_large(source, f"declares {data.nbytes:,} bytes and stores none", path)
    if layout.kind == "contiguous" and layout.address is not None and layout.address + data.nbytes > present:
        raise source.corrupt(f"ends before the {data.nbytes:,} bytes that {path!r} needs")
    if layout.kind == "chunked":
        _check_chunks(source, data, path)


def _check_chunks(source: Source, data: Data, path: str) -> None:
    chunk = data.layout.chunk
    if len(chunk) != len(data.shape) or 0 in chunk:
        raise source.corrupt(f"has chunks of shape {chunk} for {path!r} of shape {data.shape}")
    if prod(chunk) * data.type.size > max(data.nbytes, _LARGEST_SPARE_CHUNK):
        raise _too_large(source, f"has chunks of shape {chunk} for {data.nbytes:,} bytes", path)
    if not data.filters and data.nbytes > max(len(source.raw), _SMALL):
        raise _too_large(source, f"declares {data.nbytes:,} bytes, more than the file has", path)


def _too_large(source: Source, problem: str, path: str) -> LimitExceededError:
    place = source.place
    return LimitExceededError(
        place.path, problem, format=place.format, place=repr(path), remedy="it is damaged, or made to take memory"
    )


def _in_one_piece(place: Place, data: Data) -> NDArray[Any]:
    layout = data.layout
    if layout.kind == "compact":
        raw: Raw = np.frombuffer(layout.inside[: data.nbytes], np.uint8)
    elif layout.address is None:
        raw = _filled(data).view(np.uint8)
    else:
        raw = mapped(place.path, place.start + layout.address, data.nbytes)
    return decode(raw, data.type.name, data.shape, data.type.order)


def _from_chunks(place: Place, sizes: tuple[int, int], data: Data, limits: Limits) -> NDArray[Any]:
    source = open_source(place.path, place.format, limits, start=place.start, size=place.size)
    source.offset_size, source.length_size = sizes
    made = _filled(data).reshape(data.shape)
    seen = set()
    for chunk in stored_chunks(source, data):
        if chunk.corner in seen or any(at % step for at, step in zip(chunk.corner, data.layout.chunk, strict=True)):
            raise source.corrupt(f"has chunks at {chunk.corner} that overlap others")
        seen.add(chunk.corner)
        _put(made, chunk, source, data)
    return decode(made.reshape(-1).view(np.uint8), data.type.name, data.shape, data.type.order)


def _put(made: NDArray[Any], chunk: Chunk, source: Source, data: Data) -> None:
    """Write a chunk where it belongs; those at the border reach over it."""
    spans = tuple(
        slice(at, min(at + step, extent))
        for at, step, extent in zip(chunk.corner, data.layout.chunk, data.shape, strict=True)
    )
    if any(span.start >= span.stop for span in spans):
        return
    if chunk.address + chunk.size > len(source.raw):
        raise source.corrupt(f"ends inside the chunk at {chunk.corner}")
    raw = np.frombuffer(source.raw[chunk.address : chunk.address + chunk.size], np.uint8)
    whole = unfiltered(raw, data.filters, chunk.mask, prod(data.layout.chunk) * data.type.size)
    values = whole.view(made.dtype).reshape(data.layout.chunk)
    made[spans] = values[tuple(slice(span.stop - span.start) for span in spans)]


def _filled(data: Data) -> NDArray[Any]:
    """Elements as they are where nothing is stored."""
    count, size = prod(data.shape), data.type.size
    if len(data.fill) != size or not any(data.fill):
        return np.zeros(count, np.dtype((np.void, size)))
    return np.frombuffer(data.fill * count, np.dtype((np.void, size))).copy()
