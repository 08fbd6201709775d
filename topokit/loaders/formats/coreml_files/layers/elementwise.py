"""Layers that work on each neuron by itself or on neurons in pairs, normalisations and constants."""

from __future__ import annotations

from topokit.loaders.formats.coreml_files.layer import Handler, Layer
from topokit.loaders.formats.graphs.constants import Constant
from topokit.loaders.graph import Operation

_CHANNELS = -3
_PASSED = (
    *("activation", "mvn", "l2normalize", "softmax", "lrn", "padding", "upsample", "resizeBilinear", "unary", "copy"),
    *("clip", "ceil", "floor", "sign", "round", "exp2", "sin", "cos", "tanh", "erf", "gelu", "softmaxND", "cumSum"),
    *("clampedReLU", "constantPad"),
)
_SUMS = (
    *("add", "average", "max", "min", "addBroadcastable", "subtractBroadcastable", "maxBroadcastable"),
    *("minBroadcastable", "whereBroadcastable"),
)
_PRODUCTS = ("multiply", "multiplyBroadcastable", "divideBroadcastable", "powBroadcastable")


def _passed(layer: Layer) -> None:
    layer.call.add("pass", layer.call.running[:1])


def _combined(op: Operation) -> Handler:
    def handler(layer: Layer) -> None:
        running = layer.call.running
        layer.call.add(op if len(running) > 1 else "pass", running)

    return handler


def _normalised(layer: Layer) -> None:
    told = layer.told
    scale = layer.weight(told["gamma"], "gamma", (told["channels"],), "o", "norm")
    for part in ("beta", "mean", "variance"):
        layer.constant(told[part], part, (told["channels"],), "norm")
    weights = {} if scale is None else {"scale": scale}
    layer.call.add("norm", layer.call.running[:1], weights=weights, axis=_CHANNELS)


def _layer_norm(layer: Layer) -> None:
    for part in ("gamma", "beta"):
        layer.constant(layer.told[part], part, layer.told["shape"], "norm")
    layer.call.add("norm", layer.call.running[:1], axis=-1)


def _scaled(layer: Layer) -> None:
    told = layer.told
    if layer.call.operator == "scale":
        layer.constant(told["scale"], "scale", told["shape"], "norm")
    layer.constant(told["bias"], "bias", told["shape"] if "bias_shape" not in told else told["bias_shape"], "bias")
    _passed(layer)


def _loaded(layer: Layer) -> None:
    shape = tuple(layer.told["shape"])
    layer.constant(layer.told["data"], "data", shape, "constant")
    layer.call.program.constants[layer.call.outputs[0]] = Constant(shape)
    layer.call.program.builder.shapes[layer.call.outputs[0]] = shape


def _custom(layer: Layer) -> None:
    """A layer that only its author's code knows; normalisations go by their name."""
    if "norm" not in layer.told["type"].lower():
        layer.call.unknown(layer.told["type"] or "a custom layer")
        return
    for place, weights in enumerate(layer.told["weights"]):
        layer.constant(weights, f"weights.{place}", (weights["floats"].nbytes // 4,), "norm")
    _passed(layer)


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(_PASSED, _passed),
    **dict.fromkeys(_SUMS, _combined("add")),
    **dict.fromkeys(_PRODUCTS, _combined("multiply")),
    **dict.fromkeys(("scale", "bias"), _scaled),
    **dict.fromkeys(("loadConstant", "loadConstantND"), _loaded),
    "batchnorm": _normalised,
    "layerNormalization": _layer_norm,
    "custom": _custom,
}
