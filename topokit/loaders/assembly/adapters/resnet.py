"""Residual networks as torchvision names them, and those for CIFAR.

Names and order of the modules: ``torchvision/models/resnet.py`` (also ResNeXt and Wide ResNet); for CIFAR, shortcuts of
option A or B of He et al. 2016 (https://arxiv.org/abs/1512.03385, section 3.3), the former as
https://github.com/akamaster/pytorch_resnet_cifar10 (``resnet.py``) pads them.
"""

from __future__ import annotations

from topokit.loaders.assembly.adapters.adapter import Adapter
from topokit.loaders.assembly.adapters.builder import Builder
from topokit.loaders.assembly.adapters.config import Config
from topokit.loaders.assembly.adapters.names import MismatchError

_SHORTCUTS = ("downsample.0", "shortcut.0", "downsample.1", "shortcut")
_SHORTCUT_NORMS = {"downsample.0": "downsample.1", "shortcut.0": "shortcut.1", "downsample.1": "downsample.2"}
_HEADS = ("fc", "linear")
_CENTRED_HEAD = "linear"
_LARGE_KERNEL = 7


def build(builder: Builder, config: Config) -> list[str]:
    """Stem, groups of blocks, mean over the image, and the classes."""
    stem = builder.names["conv1"]
    is_large = _LARGE_KERNEL in stem.shape[2:]
    value = builder.input("images", (None, stem.size("i"), None, None), axis=1)
    value = _normal_conv(builder, "conv1", "bn1", value, 2 if is_large else 1)
    if is_large:
        value = builder.node("pool", "maxpool", (value,), attributes={**_POOLING, "channel_axis": 1})
    for number in range(1, _groups(builder) + 1):
        for k, block in enumerate(builder.names.stack(f"layer{number}")):
            value = _block(builder, block, value, 2 if number > 1 and k == 0 else 1)
    value = builder.node("pool", "avgpool", (value,), attributes={"channel_axis": 1, "everything": True})
    value = builder.node("flatten", "flatten", (value,))
    head = builder.names.first(*_HEADS)
    return [builder.linear(head, value) if head else value]


_POOLING = {"kernel": [3, 3], "strides": [2, 2], "padding": [(1, 1), (1, 1)]}


def _groups(builder: Builder) -> int:
    return next(number for number in range(1, 100) if not builder.names.has_module(f"layer{number + 1}"))


def _block(builder: Builder, stem: str, value: str, stride: int) -> str:
    """A basic block of two convolutions, or a bottleneck of three, which strides in its 3x3 convolution."""
    convs = [f"{stem}conv{k}" for k in (1, 2, 3) if f"{stem}conv{k}" in builder.names]
    branch = value
    for conv in convs:
        strides = stride if conv == convs[len(convs) - 2] else 1
        branch = _normal_conv(builder, conv, conv.replace("conv", "bn"), branch, strides)
    shortcut = _shortcut(builder, stem, value, builder.widths[branch], stride)
    return builder.together("add", f"{stem}add", branch, shortcut)


def _shortcut(builder: Builder, stem: str, value: str, width: int, stride: int) -> str:
    module = builder.names.first(*(stem + name for name in _SHORTCUTS))
    if module is not None:
        norm = _SHORTCUT_NORMS.get(module.removeprefix(stem), "")
        return _normal_conv(builder, module, stem + norm, value, stride)
    return value if builder.widths[value] == width else _padded(builder, stem, value, width)


def _padded(builder: Builder, stem: str, value: str, width: int) -> str:
    """Every second row and column, and channels of zeros up to `width` (option A)."""
    more = width - builder.widths[value]
    if more < 0:
        raise MismatchError(f"{stem} has fewer channels than come in")
    before = more // 2 if _CENTRED_HEAD in builder.names else 0
    where = "around" if before else "behind"
    builder.note(f"shortcuts without weights: assumed channels of zeros {where} those that come in")
    halved = (None, None, (None, None, 2), (None, None, 2))
    value = builder.node("slice", f"{stem}shortcut", (value,), attributes={"index": halved})
    zeros = [builder.constant(f"{stem}zeros", (None, n, None, None), width=n) for n in (before, more - before) if n]
    parts = (zeros[0], value, zeros[1]) if before else (value, *zeros)
    return builder.node("concat", f"{stem}padded", parts, width, attributes={"axis": 1})


def _normal_conv(builder: Builder, conv: str, norm: str, value: str, stride: int) -> str:
    return builder.norm(norm, builder.conv(conv, value, strides=[stride, stride]), axis=1)


ADAPTER = Adapter("resnet", ("layer1.0.conv1",), build)
