"""Convolutions and pooling, channels last or first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from topokit.loaders.formats.graphs.constants import Constant
from topokit.loaders.formats.tensorflow_files.operators.fused import weighted
from topokit.loaders.formats.tensorflow_files.translation import Handler, Step

_IMAGE = 4


def channel_axis(step: Step) -> int:
    """Where the channels lie; the data's layout is an attribute."""
    return 1 if str(step.told("data_format", "NHWC")).startswith("NC") else -1


def _convolved(step: Step) -> None:
    """`Conv2D`, `Conv3D`: the filter is (kernel..., in per group, out)."""
    _along_places(step, 0, _letters(step, "io"), 2, groups=_groups(step))


def _depthwise(step: Step) -> None:
    """`DepthwiseConv2dNative`: the filter is (kernel..., in, multiplier)."""
    _along_places(step, 0, _letters(step, "go"), 2)


def _transposed(step: Step) -> None:
    """`Conv2DBackpropInput`: sizes, a filter (kernel..., out, in) and the value."""
    sizes = step.whole(0)
    if sizes is not None:
        step.tell(step.output, tuple(size if size != -1 else None for size in sizes))
    _along_places(step, 2, _letters(step, "oi"), 3, transposed=True)


def _letters(step: Step, channels: str) -> str:
    return "k" * (len(step.shape(1) or ()) - 2) + channels


def _along_places(step: Step, value: int, letters: str, place: int, **attributes: Any) -> None:
    """A convolution; one along a line, which TensorFlow makes of images of height 1, is along a line again."""
    told, kernel = attributes | _window(step), step.constant(1)
    flat = _flat_axis(kernel)
    if kernel is None or flat is None:
        weighted(step, "conv", step.inputs[value], step.weight(1, letters), place, **told)
        return
    axis = flat + (2 if channel_axis(step) == 1 else 1)
    line, made = step.value(), step.value()
    told |= {word: _without(told[word], flat) for word in ("strides", "dilations", "padding") if word in told}
    weight = step.place(kernel.indexed(flat, 0), letters[1:])
    step.add("squeeze", [step.inputs[value]], [line], axes=(axis,))
    weighted(step, "conv", line, weight, place, made, **told)
    step.add("unsqueeze", [made], axes=(axis,))


def _flat_axis(kernel: Constant | None) -> int | None:
    """The axis of a filter that was put in, where there is one."""
    places = kernel.view.axes if kernel is not None and kernel.view is not None else ()
    return places.index(()) if places.count(()) == 1 and len(places) == _IMAGE else None


def _without(entries: Any, place: int) -> Any:
    return entries if isinstance(entries, str) else (*entries[:place], *entries[place + 1 :])


def _groups(step: Step) -> int:
    """TensorFlow tells groups only by a filter of fewer channels than the value has."""
    kernel, shape = step.shape(1), step.shape(0)
    channels = None if shape is None else shape[channel_axis(step)]
    per_group = None if kernel is None else kernel[-2]
    return channels // per_group if channels and per_group and not channels % per_group else 1


def _window(step: Step) -> dict[str, Any]:
    """Strides, dilations and padding in the words of the graph."""
    padding = str(step.told("padding", "VALID")).lower()
    told: dict[str, Any] = {"channel_axis": channel_axis(step), "padding": padding}
    if padding == "explicit":
        pads = step.told("explicit_paddings", ())
        told["padding"] = tuple(_spatial(step, list(zip(pads[::2], pads[1::2], strict=True))))
    for name, word in (("strides", "strides"), ("dilations", "dilations")):
        if step.told(name):
            told[word] = tuple(_spatial(step, step.told(name)))
    return told


def _spatial(step: Step, values: Sequence[Any]) -> Sequence[Any]:
    """Of one entry per axis those of the axes that are neither batch nor channels."""
    return values[2:] if channel_axis(step) == 1 else values[1:-1]


def _pooled(step: Step) -> None:
    step.add("pool", step.running[:1], kernel=tuple(_spatial(step, step.told("ksize", ()))), **_window(step))


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("Conv2D", "Conv3D", "_FusedConv2D", "FusedConv2D"), _convolved),
    **dict.fromkeys(("DepthwiseConv2dNative", "FusedDepthwiseConv2dNative", "_FusedDepthwiseConv2dNative"), _depthwise),
    **dict.fromkeys(("Conv2DBackpropInput", "Conv3DBackpropInput", "Conv3DBackpropInputV2"), _transposed),
    **dict.fromkeys(("MaxPool", "AvgPool", "MaxPool3D", "AvgPool3D", "MaxPoolWithArgmax"), _pooled),
}
