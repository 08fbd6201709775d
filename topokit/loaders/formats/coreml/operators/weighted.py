"""Products with weights, convolutions, recurrent layers, embeddings and attention."""

from __future__ import annotations

from typing import Any

from topokit.loaders.formats.coreml.operators.source import source
from topokit.loaders.formats.graphs.calls import Call, Handler, Value
from topokit.loaders.formats.graphs.einsum import linear_sum
from topokit.loaders.formats.graphs.heads import attend_by_heads
from topokit.loaders.graph import Weight

_GATES = {"lstm": 4, "gru": 3, "rnn": 1}


def _linear(call: Call) -> None:
    """`linear`: the weights are (out, in)."""
    _mapped(call, source(call), call.weight("oi", "weight"), -1, "bias")


def _mapped(call: Call, value: str, kernel: Weight | None, axis: int, *bias: str) -> None:
    if kernel is None:
        call.unknown("a product with a computed matrix")
        return
    weights = {"kernel": kernel}
    if bias and (constant := call.weight("o", *bias, role="bias")) is not None:
        weights["bias"] = constant
    call.add("linear", [value], weights=weights, axis=axis)


def _product(call: Call) -> None:
    """`matmul`, either factor of which may be constant and either transposed."""
    left, right = call.get("x").name, call.get("y").name
    turn_left, turn_right = bool(call.get("transpose_x")), bool(call.get("transpose_y"))
    if call.constant("y") is not None:
        kernel = call.weight("oi" if turn_right else "io", "y")
        _mapped(call, _turned(call, left, turn_left), kernel, -1)
    elif call.constant("x") is not None:
        kernel = call.weight("io" if turn_left else "oi", "x")
        _mapped(call, _turned(call, right, turn_right), kernel, -2)
    else:
        call.add("matmul", [_turned(call, left, turn_left), _turned(call, right, turn_right)])


def _turned(call: Call, value: str, turn: bool) -> str:
    if not turn:
        return value
    rank, turned = call.rank(value), call.fresh()
    call.add("transpose", [value], [turned], order=(*range(rank - 2), rank - 1, rank - 2))
    return turned


def _einsum(call: Call) -> None:
    operands = call.get("values", default=())
    constants = [k for k, each in enumerate(operands) if each.name in call.program.constants]
    if len(operands) != 2 or len(constants) != 1:
        call.unknown()
        return
    constant, told = operands[constants[0]], linear_sum(str(call.get("equation", default="")), constants[0])
    placed = call.program.constants[constant.name]
    kernel = None if told is None else call.program.weights.place(constant.name, placed, told.letters)
    if told is None or kernel is None:
        call.unknown()
        return
    gathered, product = call.fresh(), call.fresh()
    call.add("transpose", call.running, [gathered], order=told.before)
    call.add("linear", [gathered], [product], {"kernel": kernel}, axis=-1)
    call.add("transpose", [product], order=told.after)


def _convolved(transposed: bool) -> Handler:
    """The weights are (out, in per group, kernel...), of a transposed one (in, out per group, kernel...)."""

    def handler(call: Call) -> None:
        constant = call.constant("weight")
        places = len(constant.shape or ()) - 2 if constant is not None else 0
        kernel = call.weight(("io" if transposed else "oi") + "k" * max(places, 0), "weight")
        if kernel is None:
            call.unknown("a convolution with a computed kernel")
            return
        weights = {"kernel": kernel}
        if (bias := call.weight("o", "bias", role="bias")) is not None:
            weights["bias"] = bias
        told: dict[str, Any] = {"groups": call.get("groups", default=1), **_window(call, places)}
        if transposed:
            told["transposed"] = True
        dilations = call.get("dilations", default=(1,) * places)
        call.add("conv", [source(call)], weights=weights, channel_axis=1, dilations=dilations, **told)

    return handler


def _window(call: Call, places: int) -> dict[str, Any]:
    kind, pads = call.get("pad_type", default="valid"), call.get("pad", default=(0,) * 2 * places)
    pairs: Any = tuple(zip(pads[::2], pads[1::2], strict=True))
    if str(kind).startswith("same"):
        pairs = "same"
    elif kind != "custom":
        pairs = "valid"
    return {"strides": call.get("strides", default=(1,) * places), "padding": pairs}


def _pooled(call: Call) -> None:
    kernel = call.get("kernel_sizes", default=())
    call.add("pool", [source(call)], channel_axis=1, kernel=kernel, **_window(call, len(kernel)))


def _gathered(call: Call) -> None:
    """Of a constant table an embedding; of a value with constant indices what it says."""
    axis, indices = call.get("axis", default=0), call.get("indices")
    if call.constant("x") is not None and isinstance(indices, Value):
        kernel = call.weight("io", "x", role="embedding") if axis == 0 else None
        if kernel is None:
            call.unknown("rows of a constant")
            return
        call.add("embedding", [indices.name], weights={"kernel": kernel})
    elif isinstance(indices, (int, tuple)):
        call.add("gather", [source(call)], axis=axis, indices=indices if isinstance(indices, int) else list(indices))
    else:
        call.unknown()


def _recurrent(cell: str) -> Handler:
    """(time, batch, features) in; the weights are (gates * units, in), of the way back in arguments of their own."""

    def handler(call: Call) -> None:
        ways = [("weight_ih", "weight_hh", "bias")]
        if call.get("direction") == "bidirectional":
            ways.append(("weight_ih_back", "weight_hh_back", "bias_back"))
        made: list[tuple[str, ...]] = []
        for kernel_name, recurrent_name, bias in ways:
            kernel, recurrent = call.weight("oi", kernel_name), call.weight("oi", recurrent_name)
            call.mark("bias", bias)
            if kernel is None or recurrent is None:
                call.unknown(f"{cell} with computed weights")
                return
            outputs = tuple(call.fresh() for _ in call.outputs)
            layouts = ("tbf" if call.get("output_sequence") else "dbf", "bf", "bf")[: len(outputs)]
            weights = {"kernel": kernel, "recurrent": recurrent}
            call.add("recurrent", [source(call)], outputs, weights, cell=cell, gates=_GATES[cell], layouts=layouts)
            made.append(outputs)
        for place, output in enumerate(call.outputs):
            if len(made) > 1:
                call.add("concat", [outputs[place] for outputs in made], [output], axis=-1)
            else:
                call.add("pass", [made[0][place]], [output])

    return handler


def _attended(call: Call) -> None:
    names = [call.get(name).name for name in ("query", "key", "value")]
    shapes = [None if name in call.program.constants else call.shape(name) for name in names]
    if not attend_by_heads(call.add, call.fresh, names, shapes):
        call.unknown()


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("avg_pool", "max_pool", "l2_pool"), _pooled),
    "linear": _linear,
    "matmul": _product,
    "einsum": _einsum,
    "conv": _convolved(False),
    "conv_transpose": _convolved(True),
    "gather": _gathered,
    **{cell: _recurrent(cell) for cell in _GATES},
    "scaled_dot_product_attention": _attended,
}
