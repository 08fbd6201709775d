"""Layers around a layer."""

from __future__ import annotations

import re
from dataclasses import replace

from topokit.loaders.formats.graphs.builder import GraphBuilder
from topokit.loaders.formats.keras_files.graph import Step
from topokit.loaders.formats.keras_files.model import Layer, parse_layer
from topokit.loaders.formats.keras_files.operators.settings import numbers
from topokit.loaders.formats.keras_files.weights import Weights
from topokit.loaders.graph import Shape

_PER_STEP = re.compile(
    r"^(Dense|EinsumDense|Activation|\w*Dropout\w*|\w*ReLU|BatchNormalization|LayerNormalization|Flatten"
    r"|(Separable|Depthwise)?Conv\dD|Global\w+Pooling\dD|(Max|Average)Pooling[12]D)$"
)
_WINDOW = re.compile(r"^(?P<kind>Max|Average)Pooling(?P<rank>[12])D$")


def wrapped(step: Step) -> list[str]:
    """The layer inside, whatever the wrapper does to its weights while it trains."""
    return step.as_layer(parse_layer(step.config.get("layer")), step.weights.inside("layer"))


def time_distributed(step: Step) -> list[str]:
    """The layer inside at every step of time, the second axis."""
    inner, weights = parse_layer(step.config.get("layer")), step.weights.inside("layer")
    if not _PER_STEP.match(inner.kind) or inner.config.get("data_format") == "channels_first":
        return replace(step, layer=inner).unknown()
    if inner.kind == "Flatten":
        return step.add("flatten", start=2)
    made = step.as_layer(_with_time(inner), weights)
    shape = _shape_made(step, inner, weights)
    if shape is not None:
        step.builder.shapes[made[0]] = shape
    return made


def _with_time(inner: Layer) -> Layer:
    """Windows get an axis more, of one step."""
    window = _WINDOW.match(inner.kind)
    if window is None:
        return inner
    rank = int(window["rank"])
    size = numbers(inner.config.get("pool_size"), rank, 2)
    strides = inner.config.get("strides")
    longer = {"pool_size": [1, *size], "strides": [1, *(size if strides is None else numbers(strides, rank))]}
    return replace(inner, kind=f"{window['kind']}Pooling{rank + 1}D", config={**inner.config, **longer})


def _shape_made(step: Step, inner: Layer, weights: Weights) -> Shape | None:
    """The shape that the layer inside makes of one step, with the axis of time put back."""
    shape = step.builder.shapes.get(step.inputs[0])
    if shape is None or len(shape) < 3:
        return None
    trial = GraphBuilder()
    trial.tensors, trial.shapes["step"] = step.builder.tensors, (None, *shape[2:])
    made = replace(step, builder=trial, inputs=("step",)).as_layer(inner, weights)
    after = trial.shapes.get(made[0])
    return None if after is None else (*shape[:2], *after[1:])


TRANSLATORS = {
    "TimeDistributed": time_distributed,
    **dict.fromkeys(
        ("PruneLowMagnitude", "SpectralNormalization", "WeightNormalization", "QuantizeWrapperV2"), wrapped
    ),
}
