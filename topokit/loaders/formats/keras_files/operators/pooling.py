"""Pooling, and what moves, repeats or drops positions of feature maps."""

from __future__ import annotations

from topokit.loaders.formats.keras_files.graph import Step, Translator
from topokit.loaders.formats.keras_files.model import UntranslatableError
from topokit.loaders.formats.keras_files.operators.settings import channel_axis, numbers, padding, pairs, spatial_axes


def window(rank: int) -> Translator:
    def translate(step: Step) -> list[str]:
        size = numbers(step.config.get("pool_size"), rank, 2)
        strides = step.config.get("strides")
        return step.add(
            "pool",
            channel_axis=channel_axis(step.config),
            kernel=size,
            strides=size if strides is None else numbers(strides, rank),
            padding=padding(step.config),
        )

    return translate


def everywhere(rank: int) -> Translator:
    def translate(step: Step) -> list[str]:
        keepdims = bool(step.config.get("keepdims", False))
        return step.add("reduce", axes=spatial_axes(step.config, rank), keepdims=keepdims)

    return translate


def zeros(rank: int) -> Translator:
    """Pooling with windows of one position, padded."""

    def translate(step: Step) -> list[str]:
        added = pairs(step.config.get("padding", 1), rank)
        return step.add("pool", channel_axis=channel_axis(step.config), kernel=(1,) * rank, padding=added)

    return translate


def cropping(rank: int) -> Translator:
    def translate(step: Step) -> list[str]:
        cuts = [(before, -after or None, 1) for before, after in pairs(step.config.get("cropping", 1), rank)]
        is_first = channel_axis(step.config) == 1
        return step.add("slice", index=(None, None, *cuts) if is_first else (None, *cuts, None))

    return translate


def upsampling(rank: int) -> Translator:
    """Pooling run backwards: every position goes to each of a window."""

    def translate(step: Step) -> list[str]:
        size = numbers(step.config.get("size"), rank, 2)
        return step.add("pool", channel_axis=channel_axis(step.config), kernel=size, strides=size, transposed=True)

    return translate


def repeat(step: Step) -> list[str]:
    count = step.config.get("n")
    if type(count) is not int:
        raise UntranslatableError(f"{step.name} repeats an unknown number of times")
    return step.add("expand", step.add("unsqueeze", axes=(1,)), suffix="/repeat", shape=(None, count, None))


_RANKS = (1, 2, 3)
TRANSLATORS = {
    **{f"{kind}Pooling{rank}D": window(rank) for kind in ("Max", "Average") for rank in _RANKS},
    **{f"Global{kind}Pooling{rank}D": everywhere(rank) for kind in ("Max", "Average") for rank in _RANKS},
    **{f"ZeroPadding{rank}D": zeros(rank) for rank in _RANKS},
    **{f"Cropping{rank}D": cropping(rank) for rank in _RANKS},
    **{f"UpSampling{rank}D": upsampling(rank) for rank in _RANKS},
    "RepeatVector": repeat,
}
