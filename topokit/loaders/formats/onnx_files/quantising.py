"""Whole numbers that stand for weights, per tensor, per position of an axis, or per block.

Source: https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.loaders.checkpoint import Quantisation
from topokit.loaders.formats.graphs.constants import Constant
from topokit.loaders.formats.onnx_files.step import Step

Array = NDArray[Any]


def dequantised(step: Step) -> Constant:
    """The constant behind `DequantizeLinear`: the stored tensor itself, which now has a scale and a zero point."""
    return quantised(step, 0, 1, 2, step.attributes.get("axis", 1))


def quantised(step: Step, place: int, scale: int, zero: int, axis: int) -> Constant:
    """The constant input at `place`, whose scale and zero point are inputs too.

    Blocks along an axis, and scales for parts of a tensor, cannot be said of the tensor: it becomes another one.
    """
    source, scales = step.constant(place) or Constant(), _values(step, scale)
    if source.view is None or source.shape is None or scales is None:
        return Constant(source.shape, sources=source.sources)
    zeros = _values(step, zero)
    zeros = np.zeros(scales.shape, np.int32) if zeros is None else zeros
    axis %= max(len(source.shape), 1)
    stored = source.view.place(axis) if scales.size > 1 and scales.ndim == 1 else None
    if scales.size > 1 and (stored is None or len(scales) != source.view.stored[stored]):
        return _by_blocks(source, scales, zeros, axis)
    shape = (-1,) if stored is not None else ()
    step.translation.quantisation[source.view.tensor] = Quantisation(
        scale=scales.reshape(shape), zero_point=np.broadcast_to(zeros, scales.shape).reshape(shape), axis=stored
    )
    return source


def _values(step: Step, place: int) -> Array | None:
    constant = step.constant(place)
    if constant is None or constant.read is None:
        return None
    step.mark(place, "constant")
    return constant.read()


def _by_blocks(source: Constant, scales: Array, zeros: Array, axis: int) -> Constant:
    read, shape = source.read, source.shape or ()

    def dequantise() -> Array:
        values = read() if read is not None else np.empty(shape)
        spread = [_spread(each, shape, axis) for each in (np.broadcast_to(zeros, scales.shape), scales)]
        return ((values.astype(np.float32) - spread[0]) * spread[1]).astype(np.float32)

    return Constant(shape, dequantise, None, source.sources)


def _spread(numbers: Array, shape: tuple[int, ...], axis: int) -> Array:
    """One number for each block along an axis as one for each position."""
    if numbers.ndim == 1:
        return numbers.reshape([-1 if place == axis else 1 for place in range(len(shape))])
    block = -(-shape[axis] // numbers.shape[axis])
    return np.repeat(numbers, block, axis).take(range(shape[axis]), axis)
