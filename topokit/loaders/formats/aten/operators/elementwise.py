"""Operators that work on each neuron by itself or on neurons in pairs, and normalisations."""

from __future__ import annotations

from topokit.loaders.formats.graphs.calls import Call, Handler
from topokit.loaders.graph import Operation, Weight

_UNARY = (
    *("abs", "alias", "clamp", "clamp_max", "clamp_min", "clone", "contiguous", "copy", "cos", "cumsum", "detach"),
    *("detach_", "dropout", "elu", "erf", "exp", "feature_dropout", "float", "gelu", "hardsigmoid"),
    *("hardswish", "hardtanh", "leaky_relu", "lift_fresh_copy", "log", "log_sigmoid", "log_softmax", "logical_not"),
    *("masked_fill", "mish", "native_dropout", "neg", "pow", "prelu", "reciprocal", "relu", "relu6", "relu_"),
    *("round", "rsqrt", "selu", "sigmoid", "silu", "sin", "softmax", "softplus", "sqrt", "square", "tanh", "to"),
    *("tril", "triu", "type_as", "_log_softmax", "_prelu_kernel", "_softmax", "_to_copy", "hardtanh_", "silu_"),
    *("celu", "exp2", "expm1", "floor", "log1p", "log2", "sign", "softsign", "tan", "threshold", "bernoulli"),
    *("hardswish_", "hardsigmoid_", "leaky_relu_", "elu_", "dropout_", "alpha_dropout", "nan_to_num", "float_power"),
)
_SUMS = ("add", "sub", "rsub", "maximum", "minimum", "add_", "sub_", "where", "logaddexp", "fmod", "lerp")
_PRODUCTS = ("mul", "div", "mul_", "div_", "true_divide", "atan2", "floor_divide")


def passed(call: Call) -> None:
    """The value goes on; other outputs are masks."""
    call.mark("bias", "weight")
    call.add("pass", call.running[:1])


def _combined(op: Operation) -> Handler:
    def handler(call: Call) -> None:
        running = call.running
        values = tuple(value for value in running if call.get("condition") is None or value != _condition(call))
        if len(values) > 1:
            call.add(op, values)
        else:
            _with_constants(call, (values or running)[0])

    return handler


def _condition(call: Call) -> str:
    return str(getattr(call.get("condition"), "name", ""))


def _with_constants(call: Call, value: str) -> None:
    """One value and constants, which may spread it over further axes."""
    own, made = call.shape(value), call.shape(call.outputs[0])
    for name in ("self", "other"):
        constant = call.constant(name)
        if constant is not None and constant.shape and sum(extent > 1 for extent in constant.shape) == 1:
            call.mark("bias", name)
    grows = own is not None and made is not None and _spreads(own, made)
    if grows and made is not None:
        wide = call.fresh()
        call.add("expand", [value], [wide], shape=made)
        value = wide
    call.add("pass", [value])


def _spreads(own: tuple[int | None, ...], made: tuple[int | None, ...]) -> bool:
    return len(made) > len(own) or any(one == 1 != other for one, other in zip(own, made, strict=False))


def _normalised(axis: int) -> Handler:
    def handler(call: Call) -> None:
        scale = call.weight("o", "weight", role="norm")
        call.mark("norm", "weight", "bias", "running_mean", "running_var")
        value = call.get("input", "self")
        weights: dict[str, Weight] = {} if scale is None else {"scale": scale}
        call.add("norm", [value.name], weights=weights, axis=axis)

    return handler


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(_UNARY, passed),
    **dict.fromkeys(_SUMS, _combined("add")),
    **dict.fromkeys(_PRODUCTS, _combined("multiply")),
    **dict.fromkeys(
        ("batch_norm", "_native_batch_norm_legit_no_training", "native_batch_norm", "cudnn_batch_norm"), _normalised(1)
    ),
    **dict.fromkeys(("group_norm", "native_group_norm", "instance_norm"), _normalised(1)),
    **dict.fromkeys(("layer_norm", "native_layer_norm", "rms_norm", "_fused_rms_norm"), _normalised(-1)),
}
