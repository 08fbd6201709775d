"""Operators on whole numbers that stand for others.

Sources: https://onnx.ai/onnx/operators/ and
https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md.
"""

from __future__ import annotations

from functools import partial
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.loaders.checkpoint import Quantisation
from topokit.loaders.formats.graphs.constants import Constant
from topokit.loaders.formats.onnx_files.operators.convolution import convolution
from topokit.loaders.formats.onnx_files.operators.gathering import embedded
from topokit.loaders.formats.onnx_files.operators.linear import linear, times
from topokit.loaders.formats.onnx_files.quantising import quantised
from topokit.loaders.formats.onnx_files.step import Handler, Step

Array = NDArray[Any]


def _convolved(step: Step) -> None:
    """`QLinearConv`: value, scale, zero, weights, scale, zero, scale, zero, bias."""
    quantised(step, 3, 4, 5, 0)
    constant = step.constant(3)
    rank = len(constant.shape) if constant is not None and constant.shape is not None else 2
    convolution(step, step.inputs[0], step.weight(3, "oi" + "k" * (rank - 2)), 8)


def _convolved_integers(step: Step) -> None:
    """`ConvInteger`: value, weights, zero, zero; the scale is multiplied later."""
    _unscaled(step, 1, 3)
    constant = step.constant(1)
    rank = len(constant.shape) if constant is not None and constant.shape is not None else 2
    convolution(step, step.inputs[0], step.weight(1, "oi" + "k" * (rank - 2)), 9)


def _multiplied(step: Step) -> None:
    """`QLinearMatMul`: value, scale, zero, weights, scale, zero, scale, zero."""
    quantised(step, 3, 4, 5, -1)
    quantised(step, 0, 1, 2, -2)
    times(step, 0, 3)


def _multiplied_integers(step: Step) -> None:
    """`MatMulInteger`: value, weights, zero, zero; the scale is multiplied later."""
    _unscaled(step, 1, 3)
    _unscaled(step, 0, 2)
    times(step, 0, 1)


def _unscaled(step: Step, place: int, zero: int) -> None:
    constant, zeros = step.constant(place), step.numbers(zero)
    if constant is not None and constant.view is not None:
        told = np.zeros((), np.int32) if zeros is None else zeros.reshape(-1)[:1].reshape(())
        step.translation.quantisation.setdefault(
            constant.view.tensor, Quantisation(scale=np.ones((), np.float32), zero_point=told)
        )


def _scaled(scale: int, zero: int, bias: int) -> Handler:
    """Dynamic products of Microsoft: value, weights, and their scale, zero point and bias at these places."""

    def handler(step: Step) -> None:
        quantised(step, 1, scale, zero, -1)
        times(step, 0, 1, bias)

    return handler


def _general(step: Step) -> None:
    """`QGemm`: value, scale, zero, weights, scale, zero, bias."""
    quantised(step, 3, 4, 5, 0 if step.attributes.get("transB") else -1)
    kernel = step.weight(3, "oi" if step.attributes.get("transB") else "io")
    linear(step, step.inputs[0], kernel, -1, 6)


def _packed(step: Step) -> None:
    """`MatMulNBits`: (out, blocks, bytes) of 2, 4 or 8 bits each, with a scale and a zero point per block."""
    told = step.attributes
    weights, scales, zeros = (step.constant(place) for place in (1, 2, 3))
    if weights is None or weights.read is None or scales is None or scales.read is None:
        step.unknown()
        return
    sizes = (told.get("N", 0), told.get("K", 0), told.get("bits", 4), told.get("block_size", 32))
    if not _fits(weights.shape or (), sizes):
        step.unknown("packed weights of another size than they are told")
        return
    read_zeros = None if zeros is None else zeros.read
    read = partial(_unpacked, weights.read, scales.read, read_zeros, sizes)
    step.mark(2, "constant")
    step.mark(3, "constant")
    matrix = Constant(sizes[:2], read, None, weights.sources)
    kernel = step.translation.weights.place(f"{step.inputs[1]} unpacked", matrix, "oi")
    linear(step, step.inputs[0], kernel, -1, 5)


