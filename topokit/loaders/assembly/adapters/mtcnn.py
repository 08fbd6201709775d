"""The three networks of MTCNN as facenet-pytorch names them: P-Net, R-Net and O-Net.

Names, order and the flattening by column, row and channel: ``models/mtcnn.py`` of
https://github.com/timesler/facenet-pytorch.
"""

from __future__ import annotations

from math import isqrt

from topokit.loaders.assembly.adapters.adapter import Adapter
from topokit.loaders.assembly.adapters.builder import Builder
from topokit.loaders.assembly.adapters.config import Config
from topokit.loaders.assembly.adapters.names import MismatchError

_POOLINGS = {"conv1": (3, 2), "conv2": (3, 2), "conv3": (2, 2)}
_POOLED = {"dense5": ("conv1", "conv2", "conv3"), "dense4": ("conv1", "conv2"), "conv4_1": ("conv1",)}
_HEADS = ("conv4", "dense5", "dense6")


def build(builder: Builder, config: Config) -> list[str]:
    """Convolutions and poolings, one dense layer in R-Net and O-Net, and two or three heads beside each other."""
    layers = ("conv1", "conv2", "conv3", "conv4")
    convs = [name for name in layers if name in builder.names]
    dense = builder.names.first("dense5", "dense4")
    value = builder.input("images", (None, builder.names["conv1"].size("i"), None, None), axis=1)
    for module in convs:
        value = builder.conv(module, value, padding="valid")
        if module in _POOLED[dense or "conv4_1"]:
            window, stride = _POOLINGS[module]
            pooling = {"channel_axis": 1, "kernel": [window] * 2, "strides": [stride] * 2}
            value = builder.node("pool", f"{module}.pool", (value,), attributes=pooling)
    if dense:
        value = builder.linear(dense, _flat(builder, value, builder.names[dense].size("i")))
    heads = [f"{stem}_{k}" for stem in _HEADS for k in (1, 2, 3) if f"{stem}_{k}" in builder.names]
    make = builder.linear if dense else builder.conv
    return [make(head, value) for head in heads]


def _flat(builder: Builder, value: str, width: int) -> str:
    """The maps in one row: column by column, row by row, all channels of one place together."""
    channels = builder.widths[value]
    side = isqrt(width // channels)
    if side * side * channels != width:
        raise MismatchError(f"{width} features from {channels} channels")
    builder.shaped(value, (None, channels, side, side))
    turned = builder.node("transpose", "permute", (value,), attributes={"order": [0, 3, 2, 1]})
    return builder.node("flatten", "flatten", (turned,), width)


ADAPTER = Adapter("mtcnn", ("conv4_1", "dense5_1", "dense6_1"), build)
