"""What each kind of layer of a Core ML neural network becomes.

Source: https://github.com/apple/coremltools/blob/main/mlmodel/format/NeuralNetwork.proto.
"""

from __future__ import annotations

from topokit.loaders.formats.coreml_files.layer import Handler
from topokit.loaders.formats.coreml_files.layers import elementwise, recurrent, shaping, weighted

HANDLERS: dict[str, Handler] = {
    **elementwise.HANDLERS,
    **recurrent.HANDLERS,
    **shaping.HANDLERS,
    **weighted.HANDLERS,
}
