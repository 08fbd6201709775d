"""Products with matrices of weights."""

from __future__ import annotations

from topokit.loaders.formats.graphs.constants import Constant
from topokit.loaders.formats.graphs.einsum import add_linear_sum, linear_sum
from topokit.loaders.formats.onnx_files.step import Handler, Step
from topokit.loaders.graph import Weight

_MOST_SLICES = 64


def multiplied(step: Step) -> None:
    """`MatMul`: the weights are (in, out) on the right, (out, in) on the left."""
    times(step, 0, 1)


def times(step: Step, left: int, right: int, bias: int | None = None) -> None:
    """The product of two inputs, of which one or none is constant."""
    if step.constant(right) is not None:
        _by_constant(step, left, right, "io", -1, bias)
    elif step.constant(left) is not None:
        _by_constant(step, right, left, "oi", -1 if step.rank(right) == 1 else -2, bias)
    else:
        step.add("matmul", [step.inputs[left], step.inputs[right]])


def _by_constant(step: Step, value: int, place: int, letters: str, axis: int, bias: int | None) -> None:
    matrix = step.constant(place)
    if matrix is None or matrix.shape is None or len(matrix.shape) < 2:
        step.unknown("a product with a constant vector")
        return
    stack = matrix.shape[:-2]
    if all(extent == 1 for extent in stack):
        kernel = _kernel(step, place, matrix.reshaped(matrix.shape[-2:]), letters)
        linear(step, step.inputs[value], kernel, axis, bias)
    elif len(stack) - stack.count(1) == 1 and max(stack) <= _MOST_SLICES:
        _stacked(step, value, place, letters, axis)
    else:
        step.unknown("a product with a stack of matrices")


def _kernel(step: Step, place: int, matrix: Constant, letters: str) -> Weight | None:
    return step.translation.weights.place(step.inputs[place], matrix, letters)


def linear(step: Step, value: str, kernel: Weight | None, axis: int = -1, bias: int | None = None) -> None:
    """A linear map of one axis; unknown when the file does not hold the weights themselves."""
    if kernel is None:
        step.unknown("a product with a computed matrix")
        return
    weights = {"kernel": kernel}
    if bias is not None and (constant := step.weight(bias, "o", "bias")) is not None:
        weights["bias"] = constant
    step.add("linear", [value], weights=weights, axis=axis)


def _stacked(step: Step, value: int, place: int, letters: str, axis: int) -> None:
    """A matrix for each position of an axis of the value: as many maps side by side."""
    matrix = step.constant(place) or Constant()
    shape = matrix.shape or ()
    along = next(k for k, extent in enumerate(shape) if extent > 1) - len(shape)
    parts = [step.value() for _ in range(shape[along])]
    made = [step.value() for _ in parts]
    step.add("split", [step.inputs[value]], parts, axis=along)
    for index, (part, output) in enumerate(zip(parts, made, strict=True)):
        one = matrix.indexed(along, index)
        kernel = step.translation.weights.place(f"{step.inputs[place]}[{index}]", one.reshaped(shape[-2:]), letters)
        if kernel is None:
            step.unknown("a product with a computed matrix")
            return
        step.add("linear", [part], [output], {"kernel": kernel}, axis=axis)
    step.add("concat", made, axis=along)


def general(step: Step) -> None:
    """`Gemm`: ``A' B' + C``, each factor transposed where it is told."""
    flipped = [bool(step.attributes.get(name)) for name in ("transA", "transB")]
    if step.constant(1) is not None:
        value = _turned(step, 0) if flipped[0] else step.inputs[0]
        kernel = step.weight(1, "oi" if flipped[1] else "io")
        linear(step, value, kernel, -1, 2)
    elif step.constant(0) is not None:
        value = _turned(step, 1) if flipped[1] else step.inputs[1]
        linear(step, value, step.weight(0, "io" if flipped[0] else "oi"), -2)
    else:
        factors = [_turned(step, k) if flipped[k] else step.inputs[k] for k in (0, 1)]
        step.add("matmul", factors)
    if step.has(2) and step.constant(2) is None:
        step.translation.builder.note("a Gemm adds a value that is no constant: it was left out")


def _turned(step: Step, place: int) -> str:
    """The value at that place with its last two axes exchanged."""
    rank, turned = step.rank(place) or 2, step.value()
    step.add("transpose", [step.inputs[place]], [turned], order=(*range(rank - 2), rank - 1, rank - 2))
    return turned


def _einsum(step: Step) -> None:
    """`Einsum` of a value and a constant, where it is a linear map."""
    place = 0 if step.constant(0) is not None else 1
    told = linear_sum(str(step.attributes.get("equation", "")), place)
    kernel = step.weight(place, told.letters) if told is not None and len(step.running) == 1 else None
    if told is None or kernel is None:
        step.unknown()
        return
    add_linear_sum(step.add, step.value, step.running[0], kernel, told)


def _fused(step: Step) -> None:
    """`FusedMatMul`: with factors transposed where it is told."""
    flips = [bool(step.attributes.get(name)) for name in ("transA", "transB")]
    if step.constant(1) is not None:
        value = _turned(step, 0) if flips[0] else step.inputs[0]
        linear(step, value, step.weight(1, "oi" if flips[1] else "io"))
    elif step.constant(0) is not None:
        value = _turned(step, 1) if flips[1] else step.inputs[1]
        linear(step, value, step.weight(0, "io" if flips[0] else "oi"), -2)
    else:
        step.add("matmul", [_turned(step, k) if flips[k] else step.inputs[k] for k in (0, 1)])


HANDLERS: dict[tuple[str, str], Handler] = {
    ("", "MatMul"): multiplied,
    ("", "Gemm"): general,
    ("", "Einsum"): _einsum,
    ("com.microsoft", "FusedMatMul"): _fused,
    ("com.microsoft", "FusedGemm"): general,
}
