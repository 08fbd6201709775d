"""Tensors inside graphs as protocol buffers.

Layout: tensorflow/core/framework/tensor.proto. A list of fewer numbers than elements repeats its last.
"""

from __future__ import annotations

from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.errors import CorruptCheckpointError
from topokit.loaders.checkpoint import TensorEntry
from topokit.loaders.formats.common.dtypes import BITS, check_readable, decode, stored_bytes
from topokit.loaders.formats.common.mapping import mapped
from topokit.loaders.formats.common.protobuf import Message, many, numbers, one
from topokit.loaders.formats.tensorflow_files.bundle import shape_of
from topokit.loaders.formats.tensorflow_files.number_types import type_name

TENSOR_SCHEMAS = {
    "Tensor": {
        **{1: one("dtype", "int"), 2: one("shape", "Shape"), 4: one("content", "span")},
        **{5: numbers("floats", "float"), 6: numbers("doubles", "double"), 7: numbers("ints", "int")},
        **{10: numbers("longs", "int"), 11: numbers("bools", "bool"), 13: numbers("halves", "int")},
        **{16: numbers("unsigned", "uint"), 17: numbers("unsigned_longs", "uint")},
    },
    "Shape": {2: many("dims", "Dim"), 3: one("unknown", "bool")},
    "Dim": {1: one("size", "int")},
}

_MOST_REPEATED = 2**24
_LISTS = {
    **dict.fromkeys(("int32", "uint8", "int16", "int8", "uint16"), "ints"),
    **{"float32": "floats", "float64": "doubles", "int64": "longs", "bool": "bools"},
    **{"float16": "halves", "bfloat16": "halves", "uint32": "unsigned", "uint64": "unsigned_longs"},
}


def tensor_entry(message: Message, name: str, path: Path, format: str) -> TensorEntry:
    """A tensor of a graph; nothing of it is read."""
    dtype, shape = type_name(message["dtype"]), shape_of(message["shape"])
    return TensorEntry(
        name=name,
        shape=shape,
        dtype=dtype,
        nbytes=stored_bytes(dtype, shape) if dtype in BITS else 0,
        path=path,
        format=format,
        reader=partial(_read, message, name, path, format),
    )


def _read(message: Message, name: str, path: Path, format: str) -> NDArray[Any]:
    dtype, shape = type_name(message["dtype"]), shape_of(message["shape"])
    check_readable(dtype, path, format, name)
    content = message["content"]
    if content is None or not content.length:
        return _filled(message, dtype, shape, name, path, format)
    expected = stored_bytes(dtype, shape)
    if content.length != expected:
        raise _corrupt(f"takes {content.length} bytes where shape {shape} needs {expected}", name, path, format)
    return decode(mapped(path, content.start, content.length), dtype, shape)


def _filled(message: Message, dtype: str, shape: tuple[int, ...], name: str, path: Path, format: str) -> NDArray[Any]:
    listed = message[_LISTS[dtype]].read() if dtype in _LISTS else np.empty(0)
    count = prod(shape)
    if count > max(_MOST_REPEATED, len(listed)):
        raise _corrupt(f"lists {len(listed)} numbers for shape {shape}", name, path, format)
    if len(listed) > count:
        raise _corrupt(f"lists {len(listed)} numbers for shape {shape}", name, path, format)
    values = _typed(listed, dtype)
    last = values[-1:] if len(values) else np.zeros(1, values.dtype)
    if len(values) <= 1:
        return np.broadcast_to(last.reshape(()), shape) if count else np.empty(shape, values.dtype)
    return np.concatenate([values, np.repeat(last, count - len(values))]).reshape(shape)


def _typed(listed: NDArray[Any], dtype: str) -> NDArray[Any]:
    """The listed numbers in the type they stand for; half-precision ones are listed as their bits."""
    if dtype in ("float16", "bfloat16"):
        return decode(listed.astype("<u2").view(np.uint8), dtype, listed.shape)
    return listed.astype(dtype)


def _corrupt(problem: str, name: str, path: Path, format: str) -> CorruptCheckpointError:
    remedy = "copy or download it again"
    return CorruptCheckpointError(path, problem, format=format, place=repr(name), remedy=remedy)
