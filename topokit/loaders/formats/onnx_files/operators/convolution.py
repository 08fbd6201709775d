"""Convolutions and pooling, channels first."""

from __future__ import annotations

from typing import Any

from topokit.loaders.formats.onnx_files.step import Handler, Step
from topokit.loaders.graph import Weight

_SAME = {"SAME_UPPER": "same", "SAME_LOWER": "same", "VALID": "valid"}


def convolved(step: Step) -> None:
    """`Conv`: the weights are (out, in per group, kernel...)."""
    convolution(step, step.inputs[0], _kernel(step, 1, "oi"), 2)


def _transposed(step: Step) -> None:
    """`ConvTranspose`: the weights are (in, out per group, kernel...)."""
    convolution(step, step.inputs[0], _kernel(step, 1, "io"), 2, transposed=True)


def _fused(step: Step) -> None:
    """`FusedConv`: an activation is in it, and perhaps a sum."""
    if not step.has(3):
        convolved(step)
        return
    partial = step.value()
    convolution(step, step.inputs[0], _kernel(step, 1, "oi"), 2, outputs=[partial])
    step.add("add", [partial, step.inputs[3]])


def _kernel(step: Step, place: int, letters: str) -> Weight | None:
    constant = step.constant(place)
    rank = len(constant.shape) if constant is not None and constant.shape is not None else 0
    return step.weight(place, letters + "k" * (rank - 2)) if rank > 2 else None


def convolution(
    step: Step,
    value: str,
    kernel: Weight | None,
    bias: int,
    *,
    transposed: bool = False,
    outputs: list[str] | None = None,
) -> None:
    """A convolution; unknown when the file does not hold its weights themselves."""
    if kernel is None:
        step.unknown("a convolution with a computed kernel")
        return
    weights = {"kernel": kernel}
    if (constant := step.weight(bias, "o", "bias")) is not None:
        weights["bias"] = constant
    places = kernel.axes.count("k")
    told: dict[str, Any] = {"groups": step.attributes.get("group", 1), **_window(step, places)}
    told["dilations"] = tuple(step.attributes.get("dilations") or (1,) * places)
    if transposed:
        told["transposed"] = True
    step.add("conv", [value], outputs, weights, channel_axis=1, **told)


def _window(step: Step, places: int) -> dict[str, Any]:
    """Strides and padding in the words of the graph."""
    told = step.attributes
    pads = tuple(told.get("pads") or (0,) * (2 * places))
    automatic = _SAME.get(told.get("auto_pad", "NOTSET"))
    return {
        "strides": tuple(told.get("strides") or (1,) * places),
        "padding": automatic or tuple(zip(pads[:places], pads[places:], strict=True)),
    }


def _pooled(step: Step) -> None:
    kernel = tuple(step.attributes.get("kernel_shape", ()))
    step.add("pool", step.running[:1], channel_axis=1, kernel=kernel, **_window(step, len(kernel)))
    shape = step.translation.builder.shapes.get(step.outputs[0])
    if step.attributes.get("ceil_mode") and shape is not None:
        step.tell(step.outputs[0], (*shape[:2], *(None,) * (len(shape) - 2)))


def _pooled_whole(step: Step) -> None:
    step.add("pool", step.running[:1], channel_axis=1, everything=True)


HANDLERS: dict[tuple[str, str], Handler] = {
    ("", "Conv"): convolved,
    ("", "ConvTranspose"): _transposed,
    ("com.microsoft", "FusedConv"): _fused,
    **{("", name): _pooled for name in ("AveragePool", "MaxPool", "LpPool")},
    **{("", name): _pooled_whole for name in ("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool")},
}
