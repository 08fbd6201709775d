"""What each kind of layer of a Core ML neural network becomes.

Source: https://github.com/apple/coremltools/blob/main/mlmodel/format/NeuralNetwork.proto.
"""

from __future__ import annotations

from typing import Any

from topokit.loaders.formats.coreml.layer import Handler, Layer
from topokit.loaders.formats.graphs.constants import Constant
from topokit.loaders.graph import Operation, Weight

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
_OF_PERMUTED = (0, 2, 3, 4)


def _passed(layer: Layer) -> None:
    layer.call.add("pass", layer.call.running[:1])


def _combined(op: Operation) -> Handler:
    def handler(layer: Layer) -> None:
        running = layer.call.running
        layer.call.add(op if len(running) > 1 else "pass", running)

    return handler


def _kernel_and_bias(layer: Layer, kernel: Weight | None, outputs: int) -> dict[str, Weight] | None:
    if kernel is None:
        layer.call.unknown(f"{layer.call.operator} without weights")
        return None
    bias = layer.weight(layer.told["bias"], "bias", (outputs,), "o", "bias")
    return {"kernel": kernel} if bias is None else {"kernel": kernel, "bias": bias}


def _inner_product(layer: Layer) -> None:
    """The weights are (out, in)."""
    told = layer.told
    kernel = layer.weight(told["weights"], "weights", (told["second"], told["first"]), "oi")
    weights = _kernel_and_bias(layer, kernel, told["second"])
    if weights is not None:
        layer.call.add("linear", layer.call.running[:1], weights=weights, axis=-1 if layer.exact else _CHANNELS)


def _batched_product(layer: Layer) -> None:
    """Two values, or one and weights stored as (out, in)."""
    told, call = layer.told, layer.call
    if len(layer.inputs) == 1:
        kernel = layer.weight(told["weights"], "weights", (told["second"], told["first"]), "oi")
        weights = _kernel_and_bias(layer, kernel, told["second"])
        if weights is not None:
            call.add("linear", call.running[:1], weights=weights, axis=-1)
        return
    factors = [
        _turned(layer, value) if turn else value
        for value, turn in zip(layer.inputs, (told["turn_a"], told["turn_b"]), strict=False)
    ]
    if len(call.running) < 2:
        call.unknown()
        return
    call.add("matmul", factors)


def _turned(layer: Layer, value: str) -> str:
    rank, turned = layer.call.rank(value), layer.call.fresh()
    layer.call.add("transpose", [value], [turned], order=(*range(rank - 2), rank - 1, rank - 2))
    return turned


