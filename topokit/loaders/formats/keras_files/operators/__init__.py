"""Keras layers and operations in the words of `topokit.loaders.graph`, one file per family."""

from topokit.loaders.formats.keras_files.operators import (
    attention,
    convolution,
    dense,
    merging,
    operations,
    pooling,
    recurrent,
    shaping,
    wrappers,
)

TRANSLATORS = {
    **dense.TRANSLATORS,
    **convolution.TRANSLATORS,
    **recurrent.TRANSLATORS,
    **attention.TRANSLATORS,
    **pooling.TRANSLATORS,
    **shaping.TRANSLATORS,
    **merging.TRANSLATORS,
    **wrappers.TRANSLATORS,
    **operations.TRANSLATORS,
}

__all__ = ["TRANSLATORS"]
