"""safetensors: a JSON header, then the tensors one after the other.

The header is checked here rather than by the library, which accepts repeated keys and reads 8-bit floats only with
further packages. Format: https://github.com/huggingface/safetensors#format.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.dag import LayeredDAG
from topokit.dag.codec import decode as decode_network
from topokit.errors import CorruptCheckpointError, LimitExceededError
from topokit.loaders.checkpoint import Axes, Checkpoint, TensorEntry, by_name, check_rank
from topokit.loaders.formats.common.dtypes import BITS, check_readable, decode, stored_bytes, stored_numbers
from topokit.loaders.formats.common.mapping import mapped
from topokit.loaders.formats.common.strict_json import json_table
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.hugging_face.config import config_beside
from topokit.loaders.formats.hugging_face.packed_weights import unpacked
from topokit.loaders.limits import Limits
from topokit.loaders.naming import natural_key

NAME = "safetensors"

_DTYPES = {
    **{"BOOL": "bool", "U8": "uint8", "I8": "int8", "U16": "uint16", "I16": "int16", "U32": "uint32", "I32": "int32"},
    **{"U64": "uint64", "I64": "int64", "F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64"},
    **{"F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "F8_E8M0": "float8_e8m0fnu", "C64": "complex64"},
    **{"F8_E4M3FNUZ": "float8_e4m3fnuz", "F8_E5M2FNUZ": "float8_e5m2fnuz"},
}
_LARGEST_PLAUSIBLE_HEADER = 2**40
_TOPOKIT_KEY = "topokit"
_AXES_OF_FRAMEWORKS: dict[str, Axes] = {"tf": "source-target", "flax": "source-target"}


def recognises(path: Path, head: bytes) -> bool:
    """Eight bytes of header length, then the brace that opens the header."""
    return head[8:9] == b"{" and int.from_bytes(head[:8], "little") < _LARGEST_PLAUSIBLE_HEADER


def open_safetensors(path: Path, limits: Limits) -> Checkpoint:
    """List the tensors of a safetensors file.

    The axes are taken as PyTorch's, (out, in, *kernel), unless the file names TensorFlow or Flax as its origin. A file
    that a recording wrote brings its network whole.
    """
    metadata, entries = list_entries(path, limits)
    stored = metadata.pop(_TOPOKIT_KEY, None)
    config, notes = config_beside(path, NAME, limits)
    return Checkpoint(
        path=path,
        format=NAME,
        files=(path,),
        tensors=unpacked(entries, path, limits),
        metadata={**metadata, **config},
        notes=notes,
        network=partial(_network, entries.values(), stored) if stored is not None else None,
        limits=limits,
    )


def list_entries(path: Path, limits: Limits) -> tuple[dict[str, str], dict[str, TensorEntry]]:
    """The metadata and the tensors of a file as they are stored, in the natural order of their names."""
    metadata, header, start = read_header(path, limits)
    axes = _AXES_OF_FRAMEWORKS.get(metadata.get("format", ""), "torch")
    names = sorted(header, key=natural_key)
    return metadata, by_name((_entry(name, header[name], path, start, axes) for name in names), path, limits)


def read_header(path: Path, limits: Limits) -> tuple[dict[str, str], dict[str, Any], int]:
    """The metadata, the tensors' entries and the byte where the tensors begin; no tensor is read.

    Raises
    ------
    CorruptCheckpointError
        The header contradicts itself or the file's length.
    LimitExceededError
        It declares more than the limits allow.
    ValueError
        It is not JSON.
    OSError
        The file cannot be read.
    """
    header, start = _read_json(path, limits)
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise _corrupt(path, "__metadata__ is not a table of strings")
    _check_offsets(header, path, path.stat().st_size - start, limits)
    return metadata, header, start


def _read_json(path: Path, limits: Limits) -> tuple[dict[str, Any], int]:
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > limits.header_bytes:
            raise LimitExceededError(
                path, f"declares a header of {length:,} bytes where {limits.header_bytes:,} are allowed", format=NAME
            )
        if 8 + length > size:
            raise _corrupt(path, f"ends after {size:,} bytes, inside its header of {length:,}")
        text = file.read(length)
    return json_table(text, path, NAME, "the header", limits), 8 + length


def _check_offsets(header: dict[str, Any], path: Path, present: int, limits: Limits) -> None:
    """Every tensor as long as its shape says, one after the other, up to the end of the file."""
    position = 0
    spans = [(name, _span(name, entry, path, limits)) for name, entry in header.items()]
    for name, (begin, end) in sorted(spans, key=_by_place):
        if begin != position or end < begin:
            raise _corrupt(path, f"lies at {begin}:{end} where byte {position} comes next", name)
        position = end
    if position != present:
        raise _corrupt(path, f"has {present:,} bytes of data where its header promises {position:,}")


def _by_place(item: tuple[str, tuple[int, int]]) -> tuple[int, int]:
    return item[1]


def _span(name: str, entry: Any, path: Path, limits: Limits) -> tuple[int, int]:
    if not isinstance(entry, dict) or not entry.keys() >= {"dtype", "shape", "data_offsets"}:
        raise _corrupt(path, "has no dtype, shape and data_offsets", name)
    shape, offsets = entry["shape"], entry["data_offsets"]
    if not _are_counts(shape) or not _are_counts(offsets) or len(offsets) != 2:
        raise _corrupt(path, "has a shape or offsets that are not whole numbers from 0 to 2^63", name)
    check_rank(len(shape), path, NAME, name, limits)
    if not isinstance(entry["dtype"], str):
        raise _corrupt(path, "has a type that is not a word", name)
    if entry["dtype"] in _DTYPES:
        expected = stored_bytes(_DTYPES[entry["dtype"]], tuple(shape))
        if offsets[1] - offsets[0] != expected:
            raise _corrupt(path, f"takes {offsets[1] - offsets[0]} bytes where shape {shape} needs {expected}", name)
    return offsets[0], offsets[1]


def _are_counts(values: Any) -> bool:
    return isinstance(values, list) and all(type(value) is int and 0 <= value < 2**63 for value in values)


def _entry(name: str, entry: dict[str, Any], path: Path, start: int, axes: Axes) -> TensorEntry:
    begin, end = entry["data_offsets"]
    dtype, shape = _DTYPES.get(entry["dtype"], str(entry["dtype"])), tuple(entry["shape"])
    return TensorEntry(
        name=name,
        shape=shape,
        dtype=dtype,
        nbytes=end - begin,
        path=path,
        format=NAME,
        reader=partial(_read, name, dtype, shape, path, start + begin, end - begin),
        axes=axes,
        raw=partial(_raw, dtype, shape, path, start + begin, end - begin) if dtype in BITS else None,
    )


def _raw(dtype: str, shape: tuple[int, ...], path: Path, offset: int, count: int) -> NDArray[Any]:
    return stored_numbers(mapped(path, offset, count), dtype, shape)


def _read(name: str, dtype: str, shape: tuple[int, ...], path: Path, offset: int, count: int) -> NDArray[Any]:
    check_readable(dtype, path, NAME, name)
    return decode(mapped(path, offset, count), dtype, shape)


def _network(entries: Iterable[TensorEntry], header: str) -> LayeredDAG:
    return decode_network({entry.name: np.array(entry.read()) for entry in entries}, json.loads(header))


def _corrupt(path: Path, problem: str, name: str | None = None) -> CorruptCheckpointError:
    place = None if name is None else repr(name)
    return CorruptCheckpointError(path, problem, format=NAME, place=place, remedy="copy or download it again")


FORMAT = Format(NAME, recognises, open_safetensors)
