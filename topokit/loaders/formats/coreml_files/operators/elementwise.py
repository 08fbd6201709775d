"""Operators that work on each neuron by itself or on neurons in pairs, and normalisations."""

from __future__ import annotations

from topokit.loaders.formats.coreml_files.operators.source import axes_of, source
from topokit.loaders.formats.graphs.calls import Call, Handler, Value
from topokit.loaders.graph import Operation

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


def _passed(call: Call) -> None:
    call.mark("bias", "alpha", "beta")
    call.add("pass", [source(call)])


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


def _normalised(axis: int) -> Handler:
    def handler(call: Call) -> None:
        call.mark("norm", "gamma", "beta", "mean", "variance")
        scale = call.weight("o", "gamma", role="norm")
        weights = {} if scale is None else {"scale": scale}
        call.add("norm", [source(call)], weights=weights, axis=axis)

    return handler


def _reduced(call: Call) -> None:
    axes = axes_of(call) or tuple(range(call.rank(source(call))))
    call.add("reduce", [source(call)], axes=axes, keepdims=bool(call.get("keep_dims")))


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(_UNARY, _passed),
    **dict.fromkeys(_SUMS, _combined("add")),
    **dict.fromkeys(_PRODUCTS, _combined("multiply")),
    **dict.fromkeys(_REDUCTIONS, _reduced),
    **dict.fromkeys(("batch_norm", "instance_norm"), _normalised(1)),
    "layer_norm": _normalised(-1),
}
