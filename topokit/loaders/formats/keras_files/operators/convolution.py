"""Convolutions: kernels are (k..., in, out), transposed ones (k..., out, in), depthwise ones (k..., channels, m)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from topokit.loaders.formats.keras_files.graph import Step, Translator
from topokit.loaders.formats.keras_files.operators.settings import channel_axis, numbers, padding
from topokit.loaders.graph import Weight


def plain(rank: int) -> Translator:
    def translate(step: Step) -> list[str]:
        weights = step.weight("kernel", "k" * rank + "io")
        return step.add(
            "conv", weights=weights, groups=numbers(step.config.get("groups"), 1)[0], **_how(step, rank, weights)
        )

    return translate


def depthwise(rank: int) -> Translator:
    def translate(step: Step) -> list[str]:
        weights = step.weight("depthwise_kernel" if _is_old(step) else "kernel", "k" * rank + "go")
        return step.add("conv", weights=weights, **_how(step, rank, weights))

    return translate


def separable(rank: int) -> Translator:
    """A depthwise convolution, then one of 1 x 1."""

    def translate(step: Step) -> list[str]:
        weights = step.weight("depthwise_kernel", "k" * rank + "go")
        how = _how(step, rank, weights)
        made = step.add("conv", weights=weights, suffix="/depthwise", **how)
        points = step.weight("pointwise_kernel", "k" * rank + "io")
        return step.add("conv", made, weights=points, channel_axis=how["channel_axis"], suffix="/pointwise")

    return translate


def transposed(rank: int) -> Translator:
    def translate(step: Step) -> list[str]:
        weights = step.weight("kernel", "k" * rank + "oi")
        how = _how(step, rank, weights)
        if how["padding"] == "same":
            how["padding"] = _cut(_extents(step, weights, rank), how["strides"], how["dilations"])
        return step.add("conv", weights=weights, transposed=True, **how)

    return translate


def _is_old(step: Step) -> bool:
    return step.weights.named("kernel", ("kernel",)) is None


def _extents(step: Step, weights: Mapping[str, Weight], rank: int) -> tuple[int, ...]:
    return step.builder.tensors[weights["kernel"].tensor][:rank]


def _how(step: Step, rank: int, weights: Mapping[str, Weight]) -> dict[str, Any]:
    config = step.config
    added: str | tuple[tuple[int, int], ...]
    dilations, added = numbers(config.get("dilation_rate"), rank), padding(config)
    if added == "causal":
        added = tuple((gap * (size - 1), 0) for size, gap in zip(_extents(step, weights, rank), dilations, strict=True))
    return {
        "channel_axis": channel_axis(config),
        "strides": numbers(config.get("strides"), rank),
        "dilations": dilations,
        "padding": added,
    }


def _cut(extents: Sequence[int], strides: Sequence[int], dilations: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """What is cut off at both ends so that the result is the stride times as long as the input."""
    over = [max(0, gap * (size - 1) + 1 - step) for size, step, gap in zip(extents, strides, dilations, strict=True)]
    return tuple((total // 2, total - total // 2) for total in over)


TRANSLATORS = {
    **{f"Conv{rank}D": plain(rank) for rank in (1, 2, 3)},
    **{f"Conv{rank}DTranspose": transposed(rank) for rank in (1, 2, 3)},
    **{f"DepthwiseConv{rank}D": depthwise(rank) for rank in (1, 2)},
    **{f"SeparableConv{rank}D": separable(rank) for rank in (1, 2)},
}
