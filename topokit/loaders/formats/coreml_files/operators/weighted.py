"""Products with weights, convolutions, recurrent layers, embeddings and attention."""

from __future__ import annotations

from typing import Any

from topokit.loaders.formats.coreml_files.operators.source import source
from topokit.loaders.formats.graphs.calls import Call, Handler, Value
from topokit.loaders.formats.graphs.weighted import attended, convolved, mapped, summed

_GATES = {"lstm": "ifog", "gru": "rnz", "rnn": "h"}


def _linear(call: Call) -> None:
    """`linear`: the weights are (out, in)."""
    mapped(call, source(call), call.weight("oi", "weight"), -1, "bias")


def _product(call: Call) -> None:
    """`matmul`, either factor of which may be constant and either transposed."""
    left, right = call.get("x").name, call.get("y").name
    turn_left, turn_right = bool(call.get("transpose_x")), bool(call.get("transpose_y"))
    if call.constant("y") is not None:
        kernel = call.weight("oi" if turn_right else "io", "y")
        mapped(call, _turned(call, left, turn_left), kernel, -1)
    elif call.constant("x") is not None:
        kernel = call.weight("io" if turn_left else "oi", "x")
        mapped(call, _turned(call, right, turn_right), kernel, -2)
    else:
        call.add("matmul", [_turned(call, left, turn_left), _turned(call, right, turn_right)])


def _turned(call: Call, value: str, turn: bool) -> str:
    if not turn:
        return value
    rank, turned = call.rank(value), call.fresh()
    call.add("transpose", [value], [turned], order=(*range(rank - 2), rank - 1, rank - 2))
    return turned


def _strides(call: Call, places: int) -> dict[str, Any]:
    return {"dilations": call.get("dilations", default=(1,) * places), **_window(call, places)}


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
            told = {"cell": cell, "gates": len(_GATES[cell]), "gate_order": _GATES[cell], "layouts": layouts}
            call.add("recurrent", [source(call)], outputs, weights, **told)
            made.append(outputs)
        for place, output in enumerate(call.outputs):
            if len(made) > 1:
                call.add("concat", [outputs[place] for outputs in made], [output], axis=-1)
            else:
                call.add("pass", [made[0][place]], [output])

    return handler


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("avg_pool", "max_pool", "l2_pool"), _pooled),
    "linear": _linear,
    "matmul": _product,
    "einsum": lambda call: summed(call, call.get("values", default=())),
    "conv": lambda call: convolved(call, source(call), False, _strides),
    "conv_transpose": lambda call: convolved(call, source(call), True, _strides),
    "gather": _gathered,
    **{cell: _recurrent(cell) for cell in _GATES},
    "scaled_dot_product_attention": attended,
}
