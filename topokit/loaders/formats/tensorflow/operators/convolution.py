"""Convolutions and pooling, channels last or first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from topokit.loaders.formats.tensorflow.operators.fused import weighted
from topokit.loaders.formats.tensorflow.translation import Handler, Step
from topokit.loaders.graph import Weight


def channel_axis(step: Step) -> int:
    """Where the channels lie; the data's layout is an attribute."""
    return 1 if str(step.told("data_format", "NHWC")).startswith("NC") else -1


def _convolved(step: Step) -> None:
    """`Conv2D`, `Conv3D`: the filter is (kernel..., in per group, out)."""
    kernel = _kernel(step, "io")
    weighted(step, "conv", step.inputs[0], kernel, 2, groups=_groups(step), **_window(step))


def _depthwise(step: Step) -> None:
    """`DepthwiseConv2dNative`: the filter is (kernel..., in, multiplier)."""
    weighted(step, "conv", step.inputs[0], _kernel(step, "go"), 2, **_window(step))


def _transposed(step: Step) -> None:
    """`Conv2DBackpropInput`: sizes, a filter (kernel..., out, in) and the value."""
    told = _window(step)
    sizes = step.whole(0)
    if sizes is not None:
        step.tell(step.output, tuple(size if size != -1 else None for size in sizes))
    weighted(step, "conv", step.inputs[2], _kernel(step, "oi"), 3, transposed=True, **told)


def _kernel(step: Step, letters: str) -> Weight | None:
    rank = len(step.shape(1) or ())
    return step.weight(1, "k" * (rank - 2) + letters) if rank > 2 else None


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