def _fits(shape: tuple[int, ...], sizes: tuple[int, int, int, int]) -> bool:
    """Whether so many packed bytes hold the matrix."""
    rows, columns, bits, block = sizes
    if min(sizes) < 1 or bits not in (2, 4, 8):
        return False
    return prod(shape) == rows * -(-columns // block) * -(-block * bits // 8)


def _unpacked(weights: Any, scales: Any, zeros: Any, sizes: tuple[int, int, int, int]) -> Array:
    rows, columns, bits, block = sizes
    blocks = -(-columns // block)
    codes = _codes(weights().reshape(rows, blocks, -1), bits)[:, :, :block]
    middle = np.full((rows, blocks), 1 << (bits - 1), np.float32)
    if zeros is not None:
        told = zeros()
        packed = told.dtype == np.uint8
        middle = (_codes(told.reshape(rows, -1), bits)[:, :blocks] if packed else told).reshape(rows, blocks)
    values = (codes.astype(np.float32) - middle[:, :, None]) * scales().reshape(rows, blocks, 1).astype(np.float32)
    return np.ascontiguousarray(values.reshape(rows, -1)[:, :columns])


def _codes(packed: Array, bits: int) -> Array:
    """Numbers of a few bits, the first in the least bits of each byte."""
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    codes = (packed[..., None] >> shifts) & np.uint8((1 << bits) - 1)
    return codes.reshape(*packed.shape[:-1], -1)


def _sum(step: Step) -> None:
    _pair(step, "add")


def _product(step: Step) -> None:
    _pair(step, "multiply")


def _pair(step: Step, op: Any) -> None:
    """`QLinearAdd` and `QLinearMul`: two values, each with a scale and a zero point."""
    values = [step.inputs[place] for place in (0, 3)]
    running = [value for value in values if value not in step.translation.constants]
    step.add(op if len(set(running)) > 1 else "pass", running if len(set(running)) > 1 else running[:1])


def _passed(step: Step) -> None:
    step.add("pass", step.inputs[:1])


def _pooled_whole(step: Step) -> None:
    step.add("pool", step.inputs[:1], channel_axis=1, everything=True)


def _concatenated(step: Step) -> None:
    """`QLinearConcat`: scale, zero, then value, scale, zero of each."""
    step.add("concat", step.inputs[2::3], axis=step.attributes.get("axis", 0))


def _attention(step: Step) -> None:
    """`QAttention`: value, weights, bias, scale, scale, mask, zero, zero."""
    quantised(step, 1, 4, 7, -1)
    kernel, heads = step.weight(1, "io"), step.attributes.get("num_heads", 1)
    if kernel is None:
        step.unknown()
        return
    projected, parts = step.value(), (step.value(), step.value(), step.value())
    step.add("linear", step.inputs[:1], [projected], {"kernel": kernel}, axis=-1)
    step.add("split", [projected], parts, axis=-1)
    step.add("attention", parts, heads=heads, kv_heads=heads)


def _rows(step: Step) -> None:
    """`GatherBlockQuantized`: rows of a table, scales, zero points."""
    quantised(step, 0, 2, 3, -1)
    embedded(step, 0, 1, step.attributes.get("gather_axis", 0))


HANDLERS: dict[tuple[str, str], Handler] = {
    ("", "QLinearConv"): _convolved,
    ("", "ConvInteger"): _convolved_integers,
    ("", "QLinearMatMul"): _multiplied,
    ("", "MatMulInteger"): _multiplied_integers,
    ("com.microsoft", "DynamicQuantizeMatMul"): _scaled(2, 3, 4),
    ("com.microsoft", "MatMulIntegerToFloat"): _scaled(3, 5, 6),
    ("com.microsoft", "QGemm"): _general,
    ("com.microsoft", "MatMulNBits"): _packed,
    ("com.microsoft", "QAttention"): _attention,
    ("com.microsoft", "GatherBlockQuantized"): _rows,
    ("com.microsoft", "QLinearAdd"): _sum,
    ("com.microsoft", "QLinearMul"): _product,
    ("com.microsoft", "QLinearConcat"): _concatenated,
    ("com.microsoft", "QLinearGlobalAveragePool"): _pooled_whole,
    **{("com.microsoft", name): _passed for name in ("QLinearSigmoid", "QLinearLeakyRelu", "QLinearSoftmax")},
}
