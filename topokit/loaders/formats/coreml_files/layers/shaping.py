"""Layers that move neurons about."""

from __future__ import annotations

from typing import Any

from topokit.loaders.formats.coreml_files.layer import Handler, Layer
from topokit.loaders.graph import Operation

_CHANNELS = -3
_OF_PERMUTED = (0, 2, 3, 4)


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


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("concat", "concatND"), _concatenated),
    **dict.fromkeys(("split", "splitND"), _split),
    **dict.fromkeys(("reduceMax", "reduceMin", "reduceSum", "reduceMean"), _reduced),
    **dict.fromkeys(("reshapeStatic", "rankPreservingReshape"), _simple("reshape", "shape", "shape")),
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
