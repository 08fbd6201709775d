"""What each operator of ONNX becomes."""

from __future__ import annotations

from topokit.loaders.formats.onnx_files.operators import (
    attention,
    convolution,
    elementwise,
    gathering,
    linear,
    norms,
    quantised,
    recurrent,
    shaping,
)
from topokit.loaders.formats.onnx_files.step import Handler

HANDLERS: dict[tuple[str, str], Handler] = {
    **attention.HANDLERS,
    **convolution.HANDLERS,
    **elementwise.HANDLERS,
    **gathering.HANDLERS,
    **linear.HANDLERS,
    **norms.HANDLERS,
    **quantised.HANDLERS,
    **recurrent.HANDLERS,
    **shaping.HANDLERS,
}
