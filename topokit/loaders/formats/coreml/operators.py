"""What each operator of an ML program becomes; its arguments have names, and the file tells all shapes.

Source: https://apple.github.io/coremltools/source/coremltools.converters.mil.mil.ops.defs.html.
"""

from __future__ import annotations

from typing import Any

from topokit.loaders.formats.graphs.builder import BANK, BASIS
from topokit.loaders.formats.graphs.calls import Call, Handler, Value
from topokit.loaders.formats.graphs.einsum import linear_sum
from topokit.loaders.formats.graphs.heads import attend_by_heads
from topokit.loaders.formats.graphs.signal import is_bank, is_basis
from topokit.loaders.graph import Operation, Weight

_UNARY = (
    *("abs", "acos", "asin", "atan", "atanh", "band_part", "cast", "ceil", "clamped_relu", "clip", "cos", "cosh"),
    *("cumsum", "elu", "erf", "exp", "exp2", "floor", "gelu", "identity", "inverse", "l2_norm", "leaky_relu"),
    *("linear_activation", "local_response_norm", "log", "logical_not", "prelu", "relu", "relu6", "round", "rsqrt"),
    *("scaled_tanh", "sigmoid", "sigmoid_hard", "sign", "silu", "sin", "sinh", "softmax", "softplus"),
    *("softplus_parametric", "softsign", "sqrt", "square", "tan", "tanh", "threshold", "thresholded_relu"),
    *("upsample_nearest_neighbor", "upsample_bilinear", "resize_nearest_neighbor", "resize_bilinear", "resize"),
    *("crop_resize", "reverse_sequence", "read_state", "dequantize", "quantize"),
)
_SUMS = ("add", "sub", "maximum", "minimum", "select", "logical_and", "logical_or")
_PRODUCTS = ("mul", "real_div", "floor_div", "pow", "mod")
_REDUCTIONS = (
    *("reduce_mean", "reduce_sum", "reduce_max", "reduce_min", "reduce_prod", "reduce_l1_norm", "reduce_l2_norm"),
    *("reduce_log_sum", "reduce_log_sum_exp", "reduce_sum_square"),
)


def _source(call: Call) -> str:
    value = call.get("x")
    return value.name if isinstance(value, Value) else call.running[0]


def _passed(call: Call) -> None:
    call.mark("bias", "alpha", "beta")
    call.add("pass", [_source(call)])


def _combined(op: Operation) -> Handler:
    def handler(call: Call) -> None:
        condition = call.get("cond")
        running = tuple(v for v in call.running if not isinstance(condition, Value) or v != condition.name)
        if len(running) > 1:
            call.add(op, running)
            return
        for name in ("x", "y"):
            constant = call.constant(name)
            if constant is not None and constant.shape and sum(extent > 1 for extent in constant.shape) == 1:
                call.mark("bias", name)
        call.add("pass", [_widened(call, (running or call.running)[0])])

    return handler


def _widened(call: Call, value: str) -> str:
    """The value, spread where the result has more positions than it."""
    own, made = call.shape(value), call.shape(call.outputs[0])
    if own is None or made is None:
        return value
    if len(made) == len(own) and not any(one == 1 != other for one, other in zip(own, made, strict=True)):
        return value
    wide = call.fresh()
    call.add("expand", [value], [wide], shape=made)
    return wide


def _linear(call: Call) -> None:
    """`linear`: the weights are (out, in)."""
    _mapped(call, _source(call), call.weight("oi", "weight"), -1, "bias")


def _mapped(call: Call, value: str, kernel: Weight | None, axis: int, *bias: str) -> None:
    if kernel is None:
        call.unknown("a product with a computed matrix")
        return
    known = call.program
    if is_bank(known.builder, known.weights, kernel, known.constants.get(kernel.tensor), value):
        call.add("unknown", [value], type=BANK)
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
        if is_basis(call.program.weights, kernel, constant):
            call.add("unknown", call.running, type=BASIS)
            return
        weights = {"kernel": kernel}
        if (bias := call.weight("o", "bias", role="bias")) is not None:
            weights["bias"] = bias
        told: dict[str, Any] = {"groups": call.get("groups", default=1), **_window(call, places)}
        if transposed:
            told["transposed"] = True
        dilations = call.get("dilations", default=(1,) * places)
        call.add("conv", [_source(call)], weights=weights, channel_axis=1, dilations=dilations, **told)

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
    call.add("pool", [_source(call)], channel_axis=1, kernel=kernel, **_window(call, len(kernel)))


def _normalised(axis: int) -> Handler:
    def handler(call: Call) -> None:
        call.mark("norm", "gamma", "beta", "mean", "variance")
        scale = call.weight("o", "gamma", role="norm")
        weights = {} if scale is None else {"scale": scale}
        call.add("norm", [_source(call)], weights=weights, axis=axis)

    return handler


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
        call.add("gather", [_source(call)], axis=axis, indices=indices if isinstance(indices, int) else list(indices))
    else:
        call.unknown()


_GATES = {"lstm": 4, "gru": 3, "rnn": 1}


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
            call.add("recurrent", [_source(call)], outputs, weights, cell=cell, gates=_GATES[cell], layouts=layouts)
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


def _reshaped(call: Call) -> None:
    call.add("reshape", [_source(call)], shape=call.shape(call.outputs[0]) or call.get("shape", default=(-1,)))


def _transposed(call: Call) -> None:
    rank = call.rank(_source(call))
    call.add("transpose", [_source(call)], order=tuple(axis % rank for axis in call.get("perm", default=())))


