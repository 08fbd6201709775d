"""What the names of values tell of the modules of the network.

The converter joins the names of the operations that it merged with ``;``, the last one first in some versions, and
calls stored weights as the operation that uses them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_ANONYMOUS = re.compile(
    r"(arith\.constant|tfl\.pseudo_\w*|pseudo_\w*|Const|unknown|StatefulPartitionedCall|Identity)\W*\d*|\d*"
)
_OPERATIONS = (
    *("MatMul", "BiasAdd", "Conv2D", "Conv1D", "Conv", "convolution", "depthwise", "separable_conv2d", "Tensordot"),
    *("conv2d_transpose", "Relu", "Relu6", "Add", "add", "Reshape", "Squeeze", "ExpandDims", "transpose", "Cast"),
    *("ReadVariableOp", "ReadVariableOp:0", "resource", "FusedBatchNormV3", "kernel", "weights", "Kernel", "weight"),
    *("Einsum", "einsum", "embedding_lookup", "GatherV2", "batchnorm", "mul", "Sigmoid", "Tanh", "MaxPool", "AvgPool"),
)
_OPERATION = re.compile(rf"(?:{'|'.join(_OPERATIONS)})(?:_?\d+)?")
_PREFIXES = ("StatefulPartitionedCall/", "PartitionedCall/")


def module_name(weights: Sequence[str], output: str, operator: str) -> str:
    """The module that an operator belongs to: by the name of its first weight, or of the value that it makes."""
    for name in (*weights[:1], output):
        first = name.split(";")[0]
        for prefix in _PREFIXES:
            first = first.removeprefix(prefix)
        if not _ANONYMOUS.fullmatch(first):
            return _without_operations(first)
    return operator.lower()


def _without_operations(name: str) -> str:
    steps = [step for step in name.split("/") if step]
    while len(steps) > 1 and _OPERATION.fullmatch(steps[-1]):
        steps.pop()
    return "/".join(steps) or name
