"""What each operation of TensorFlow becomes."""

from __future__ import annotations

from topokit.loaders.formats.tensorflow_files.operators import (
    convolution,
    elementwise,
    linear,
    recurrent,
    reducing,
    shaping,
)
from topokit.loaders.formats.tensorflow_files.translation import Handler

HANDLERS: dict[str, Handler] = {
    **convolution.HANDLERS,
    **elementwise.HANDLERS,
    **linear.HANDLERS,
    **recurrent.HANDLERS,
    **reducing.HANDLERS,
    **shaping.HANDLERS,
}

KEEPING_SCALES = elementwise.HANDLERS.keys() | {"Reshape", "ExpandDims", "Squeeze", "BroadcastTo", "Tile"}
"""Operations that make scales of scales."""