def _axes(call: Call, default: Any = None) -> tuple[int, ...] | None:
    told = call.get("axes", "axis", default=default)
    return (told,) if isinstance(told, int) else told


def _squeezed(call: Call) -> None:
    axes = _axes(call)
    told: dict[str, Any] = {} if axes is None else {"axes": axes}
    call.add("squeeze", [_source(call)], **told)


def _unsqueezed(call: Call) -> None:
    call.add("unsqueeze", [_source(call)], axes=_axes(call, (0,)))


def _reduced(call: Call) -> None:
    axes = _axes(call) or tuple(range(call.rank(_source(call))))
    call.add("reduce", [_source(call)], axes=axes, keepdims=bool(call.get("keep_dims")))


def _concatenated(call: Call) -> None:
    values = call.get("values", default=())
    names = [each.name for each in (values if isinstance(values, tuple) else (values,)) if isinstance(each, Value)]
    for name in names:
        constant = call.program.constants.get(name)
        if constant is not None and constant.shape is not None:
            call.program.builder.shapes[name] = constant.shape
    if call.get("interleave"):
        call.unknown()
        return
    if call.operator == "concat":
        call.add("concat", names, axis=call.get("axis", default=0))
        return
    parts = [call.fresh() for _ in names]
    for name, part in zip(names, parts, strict=True):
        call.add("unsqueeze", [name], [part], axes=(call.get("axis", default=0),))
    call.add("concat", parts, axis=call.get("axis", default=0))


def _split(call: Call) -> None:
    axis = call.get("axis", default=0)
    sizes = tuple((call.shape(output) or (None,))[axis] for output in call.outputs)
    told: dict[str, Any] = {} if None in sizes else {"sizes": sizes}
    call.add("split", [_source(call)], call.outputs, axis=axis, **told)


def _sliced(call: Call) -> None:
    """`slice_by_index`: masks say which bounds do not count and which axes go away."""
    value = _source(call)
    rank = call.rank(value)
    no = (False,) * rank
    begins, ends = call.get("begin"), call.get("end")
    if not isinstance(begins, tuple) or not isinstance(ends, tuple):
        call.unknown()
        return
    steps = call.get("stride", default=(1,) * rank)
    open_begin, open_end, gone = (call.get(name, default=no) for name in ("begin_mask", "end_mask", "squeeze_mask"))
    index = []
    for axis in range(rank):
        start = None if open_begin[axis] else begins[axis]
        stop = None if open_end[axis] else ends[axis]
        index.append((begins[axis], begins[axis] + 1 or None, 1) if gone[axis] else (start, stop, steps[axis]))
    if not any(gone):
        call.add("slice", [value], index=tuple(index))
        return
    cut = call.fresh()
    call.add("slice", [value], [cut], index=tuple(index))
    call.add("squeeze", [cut], axes=tuple(axis for axis in range(rank) if gone[axis]))


def _sized(call: Call) -> None:
    """`slice_by_size`: a size of -1 reaches to the end."""
    begins, sizes = call.get("begin"), call.get("size")
    if not isinstance(begins, tuple) or not isinstance(sizes, tuple):
        call.unknown()
        return
    index = tuple((start, None if size < 0 else start + size, 1) for start, size in zip(begins, sizes, strict=True))
    call.add("slice", [_source(call)], index=index)


def _padded(call: Call) -> None:
    """Padding of spatial axes; that of features would be neurons."""
    value, pads = _source(call), call.get("pad", default=())
    rank, shape = call.rank(value), call.shape(value) or ()
    first = rank - len(pads) // 2
    for place in range(len(pads) // 2):
        axis, before, after = first + place, pads[2 * place], pads[2 * place + 1]
        if (rank > 3 and axis > 1) or rank == 3 or not (before or after):
            continue
        ends = [(call.fresh(), extent) for extent in (before, after) if extent]
        for end, extent in ends:
            call.program.builder.shapes[end] = (*shape[:axis], extent, *shape[axis + 1 :])
        wide = call.fresh()
        names = [end for end, _ in ends]
        values = [*(names[:1] if before else []), value, *(names[-1:] if after else [])]
        call.add("concat", values, [wide], axis=axis)
        value, shape = wide, call.shape(wide) or shape
    call.add("pass", [value])


def _tiled(call: Call) -> None:
    value, made = _source(call), call.shape(call.outputs[0])
    own = call.shape(value)
    if own is None or made is None or any(one not in (1, other) for one, other in zip(own, made, strict=True)):
        call.unknown()
        return
    call.add("expand", [value], shape=made)


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(_UNARY, _passed),
    **dict.fromkeys(_SUMS, _combined("add")),
    **dict.fromkeys(_PRODUCTS, _combined("multiply")),
    **dict.fromkeys(_REDUCTIONS, _reduced),
    **dict.fromkeys(("avg_pool", "max_pool", "l2_pool"), _pooled),
    **dict.fromkeys(("batch_norm", "instance_norm"), _normalised(1)),
    "layer_norm": _normalised(-1),
    "linear": _linear,
    "matmul": _product,
    "einsum": _einsum,
    "conv": _convolved(False),
    "conv_transpose": _convolved(True),
    "gather": _gathered,
    **{cell: _recurrent(cell) for cell in _GATES},
    "scaled_dot_product_attention": _attended,
    "reshape": _reshaped,
    "flatten2d": _reshaped,
    "transpose": _transposed,
    "squeeze": _squeezed,
    "expand_dims": _unsqueezed,
    "concat": _concatenated,
    "stack": _concatenated,
    "split": _split,
    "slice_by_index": _sliced,
    "slice_by_size": _sized,
    "pad": _padded,
    "tile": _tiled,
}
