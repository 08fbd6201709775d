"""What each operator of PyTorch's ATen becomes."""

from __future__ import annotations

from topokit.loaders.formats.aten.operators import (
    convolution,
    elementwise,
    linear,
    recurrent,
    shaping,
)
from topokit.loaders.formats.graphs.calls import Handler

HANDLERS: dict[str, Handler] = {
    **convolution.HANDLERS,
    **elementwise.HANDLERS,
    **linear.HANDLERS,
    **recurrent.HANDLERS,
    **shaping.HANDLERS,
}
