"""Products with weights, convolutions, pooling and embeddings."""

from __future__ import annotations

from typing import Any

from topokit.loaders.formats.coreml_files.layer import Handler, Layer
from topokit.loaders.graph import Weight

_CHANNELS = -3


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


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("embedding", "embeddingND"), _embedded),
    "innerProduct": _inner_product,
    "batchedMatmul": _batched_product,
    "convolution": _convolved,
    "pooling": _pooled,
}
