"""Layers around a layer."""

from __future__ import annotations

from dataclasses import replace

from topokit.loaders.formats.keras_files.graph import Step
from topokit.loaders.formats.keras_files.model import parse_layer

_MOVING = ("Reshape", "Permute", "RepeatVector", "Bidirectional", "RNN", "LSTM", "GRU", "SimpleRNN")


def wrapped(step: Step) -> list[str]:
    """The layer inside, whatever the wrapper does to its weights while it trains."""
    return step.as_layer(parse_layer(step.config.get("layer")), step.weights.inside("layer"))


def time_distributed(step: Step) -> list[str]:
    """The layer inside at every step of time, the second axis."""
    inner = parse_layer(step.config.get("layer"))
    if inner.kind == "Flatten":
        return step.add("flatten", start=2)
    if inner.kind in _MOVING or inner.kind not in step.translators:
        return replace(step, layer=inner).unknown()
    return step.as_layer(inner, step.weights.inside("layer"))


TRANSLATORS = {
    "TimeDistributed": time_distributed,
    **dict.fromkeys(
        ("PruneLowMagnitude", "SpectralNormalization", "WeightNormalization", "QuantizeWrapperV2"), wrapped
    ),
}
