"""ONNX: a graph of operators with its tensors, in one message or with data in files beside it.

Source: https://github.com/onnx/onnx/blob/main/docs/IR.md; the operators: https://onnx.ai/onnx/operators/.
"""

from topokit.loaders.formats.onnx.reader import FORMAT, open_onnx, recognises

__all__ = ["FORMAT", "open_onnx", "recognises"]
