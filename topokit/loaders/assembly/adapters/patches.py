"""What vision transformers do to an image before their blocks."""

from __future__ import annotations

from topokit.loaders.assembly.adapters.builder import Builder
from topokit.loaders.assembly.adapters.names import MismatchError


def patches(builder: Builder, module: str, first_tokens: int) -> str:
    """The features of the patches of an image, behind `first_tokens` learnt ones, (batch, patches, features)."""
    kernel = builder.names[module]
    if kernel.axes.count("k") != 2:
        raise MismatchError(f"{module} is no convolution of images")
    size = [n for n, axis in zip(kernel.shape, kernel.axes, strict=True) if axis == "k"]
    image = builder.input("pixel_values", (None, kernel.size("i"), None, None), axis=1)
    value = builder.conv(module, image, strides=size, padding="valid")
    value = builder.node("flatten", "patches", (value,), attributes={"start": 2, "stop": -1})
    value = builder.node("transpose", "patches", (value,), attributes={"order": [0, 2, 1]})
    if not first_tokens:
        return value
    width = builder.widths[value]
    learnt = builder.constant("learnt_tokens", (1, first_tokens, width), width=width)
    return builder.node("concat", "tokens", (learnt, value), width, attributes={"axis": 1})
