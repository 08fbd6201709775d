"""The safetensors container: written byte for byte the same every time, its header read without the tensors.

Layout (huggingface/safetensors, format description in its README): the header's length as a little-endian unsigned
64-bit integer, the header as a JSON object, then the tensors without gaps. The library writes the metadata in an
order that changes from process to process, hence the writer here: equal runs shall give equal files.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file

from topokit.errors import CheckpointError
from topokit.loaders.formats.safetensors import read_header
from topokit.loaders.limits import Limits

_DTYPE_NAMES = {
    np.dtype(np.bool_): "BOOL",
    np.dtype(np.uint8): "U8",
    np.dtype(np.int8): "I8",
    np.dtype(np.uint16): "U16",
    np.dtype(np.int16): "I16",
    np.dtype(np.float16): "F16",
    np.dtype(np.uint32): "U32",
    np.dtype(np.int32): "I32",
    np.dtype(np.float32): "F32",
    np.dtype(np.uint64): "U64",
    np.dtype(np.int64): "I64",
    np.dtype(np.float64): "F64",
}

Arrays = Mapping[str, NDArray[Any]]


def chunks(arrays: Arrays, metadata: Mapping[str, str]) -> Iterator[bytes | memoryview]:
    """The bytes of a safetensors file, piece by piece; wide tensors first, so that all lie aligned.

    Raises
    ------
    ValueError
        A dtype that safetensors does not know.
    """
    ordered = sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name))
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    offset = 0
    for name in ordered:
        header[name] = _entry(arrays[name], offset)
        offset += arrays[name].nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    yield struct.pack("<Q", len(text)) + text
    for name in ordered:
        yield _little_endian(arrays[name]).data.cast("B") if arrays[name].size else b""


def read_metadata(path: Path) -> dict[str, str]:
    """The metadata of a safetensors file whose length agrees with its header; no tensor is read.

    Raises
    ------
    ValueError
        Not a safetensors file, or one that was cut off.
    OSError
        The file cannot be read.
    """
    try:
        metadata, _, _ = read_header(path, Limits())
    except CheckpointError as error:
        raise ValueError(error.problem) from error
    return metadata


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The tensors of a safetensors file.

    Raises
    ------
    ValueError
        Not a safetensors file, or tensors that NumPy does not know.
    OSError
        The file cannot be read.
    """
    try:
        arrays: dict[str, NDArray[Any]] = load_file(path)
    except (SafetensorError, KeyError, AttributeError, TypeError) as error:
        raise ValueError(str(error)) from error
    return arrays


def read_some(path: Path, names: Iterable[str]) -> dict[str, NDArray[Any]]:
    """Those tensors of a safetensors file; raises as `read_arrays` does."""
    try:
        with safe_open(path, framework="numpy") as file:
            return {name: file.get_tensor(name) for name in names}
    except (SafetensorError, KeyError, AttributeError, TypeError) as error:
        raise ValueError(str(error)) from error


def _entry(array: NDArray[Any], offset: int) -> dict[str, Any]:
    name = _DTYPE_NAMES.get(array.dtype.newbyteorder("="))
    if name is None:
        raise ValueError(f"safetensors has no dtype {array.dtype}")
    return {"dtype": name, "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}


def _little_endian(array: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
