"""Plain convolutional networks as torchvision names them: VGG with and without batch normalisation, AlexNet.

Names and order of the modules: ``torchvision/models/vgg.py``, ``torchvision/models/alexnet.py``. Their numbers count
convolutions, normalisations, activations and poolings alike, so that gaps tell the poolings.
"""

from __future__ import annotations

import re
from math import isqrt

from topokit.loaders.assembly.adapters.adapter import Adapter
from topokit.loaders.assembly.adapters.builder import Builder
from topokit.loaders.assembly.adapters.config import Config
from topokit.loaders.assembly.adapters.names import MismatchError

_LARGE_KERNEL = 11


def build(builder: Builder, config: Config) -> list[str]:
    """Convolutions, flattening by channel, and the classifier."""
    convs, dense = _numbered(builder, "features", 4), _numbered(builder, "classifier", 2)
    if not convs or not dense:
        raise MismatchError("no convolutions, or no classifier")
    value = _features(builder, convs)
    value = _flat(builder, value, builder.names[dense[0][1]].size("i"))
    for _, module in dense:
        value = builder.linear(module, value)
    return [value]


def _features(builder: Builder, convs: list[tuple[int, str]]) -> str:
    first = builder.names[convs[0][1]]
    is_alexnet = _LARGE_KERNEL in first.shape
    window = 3 if is_alexnet else 2
    pooling = {"channel_axis": 1, "kernel": [window] * 2, "strides": [2, 2]}
    value = builder.input("images", (None, first.size("i"), None, None), axis=1)
    ends = [number for number, _ in convs[1:]]
    for (number, module), following in zip(convs, [*ends, None], strict=True):
        is_wide = is_alexnet and module == convs[0][1]
        geometry = {"strides": [4, 4], "padding": [(2, 2), (2, 2)]} if is_wide else {}
        norm = f"features.{number + 1}"
        value = builder.norm(norm, builder.conv(module, value, **geometry), axis=1)
        if following is None or following - number > 2 + (norm in builder.names):
            value = builder.node("pool", f"{module}.pool", (value,), attributes=pooling)
    return value


def _flat(builder: Builder, value: str, width: int) -> str:
    """The last maps, which a square of places is assumed to make up, in one row, channel by channel."""
    channels = builder.widths[value]
    places = width // channels
    if width % channels:
        raise MismatchError(f"{width} features from {channels} channels")
    rows = isqrt(places) if isqrt(places) ** 2 == places else places
    builder.shaped(value, (None, channels, rows, places // rows))
    return builder.node("flatten", "flatten", (value,), width)


def _numbered(builder: Builder, stem: str, rank: int) -> list[tuple[int, str]]:
    """Modules ``stem.<number>``, or ``stem`` alone, with a tensor of that many axes, by number."""
    pattern = re.compile(rf"{stem}(?:\.(\d{{1,4}}))?")
    found = {name: match for name in builder.names if (match := pattern.fullmatch(name))}
    chosen = [(int(match[1] or 0), name) for name, match in found.items() if len(builder.names[name].shape) == rank]
    return sorted(chosen)


ADAPTER = Adapter("vgg", ("features.0",), build)
