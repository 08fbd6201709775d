"""Calls between constants: weights are followed through what only rearranges them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from topokit.loaders.formats.graphs.calls import Call
from topokit.loaders.formats.graphs.constants import Array, Constant

_SAME = (
    *("alias", "clone", "contiguous", "detach", "detach_", "lift_fresh_copy", "to", "_to_copy", "type_as", "float"),
    *("half", "double", "dropout", "_assert_tensor_metadata"),
)
_MASK = "_mask"


def fold(call: Call) -> None:
    """Make constants of the outputs of a call none of whose tensors the inputs change."""
    if call.operator == "embedding":
        call.mark("embedding", "weight")
    made = _folded(call)
    for place, output in enumerate(call.outputs):
        known = made[place] if place < len(made) else Constant(_fixed(call, output), sources=_sources(call))
        call.program.constants[output] = known


def _folded(call: Call) -> list[Constant]:
    source = call.constant("self", "input", "tensor")
    if call.operator in _COMBINED:
        return [_combined(call)]
    if source is None or source.shape is None:
        return []
    if call.operator in _SAME:
        return [source]
    rule = _REARRANGED.get(call.operator)
    return [] if rule is None else rule(call, source)


def _fixed(call: Call, output: str) -> tuple[int, ...] | None:
    shape = call.shape(output)
    known = tuple(extent for extent in shape or () if extent is not None)
    return known if shape is not None and len(known) == len(shape) else None


def _sources(call: Call) -> tuple[str, ...]:
    constants = [call.program.constants[value] for value in call.values]
    return tuple(dict.fromkeys(name for constant in constants for name in constant.sources))


def _reshaped(call: Call, source: Constant) -> list[Constant]:
    shape = _fixed(call, call.outputs[0])
    return [] if shape is None else [source.reshaped(shape)]


def _transposed(call: Call, source: Constant) -> list[Constant]:
    order = list(range(len(source.shape or ())))
    first, second = call.get("dim0", default=0), call.get("dim1", default=1)
    if len(order) > 1:
        order[first], order[second] = order[second], order[first]
    return [source.transposed(order)]


def _permuted(call: Call, source: Constant) -> list[Constant]:
    rank = len(source.shape or ())
    return [source.transposed([axis % rank for axis in call.get("dims", default=())])]


def _sliced(call: Call, source: Constant) -> list[Constant]:
    return [source.sliced(call.get("dim", default=0), call.get("start"), call.get("end"), call.get("step", default=1))]


def _selected(call: Call, source: Constant) -> list[Constant]:
    return [source.indexed(call.get("dim", default=0), call.get("index", default=0))]


def _split(call: Call, source: Constant) -> list[Constant]:
    axis = call.get("dim", default=0)
    sizes = [(call.shape(output) or ())[axis] or 0 for output in call.outputs]
    ends = np.cumsum(sizes).tolist()
    return [source.sliced(axis, end - size, end) for size, end in zip(sizes, ends, strict=True)]


def _combined(call: Call) -> Constant:
    """A product or sum of stored tensors; of a weight and its mask the weight, which the mask's name tells it by."""
    operands = [call.constant("self"), call.constant("other")]
    known = [operand for operand in operands if operand is not None]
    if call.operator == "mul":
        masked = [each for each in known if not each.sources or not each.sources[0].endswith(_MASK)]
        if len(known) == 2 and len(masked) == 1:
            return masked[0]
    function, shape = _COMBINED[call.operator], _fixed(call, call.outputs[0])
    other = call.get("other") if len(known) < 2 else None
    fits = shape is not None and shape in [each.shape for each in known] and all(each.read for each in known)
    if not fits or (len(known) < 2 and not isinstance(other, (int, float))):
        return Constant(shape, sources=_sources(call))

    def read() -> Array:
        values = [each.values() for each in known]
        return np.asarray(function(values[0], values[1] if len(values) > 1 else other), values[0].dtype)

    return Constant(shape, read, None, _sources(call))


_COMBINED: Mapping[str, Callable[..., Array]] = {
    "mul": np.multiply,
    "add": np.add,
    "sub": np.subtract,
    "div": np.divide,
}
_REARRANGED: Mapping[str, Callable[[Call, Constant], list[Constant]]] = {
    **dict.fromkeys(
        ("view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "_unsafe_view", "view_copy"), _reshaped
    ),
    **dict.fromkeys(("t", "transpose", "numpy_T", "swapaxes", "t_copy"), _transposed),
    **dict.fromkeys(("permute", "permute_copy"), _permuted),
    **dict.fromkeys(("slice", "slice_copy"), _sliced),
    **dict.fromkeys(("select", "select_copy"), _selected),
    **dict.fromkeys(("split", "split_with_sizes", "chunk", "tensor_split"), _split),
}
