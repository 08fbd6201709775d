"""Products with matrices of weights."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_letters

from topokit.loaders.formats.graphs.einsum import add_linear_sum, linear_sum
from topokit.loaders.formats.graphs.shapes import extents
from topokit.loaders.formats.tensorflow_files.operators.fused import weighted
from topokit.loaders.formats.tensorflow_files.translation import Handler, Step
from topokit.loaders.graph import Weight


def _product(left: str, right: str) -> Handler:
    """A product of matrices; two attributes tell whether the left and the right factor are transposed."""

    def handler(step: Step) -> None:
        flips = bool(step.told(left)), bool(step.told(right))
        if step.constant(1) is not None:
            value = _turned(step, 0) if flips[0] else step.inputs[0]
            _by_matrix(step, value, _matrix(step, 1, "oi" if flips[1] else "io"), -1)
        elif step.constant(0) is not None:
            value = _turned(step, 1) if flips[1] else step.inputs[1]
            _by_matrix(step, value, _matrix(step, 0, "io" if flips[0] else "oi"), -2)
        else:
            factors = [_turned(step, place) if flips[place] else step.inputs[place] for place in (0, 1)]
            step.add("matmul", factors)

    return handler


def _by_matrix(step: Step, value: str, kernel: Weight | None, axis: int) -> None:
    """A linear map; sources or targets that are several axes of the stored tensor are one axis of the values."""
    builder = step.translation.builder
    if kernel is None or len(kernel.axes) == 2:
        weighted(step, "linear", value, kernel, 2, axis=axis)
        return
    shape = builder.shapes.get(value)
    if shape is None or axis != -1 or len(step.inputs) > 2:
        step.unknown("a product with merged axes")
        return
    parted, product = step.value(), step.value()
    sources = extents(kernel, "i", builder.tensors)
    step.add("reshape", [value], [parted], shape=(*shape[:-1], *sources))
    step.add("linear", [parted], [product], {"kernel": kernel}, axis=axis)
    step.add("flatten", [product], start=-kernel.axes.count("o"), stop=-1)


def _matrix(step: Step, place: int, letters: str) -> Weight | None:
    """The constant as a matrix, without leading axes of extent 1."""
    constant = step.constant(place)
    if constant is None or constant.shape is None or len(constant.shape) < 2 or set(constant.shape[:-2]) - {1}:
        return None
    return step.place(constant.reshaped(constant.shape[-2:]), letters)


def _turned(step: Step, place: int) -> str:
    """The value at that place with its last two axes exchanged."""
    rank, turned = len(step.shape(place) or (None, None)), step.value()
    step.add("transpose", [step.inputs[place]], [turned], order=(*range(rank - 2), rank - 1, rank - 2))
    return turned


def _einsum(step: Step) -> None:
    """`Einsum` of a value and a weight as a linear map, of two values as a product of matrices."""
    terms = _terms(step)
    if terms is None or len(terms) != 3:
        step.unknown()
    elif len(step.running) == 2:
        _values(step, *terms)
    elif len(step.running) == 1:
        place = 0 if step.constant(0) is not None else 1
        _map(step, place, f"{terms[0]},{terms[1]}->{terms[2]}")
    else:
        step.unknown()


def _terms(step: Step) -> list[str] | None:
    """The indices of the operands and of the result, letters in place of dots."""
    left, arrow, result = str(step.told("equation", "")).replace(" ", "").partition("->")
    terms = [*left.split(","), result]
    if not arrow or "." not in left + result:
        return terms if arrow else None
    spare = [letter for letter in ascii_letters if letter not in left + result]
    counts = [len(step.shape(k) or ()) - len(term) + 3 for k, term in enumerate(terms[:-1]) if "..." in term]
    if not counts or min(counts) < 0 or max(counts) > len(spare):
        return None
    dots = "".join(spare[: max(counts)])
    return [term.replace("...", dots) for term in terms]


def _map(step: Step, place: int, equation: str) -> None:
    told = linear_sum(equation, place)
    kernel = None if told is None else step.weight(place, told.letters)
    if told is None or kernel is None:
        step.unknown("an Einsum that is no linear map")
        return
    add_linear_sum(step.add, step.value, step.inputs[1 - place], kernel, told)


def _values(step: Step, left: str, right: str, result: str) -> None:
    """Axes in the order batch, own, summed; batch, summed, own: then it is a product of matrices."""
    shared = [index for index in left if index in right and index in result]
    summed = [index for index in left if index in right and index not in result]
    own = [[index for index in term if index not in shared + summed] for term in (left, right)]
    if [len(summed), len(own[0]), len(own[1])] != [1, 1, 1] or own[0][0] not in result or own[1][0] not in result:
        step.unknown("an Einsum that is no product of matrices")
        return
    product = step.value()
    first = _ordered(step, 0, left, [*shared, *own[0], *summed])
    second = _ordered(step, 1, right, [*shared, *summed, *own[1]])
    step.add("matmul", [first, second], [product])
    step.add("transpose", [product], order=tuple(map([*shared, *own[0], *own[1]].index, result)))


def _ordered(step: Step, place: int, term: str, indices: Sequence[str]) -> str:
    turned = step.value()
    step.add("transpose", [step.inputs[place]], [turned], order=tuple(map(term.index, indices)))
    return turned


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("MatMul", "_FusedMatMul"), _product("transpose_a", "transpose_b")),
    **dict.fromkeys(("BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"), _product("adj_x", "adj_y")),
    "Einsum": _einsum,
}
