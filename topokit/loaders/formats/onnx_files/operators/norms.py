"""Normalisations."""

from __future__ import annotations

from topokit.loaders.formats.onnx_files.step import Handler, Step


def _normalised(axis: int) -> Handler:
    """A normalisation along an axis unless the node names another; all its constants belong to it."""

    def handler(step: Step) -> None:
        if len(step.running) != 1:
            step.unknown()
            return
        for place in range(1, len(step.inputs)):
            step.mark(place, "norm")
        scale = step.weight(1, "o", "norm")
        weights = {} if scale is None else {"scale": scale}
        step.add("norm", step.running, weights=weights, axis=step.attributes.get("axis", axis))

    return handler


def _after_skip(step: Step) -> None:
    """`SkipLayerNormalization`: a sum, then a normalisation; a fourth output is the sum."""
    for place in range(2, len(step.inputs)):
        step.mark(place, "norm")
    total = step.outputs[3] if len(step.outputs) > 3 and step.outputs[3] else step.value()
    values = [value for value in step.inputs[:2] if value]
    step.add("add" if len(set(values)) > 1 else "pass", values, [total])
    scale = step.weight(2, "o", "norm")
    step.add("norm", [total], weights={} if scale is None else {"scale": scale}, axis=-1)


HANDLERS: dict[tuple[str, str], Handler] = {
    **{("", name): _normalised(1) for name in ("BatchNormalization", "InstanceNormalization", "GroupNormalization")},
    **{
        ("", name): _normalised(-1)
        for name in ("LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization")
    },
    ("com.microsoft", "SimplifiedLayerNormalization"): _normalised(-1),
    ("com.microsoft", "GroupNorm"): _normalised(-1),
    ("com.microsoft", "SkipLayerNormalization"): _after_skip,
    ("com.microsoft", "SkipSimplifiedLayerNormalization"): _after_skip,
}