def _convolved(layer: Layer) -> None:
    """The weights are (out, in per group, row, column), of a transposed one (in, out per group, row, column)."""
    told, groups = layer.told, layer.told["groups"] or 1
    window = tuple(told["kernel"]) or (3, 3)
    shape = (told["outputs"], told["kernels"], *window)
    letters = "oikk"
    if told["transposed"]:
        shape, letters = (told["kernels"], told["outputs"] // groups, *window), "iokk"
    kernel = layer.weight(told["weights"], "weights", shape, letters)
    weights = _kernel_and_bias(layer, kernel, told["outputs"])
    if weights is None:
        return
    extra: dict[str, Any] = {"transposed": True} if told["transposed"] else {}
    layer.call.add(
        "conv",
        layer.call.running[:1],
        weights=weights,
        channel_axis=_CHANNELS,
        groups=groups,
        strides=tuple(told["strides"]) or (1, 1),
        dilations=tuple(told["dilations"]) or (1, 1),
        padding=_padding(layer),
        **extra,
    )


def _padding(layer: Layer) -> Any:
    valid = layer.told["valid"]
    if valid is None:
        return "same" if layer.told["same"] is not None else "valid"
    edges = valid["amounts"]["edges"] if valid["amounts"] is not None else ()
    return tuple((edge["before"], edge["after"]) for edge in edges) or "valid"


def _pooled(layer: Layer) -> None:
    told = layer.told
    if told["everything"]:
        layer.call.add("pool", layer.call.running[:1], channel_axis=_CHANNELS, everything=True)
        return
    kernel, strides = tuple(told["kernel"]) or (3, 3), tuple(told["strides"]) or (1, 1)
    layer.call.add(
        "pool",
        layer.call.running[:1],
        channel_axis=_CHANNELS,
        kernel=kernel,
        strides=strides,
        padding=_padding(layer),
    )


def _embedded(layer: Layer) -> None:
    """The table is (features, rows); the input has an axis of extent 1 where the features will be."""
    told, call = layer.told, layer.call
    kernel = layer.weight(told["weights"], "weights", (told["second"], told["first"]), "oi", "embedding")
    layer.constant(told["bias"], "bias", (told["second"],), "bias")
    if kernel is None:
        call.unknown()
        return
    places, found = call.fresh(), call.fresh()
    at_end = call.operator == "embeddingND"
    call.add("squeeze", call.running[:1], [places], axes=(-1 if at_end else _CHANNELS,))
    call.add("embedding", [places], None if at_end else [found], {"kernel": kernel})
    if not at_end:
        call.add("transpose", [found], order=(0, 1, 4, 2, 3))


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


def _permuted(layer: Layer) -> None:
    """Of (time, channel, row, column); the batch stays."""
    time, *others = (_OF_PERMUTED[axis] for axis in layer.told["axes"])
    layer.call.add("transpose", layer.call.running[:1], order=(time, 1, *others))


def _legacy_reshape(layer: Layer) -> None:
    shape = tuple(layer.told["shape"])
    if layer.told["mode"] or not 3 <= len(shape) <= 4:
        layer.call.unknown("a reshape by columns")
        return
    lead = (None, None) if len(shape) == 3 else (shape[0], None)
    layer.call.add("reshape", layer.call.running[:1], shape=(*lead, *shape[-3:]))


def _legacy_flatten(layer: Layer) -> None:
    """Channels, rows and columns become channels."""
    flat = layer.call.fresh()
    layer.call.add("flatten", layer.call.running[:1], [flat], start=-3, stop=-1)
    layer.call.add("unsqueeze", [flat], axes=(-2, -1))


def _concatenated(layer: Layer) -> None:
    axis = layer.told["axis"] if layer.call.operator == "concatND" else 0 if layer.told["sequence"] else _CHANNELS
    layer.call.add("concat", layer.inputs, axis=axis)


def _split(layer: Layer) -> None:
    told = layer.told
    axis = told["axis"] if layer.call.operator == "splitND" else _CHANNELS
    sizes: dict[str, Any] = (
        {"sizes": tuple(told["sizes"])} if layer.call.operator == "splitND" and told["sizes"] else {}
    )
    layer.call.add("split", layer.call.running[:1], layer.call.outputs, axis=axis, **sizes)


def _legacy_slice(layer: Layer) -> None:
    told = layer.told
    axis = _CHANNELS + told["axis"]
    rank = layer.call.rank(layer.call.running[0]) or 5
    part = (told["start"], told["end"] or None, told["stride"] or 1)
    layer.call.add("slice", layer.call.running[:1], index=(*(None,) * (rank + axis), part))


def _sliced(layer: Layer) -> None:
    told, call = layer.told, layer.call
    rank = len(told["begins"])
    no = (False,) * rank
    open_begin, open_end, gone = (tuple(told[name]) or no for name in ("begin_masks", "end_masks", "squeezes"))
    index = []
    for axis, (start, stop, pace) in enumerate(zip(told["begins"], told["ends"], told["strides"], strict=True)):
        if gone[axis]:
            index.append((start, start + 1 or None, 1))
        else:
            index.append((None if open_begin[axis] else start, None if open_end[axis] else stop, pace))
    cut = call.fresh() if any(gone) else call.outputs[0]
    call.add("slice", call.running[:1], [cut], index=tuple(index))
    if any(gone):
        call.add("squeeze", [cut], axes=tuple(axis for axis in range(rank) if gone[axis]))


def _reduced(layer: Layer) -> None:
    value, told = layer.call.running[0], layer.told
    axes = tuple(range(layer.call.rank(value))) if told["all"] else tuple(told["axes"])
    layer.call.add("reduce", [value], axes=axes, keepdims=told["keeps"])


def _simple(op: Operation, field: str, attribute: str) -> Handler:
    """A layer that says one list of numbers."""

    def handler(layer: Layer) -> None:
        told: dict[str, Any] = {attribute: tuple(layer.told[field])}
        layer.call.add(op, layer.call.running[:1], **told)

    return handler


def _squeezed(layer: Layer) -> None:
    axes: dict[str, Any] = {} if layer.told["all"] else {"axes": tuple(layer.told["axes"])}
    layer.call.add("squeeze", layer.call.running[:1], **axes)


_GATES = {"uniDirectionalLSTM": 4, "biDirectionalLSTM": 4, "gru": 3, "simpleRecurrent": 1}
_CELLS = {"uniDirectionalLSTM": "lstm", "biDirectionalLSTM": "lstm", "gru": "gru", "simpleRecurrent": "rnn"}


def _recurrent(layer: Layer) -> None:
    """Each gate has matrices of its own, (units, in) and (units, units); time is the first of five axes."""
    call, told = layer.call, layer.told
    kind, units, taken = call.operator, told["second"], told["first"]
    ways = told["directions"] if "LSTM" in kind else (told,)
    gates = _GATES[kind]
    lead = (len(ways),) if len(ways) > 1 else ()
    letters = "doi" if lead else "oi"
    kernels = [way[f"w{k}"] for way in ways for k in range(gates)]
    recurrents = [way[f"r{k}"] for way in ways for k in range(gates)]
    kernel = layer.stack(kernels, "weights", (*lead, units, taken), letters)
    recurrent = layer.stack(recurrents, "recursion", (*lead, units, units), letters)
    for direction, way in enumerate(ways):
        for k in range(gates):
            layer.constant(way[f"b{k}"], f"bias.{direction}.{k}", (units,), "bias")
    if kernel is None or recurrent is None:
        call.unknown(f"{kind} without weights")
        return
    value, back = _as_sequence(layer, call.running[0], units * len(ways))
    states = [call.fresh() for _ in call.outputs]
    sequence = told["settings"]["sequence"] if "LSTM" in kind and told["settings"] is not None else told["sequence"]
    call.add(
        "recurrent",
        [value],
        states,
        {"kernel": kernel, "recurrent": recurrent},
        cell=_CELLS[kind],
        gates=gates,
        directions=len(ways),
        layouts=("tbf" if sequence else "bf", *("bf",) * (len(states) - 1)),
    )
    for place, (state, output) in enumerate(zip(states, call.outputs, strict=True)):
        if place == 0 and sequence:
            back(state, output)
        else:
            call.add("unsqueeze", [state], [output], axes=(0, 3, 4))


def _as_sequence(layer: Layer, value: str, features: int) -> tuple[str, Any]:
    """A value as (time, batch, features), and how to bring a result back.

    Where rows and columns are left, time runs along the columns and every row is a sequence of its own.
    """
    call, shape = layer.call, layer.call.shape(value)
    if shape is None or tuple(shape[3:]) == (1, 1):
        flat = call.fresh()
        call.add("squeeze", [value], [flat], axes=(3, 4))
        return flat, lambda state, output: call.add("unsqueeze", [state], [output], axes=(3, 4))
    turned, rows = call.fresh(), call.fresh()
    call.add("transpose", [value], [turned], order=(4, 0, 1, 3, 2))
    call.add("flatten", [turned], [rows], start=1, stop=3)

    def back(state: str, output: str) -> None:
        apart = call.fresh()
        call.add("reshape", [state], [apart], shape=(shape[4], shape[0], shape[1], shape[3], features))
        call.add("transpose", [apart], [output], order=(1, 2, 4, 3, 0))

    return rows, back


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(_PASSED, _passed),
    **dict.fromkeys(_SUMS, _combined("add")),
    **dict.fromkeys(_PRODUCTS, _combined("multiply")),
    **dict.fromkeys(("embedding", "embeddingND"), _embedded),
    **dict.fromkeys(("scale", "bias"), _scaled),
    **dict.fromkeys(("loadConstant", "loadConstantND"), _loaded),
    **dict.fromkeys(("concat", "concatND"), _concatenated),
    **dict.fromkeys(("split", "splitND"), _split),
    **dict.fromkeys(("reduceMax", "reduceMin", "reduceSum", "reduceMean"), _reduced),
    **dict.fromkeys(_GATES, _recurrent),
    **dict.fromkeys(("reshapeStatic", "rankPreservingReshape"), _simple("reshape", "shape", "shape")),
    "innerProduct": _inner_product,
    "batchedMatmul": _batched_product,
    "convolution": _convolved,
    "pooling": _pooled,
    "batchnorm": _normalised,
    "layerNormalization": _layer_norm,
    "custom": _custom,
    "permute": _permuted,
    "reshape": _legacy_reshape,
    "flatten": _legacy_flatten,
    "slice": _legacy_slice,
    "sliceStatic": _sliced,
    "squeeze": _squeezed,
    "transpose": _simple("transpose", "axes", "order"),
    "expandDims": _simple("unsqueeze", "axes", "axes"),
    "broadcastToStatic": _simple("expand", "shape", "shape"),
}
