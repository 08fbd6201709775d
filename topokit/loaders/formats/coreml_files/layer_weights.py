"""Weights inside the layers of a neural network: floats, halves, or quantised linearly or by a table.

Source: ``WeightParams`` of https://github.com/apple/coremltools/blob/main/mlmodel/format/NeuralNetwork.proto; packed
numbers as in ``coremltools/models/neural_network/quantization_utils.py``.
"""

from __future__ import annotations

from functools import partial
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.errors import UnsupportedFeatureError
from topokit.loaders.checkpoint import Quantisation
from topokit.loaders.formats.common.dtypes import decode
from topokit.loaders.formats.common.protobuf import Message, Numbers
from topokit.loaders.formats.coreml import NAME
from topokit.loaders.formats.coreml_files.bits import packed_bytes, unpacked
from topokit.loaders.formats.coreml_files.values import ModelFiles
from topokit.loaders.formats.graphs.stored import Stored

Array = NDArray[Any]


def stored(message: Message | None, name: str, shape: tuple[int, ...], files: ModelFiles) -> Stored | None:
    """A weight and how to read it; None when the layer has none.

    Raises
    ------
    CorruptCheckpointError
        Fewer or more numbers than the shape needs.
    UnsupportedFeatureError
        Numbers in a form that is not known.
    """
    if message is None:
        return None
    if message["floats"].nbytes:
        return _floats(message["floats"], name, shape, files)
    for field in ("halves", "raw", "bytes"):
        span = message[field]
        if span is None or not span.length:
            continue
        raw = files.buffer[span.start : span.end]
        if field == "halves":
            _check(span.length, 2 * prod(shape), name, files)
            return _made(name, shape, "float16", span.length, partial(decode, raw, "float16", shape))
        return _quantised(message, raw, name, shape, files)
    return None


def _floats(numbers: Numbers, name: str, shape: tuple[int, ...], files: ModelFiles) -> Stored:
    _check(numbers.nbytes, 4 * prod(shape), name, files)
    return _made(name, shape, "float32", numbers.nbytes, lambda: np.asarray(numbers.read().reshape(shape)))


def _quantised(message: Message, raw: Array, name: str, shape: tuple[int, ...], files: ModelFiles) -> Stored:
    told = message["quantisation"]
    bits = told["bits"] if told is not None else 8
    if told is None or not 1 <= bits <= 8:
        remedy = "save the model with float32 weights"
        raise UnsupportedFeatureError(
            files.path, "is quantised in a way not known", format=NAME, place=repr(name), remedy=remedy
        )
    _check(len(raw), packed_bytes(bits, prod(shape)), name, files)

    def codes() -> Array:
        return unpacked(raw, bits, prod(shape), "big").reshape(shape)

    if told["table"] is not None:
        table = told["table"]["values"].read()
        return _made(name, shape, "float32", len(raw), lambda: np.asarray(table[codes()]))
    made = _made(name, shape, "uint8", len(raw), codes)
    linear = told["linear"]
    scale, bias = (
        (linear[part].read() for part in ("scale", "bias")) if linear is not None else (np.ones(1), np.zeros(1))
    )
    return _with_scale(made, scale, bias)


def _with_scale(weight: Stored, scale: Array, bias: Array) -> Stored:
    """The weight ``scale * number + bias``, whose number for 0 is ``-bias / scale``."""
    known = np.where(scale == 0, 1, scale)
    zero = -(bias if bias.size else np.zeros(scale.shape)) / known
    axis = 0 if scale.size > 1 else None
    shape = (-1,) if axis is not None else ()
    quantisation = Quantisation(scale=scale.reshape(shape), zero_point=np.asarray(zero).reshape(shape), axis=axis)
    return Stored(
        name=weight.name,
        shape=weight.shape,
        dtype=weight.dtype,
        nbytes=weight.nbytes,
        read=weight.read,
        quantisation=quantisation,
    )


def _made(name: str, shape: tuple[int, ...], dtype: str, nbytes: int, read: Any) -> Stored:
    return Stored(name=name, shape=shape, dtype=dtype, nbytes=nbytes, read=read)


def _check(present: int, needed: int, name: str, files: ModelFiles) -> None:
    if present != needed:
        raise files.corrupt(f"has {present:,} bytes where its shape needs {needed:,}", name)
