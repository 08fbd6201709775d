"""Operators with weights.

Layouts of kernels: https://github.com/google-ai-edge/LiteRT/tree/main/tflite/kernels, each operator's file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from topokit.loaders.formats.tflite_files.gates import stacked_gates
from topokit.loaders.formats.tflite_files.step import Step
from topokit.loaders.graph import Weight

_PADDINGS: dict[int, Literal["same", "valid"]] = {0: "same", 1: "valid"}
_DEFAULT_FORMAT = 0
_LAST = -1
_MOST_RANKS = 64


def fully_connected(step: Step) -> None:
    """The kernel is (out, in); unless told to keep its axes, the input is cut into rows of as many numbers."""
    if step.option(1, "<b") != _DEFAULT_FORMAT or step.constant(0) is not None:
        return step.unknown()
    kernel = step.weight(1, "oi")
    if kernel is None:
        return _product(step, step.inputs[0], step.inputs[1], transposed=True)
    consumed = step.known.builder.tensors[kernel.tensor][kernel.axes.index("i")]
    taken, shape = step.inputs[0], step.shape(0)
    keeps = step.option(2, "<?") and shape is not None and shape[_LAST] == consumed
    if not keeps and shape is not None and len(shape) != 2:
        rows = step.value()
        step.add("reshape", [taken], [rows], shape=(None if None in shape else -1, consumed))
        taken = rows
    return _linear(step, taken, kernel, step.bias(2))


def _linear(step: Step, value: str, kernel: Weight, bias: Mapping[str, Weight], axis: int = _LAST) -> None:
    step.add("linear", [value], weights={"kernel": kernel, **bias}, axis=axis)


def convolution(step: Step) -> None:
    """The kernel is (out, height, width, in of a group)."""
    kernel, shape = step.weight(1, "okki"), step.shape(0)
    if kernel is None or shape is None:
        return step.unknown()
    within = step.known.builder.tensors[kernel.tensor][kernel.axes.index("i")]
    groups = (shape[_LAST] or within) // max(within, 1)
    sizes = {"strides": (2, 1), "dilations": (5, 4)}
    return _convolve(step, 0, {"kernel": kernel, **step.bias(2)}, sizes, groups=max(groups, 1))


def depthwise_convolution(step: Step) -> None:
    """The kernel is (1, height, width, channels * multiplier)."""
    kernel, shape = step.weight(1, "ikko"), step.shape(0)
    if kernel is None or shape is None or shape[_LAST] is None:
        return step.unknown()
    sizes = {"strides": (2, 1), "dilations": (6, 5)}
    return _convolve(step, 0, {"kernel": kernel, **step.bias(2)}, sizes, groups=shape[_LAST])


def transposed_convolution(step: Step) -> None:
    """The kernel is (out, height, width, in); the input comes third."""
    kernel = step.weight(1, "okki")
    if kernel is None:
        return step.unknown()
    return _convolve(step, 2, {"kernel": kernel, **step.bias(3)}, {"strides": (2, 1)}, transposed=True)


def transposed_convolution_with_bias(step: Step) -> None:
    """MediaPipe's own operator: the kernel is (out, height, width, in); the shapes tell the strides.

    Source: https://github.com/google-ai-edge/mediapipe/blob/master/mediapipe/util/tflite/operations/.
    """
    kernel, shape = step.weight(1, "okki"), step.shape(0)
    if kernel is None or shape is None or len(shape) != len(step.made()):
        return step.unknown()
    ratios = zip(step.made()[1:-1], shape[1:-1], strict=True)
    strides = tuple(max(large // small, 1) if large and small else 1 for large, small in ratios)
    weights = {"kernel": kernel, **step.bias(2)}
    return step.add(
        "conv", step.inputs[:1], None, weights, channel_axis=_LAST, padding="same", strides=strides, transposed=True
    )


def convolution_3d(step: Step) -> None:
    """The kernel is (depth, height, width, in, out)."""
    kernel = step.weight(1, "kkkio")
    if kernel is None:
        return step.unknown()
    sizes = {"strides": (1, 3, 2), "dilations": (5, 7, 6)}
    return _convolve(step, 0, {"kernel": kernel, **step.bias(2)}, sizes)


def transposed_convolution_3d(step: Step) -> None:
    """The kernel is (depth, height, width, out, in); the input comes third."""
    kernel = step.weight(1, "kkkoi")
    if kernel is None:
        return step.unknown()
    return _convolve(step, 2, {"kernel": kernel, **step.bias(3)}, {"strides": (1, 3, 2)}, transposed=True)


def _convolve(
    step: Step, place: int, weights: dict[str, Any], sizes: Mapping[str, Sequence[int]], **attributes: Any
) -> None:
    told = {name: tuple(step.option(slot, "<i", 1) for slot in slots) for name, slots in sizes.items()}
    padding = _PADDINGS.get(step.option(0, "<b"), "valid")
    step.add("conv", [step.inputs[place]], None, weights, channel_axis=_LAST, padding=padding, **told, **attributes)


def batch_matmul(step: Step) -> None:
    """A product of two values, or of one with a stored matrix on either side."""
    transposed = [bool(step.option(slot, "<?")) for slot in (0, 1)]
    left, right = _matrix(step, 0, "io" if transposed[0] else "oi"), _matrix(step, 1, "oi" if transposed[1] else "io")
    if right is not None and not transposed[0]:
        return _linear(step, step.inputs[0], right, {})
    if left is not None and not transposed[1]:
        return _linear(step, step.inputs[1], left, {}, axis=-2)
    if len(step.changing()) < 2:
        return step.unknown()
    first = _turned(step, step.inputs[0]) if transposed[0] else step.inputs[0]
    return _product(step, first, step.inputs[1], transposed=transposed[1])


def _matrix(step: Step, place: int, letters: str) -> Weight | None:
    """A stored matrix; a stack of several is none."""
    constant = step.constant(place)
    if constant is None or constant.shape is None or any(extent != 1 for extent in constant.shape[:-2]):
        return None
    return step.weight_of(step.inputs[place], constant.reshaped(constant.shape[-2:]), letters)


def _product(step: Step, first: str, second: str, transposed: bool) -> None:
    step.add("matmul", [first, _turned(step, second) if transposed else second])


def _turned(step: Step, name: str) -> str:
    """The value with its last two axes exchanged."""
    rank = len(step.known.builder.shapes.get(name) or (0, 0))
    turned = step.value()
    step.add("transpose", [name], [turned], order=(*range(rank - 2), rank - 1, rank - 2))
    return turned


def embedding_lookup(step: Step) -> None:
    """The table is (rows, features)."""
    _embed(step, ids=0, table=1)


def gather(step: Step) -> None:
    """Rows of a table, or positions of a value."""
    axis, batch_axes = step.option(0, "<i"), step.option(1, "<i")
    indices, constant = step.numbers(1), step.constant(0)
    if constant is not None and axis == 0 and constant.shape is not None and len(constant.shape) == 2:
        return _embed(step, ids=1, table=0)
    if constant is not None or indices is None or batch_axes:
        return step.unknown()
    shape = step.known.builder.shapes.get(step.inputs[1])
    chosen = indices[0] if shape == () else indices
    return step.add("gather", [step.inputs[0]], axis=axis, indices=chosen)


def _embed(step: Step, ids: int, table: int) -> None:
    kernel = step.weight(table, "io", "embedding")
    if kernel is None or step.constant(ids) is not None:
        return step.unknown()
    return step.add("embedding", [step.inputs[ids]], weights={"kernel": kernel})


def lstm(step: Step) -> None:
    """Kernels of the four gates stand apart: input, forget, cell, output; without the first two coupled."""
    kernel, recurrent = stacked_gates(step, range(1, 5), "kernel"), stacked_gates(step, range(5, 9), "recurrent")
    if kernel is None or recurrent is None or step.has(16):
        return step.unknown()
    layout = "tbf" if step.option(3, "<?") else "btf"
    order = "".join(gate for place, gate in enumerate("ifgo", 1) if step.has(place))
    weights = {"kernel": kernel, "recurrent": recurrent}
    told = {"cell": "lstm", "gates": len(order), "gate_order": order, "layouts": (layout,)}
    return step.add("recurrent", step.inputs[:1], None, weights, **told)


def rnn(step: Step) -> None:
    """The kernels are (units, in) and (units, units)."""
    kernel, recurrent = step.weight(1, "oi"), step.weight(2, "oi")
    if kernel is None or recurrent is None:
        return step.unknown()
    layout = "tbf" if step.option(0, "<?") else "btf"
    weights = {"kernel": kernel, "recurrent": recurrent, **step.bias(3)}
    return step.add("recurrent", step.inputs[:1], None, weights, cell="rnn", gates=1, layouts=(layout,))


def svdf(step: Step) -> None:
    """Filters over features, then over time, each its own; a unit adds up `rank` of them."""
    kernel, rank = step.weight(1, "oi"), step.option(0, "<i", 1)
    if kernel is None or not 1 <= rank <= _MOST_RANKS:
        return step.unknown()
    filtered, parts = step.value(), [step.value() for _ in range(rank)]
    step.add("linear", step.inputs[:1], [filtered], {"kernel": kernel})
    for first, part in enumerate(parts):
        step.add("slice", [filtered], [part], index=(None, (first, None, rank)))
    return step.add("add" if rank > 1 else "pass", parts)
