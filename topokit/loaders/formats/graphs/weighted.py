"""Operators with weights that are called with named arguments: what PyTorch's and Core ML's have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from topokit.loaders.formats.graphs.calls import Call, Value
from topokit.loaders.formats.graphs.einsum import add_linear_sum, linear_sum
from topokit.loaders.formats.graphs.heads import attend_by_heads
from topokit.loaders.graph import Weight


def mapped(call: Call, value: str, kernel: Weight | None, axis: int, *bias: str) -> None:
    """A linear map of one axis; unknown when the file does not hold the weights themselves."""
    if kernel is None:
        call.unknown("a product with a computed matrix")
        return
    call.add("linear", [value], weights=_with_bias(call, kernel, *bias), axis=axis)


def convolved(call: Call, value: str, transposed: bool, window: Callable[[Call, int], dict[str, Any]]) -> None:
    """A convolution; the weights are (out, in per group, kernel...), transposed (in, out per group, kernel...).

    `window` returns strides, dilations and padding, given the number of spatial axes.
    """
    constant = call.constant("weight")
    places = len(constant.shape or ()) - 2 if constant is not None else 0
    kernel = call.weight(("io" if transposed else "oi") + "k" * max(places, 0), "weight")
    if kernel is None:
        call.unknown("a convolution with a computed kernel")
        return
    told = {"groups": call.get("groups", default=1), **window(call, places)}
    if transposed:
        told["transposed"] = True
    axis = call.rank(value) - places - 1
    call.add("conv", [value], weights=_with_bias(call, kernel, "bias"), channel_axis=axis or 1, **told)


def summed(call: Call, operands: Sequence[Value]) -> None:
    """An Einstein sum of a value and a constant, where it is a linear map."""
    places = [k for k, operand in enumerate(operands) if operand.name in call.program.constants]
    if len(operands) != 2 or len(places) != 1:
        call.unknown()
        return
    name, told = operands[places[0]].name, linear_sum(str(call.get("equation", default="")), places[0])
    kernel = call.program.weights.place(name, call.program.constants[name], told.letters) if told is not None else None
    if told is None or kernel is None:
        call.unknown()
        return
    add_linear_sum(call.add, call.fresh, operands[1 - places[0]].name, kernel, told)


def attended(call: Call) -> None:
    """Attention of ``query``, ``key`` and ``value`` that have heads."""
    values = [call.get(name) for name in ("query", "key", "value")]
    names = [value.name for value in values if isinstance(value, Value)]
    shapes = [None if name in call.program.constants else call.shape(name) for name in names]
    if not attend_by_heads(call.add, call.fresh, names, shapes):
        call.unknown()


def _with_bias(call: Call, kernel: Weight, *bias: str) -> dict[str, Weight]:
    constant = call.weight("o", *bias, role="bias") if bias else None
    return {"kernel": kernel} if constant is None else {"kernel": kernel, "bias": constant}
