"""What the variables of each Keras layer are called, in the order in which files without names keep them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

RECURRENT = ("kernel", "recurrent_kernel", "bias")
_KERNEL = ("kernel", "bias")
_SCALED = ("gamma", "beta")

_SLOTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("dense", "einsum_dense", "conv1d", "conv2d", "conv3d"), _KERNEL),
    **dict.fromkeys(("conv1d_transpose", "conv2d_transpose", "conv3d_transpose"), _KERNEL),
    **dict.fromkeys(("depthwise_conv1d", "depthwise_conv2d"), _KERNEL),
    **dict.fromkeys(("separable_conv1d", "separable_conv2d"), ("depthwise_kernel", "pointwise_kernel", "bias")),
    **dict.fromkeys(("lstm_cell", "gru_cell", "simple_rnn_cell", "cell"), RECURRENT),
    **dict.fromkeys(("layer_normalization", "group_normalization"), _SCALED),
    "batch_normalization": (*_SCALED, "moving_mean", "moving_variance"),
    "rms_normalization": ("scale",),
    "normalization": ("mean", "variance", "count"),
    "embedding": ("embeddings",),
    "reversible_embedding": ("embeddings", "reverse_embeddings"),
    "p_re_lu": ("alpha",),
    "seed_generator": ("seed_generator_state",),
}
_OPTIONAL = {"bias": "use_bias", "gamma": "scale", "beta": "center"}
_QUANTISED = {"int8": ("scale",), "int4": ("scale", "zero", "g_idx")}
_COUNTED = re.compile(r"_\d+$")

NORMS = ("gamma", "beta", "moving_mean", "moving_variance", "scale")
BUFFERS = ("moving_mean", "moving_variance", "mean", "variance", "count", "seed_generator_state")


def snake_case(kind: str) -> str:
    """How Keras spells a class in the names of groups: ``LSTMCell`` becomes ``lstm_cell``, ``Conv2D`` ``conv2d``."""
    name = re.sub(r"\W+", "", kind)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def slots_of(kind: str, config: Mapping[str, Any]) -> tuple[str, ...]:
    """The variables of a layer of that class with those settings; none for an unknown class."""
    slots = _SLOTS.get(snake_case(kind), ())
    present = tuple(slot for slot in slots if config.get(_OPTIONAL.get(slot, ""), True) is not False)
    return present + tuple(f"{slots[0]}_{part}" for part in _QUANTISED.get(_mode(config), ()) if slots)


def _mode(config: Mapping[str, Any]) -> str:
    """How the weights are quantised: ``int8``, ``int4``; empty when they are not."""
    policy = config.get("dtype")
    settings = policy.get("config") if isinstance(policy, Mapping) else None
    return str(settings.get("mode", "")).partition("/")[0] if isinstance(settings, Mapping) else ""


def guessed_slots(group: str, count: int) -> tuple[str, ...]:
    """The same for a group of `count` variables whose settings nobody knows; none where it cannot be told."""
    kind = _COUNTED.sub("", group)
    slots = _KERNEL if kind.endswith("_dense") else _SLOTS.get(kind, ())
    if count == len(slots):
        return slots
    if kind == "batch_normalization" and count == 2:
        return slots[2:]
    if slots[:1] == ("kernel",) and count < len(slots):
        return slots[:count]
    return ()
