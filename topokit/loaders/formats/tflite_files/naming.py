"""What the names of values tell of the modules of the network.

The converter calls stored weights as the operations that use them, and a value as all operations that it merged into
one, with ``;`` between them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_ANONYMOUS = re.compile(
    r"(?:arith\.constant|tfl\.pseudo_\w*|pseudo_\w*|Const|unknown|(?:Stateful)?PartitionedCall|Identity)?\W*\d*"
)
_WEIGHTED = re.compile(
    r"(?:MatMul|Conv[123]D(?:Transpose)?|Conv|convolution|depthwise|separable_conv2d|conv2d_transpose|Tensordot"
    r"|[Ee]insum|embedding_lookup|Gather(?:V2)?)(?:_?\d+)?"
)
_OTHERS = re.compile(
    r"(?:BiasAdd|Relu6?|Add|add|Reshape|Squeeze|ExpandDims|transpose|Cast|ReadVariableOp|resource|FusedBatchNormV3"
    r"|[Kk]ernel|weights?|batchnorm|mul|Sigmoid|Tanh)(?:_?\d+)?(?::\d+)?"
)
_PREFIX = re.compile(r"^(?:subgraph\d+/)?(?:(?:Stateful)?PartitionedCall/)?")
_LOOP = re.compile(r"(?:/PartitionedCall)?/while(?:/.*)?$")
_QUANTISED = "_dequantize"


def module_name(weights: Sequence[str], output: str, operator: str) -> str:
    """The module of an operator with weights, by the name of the first that has one, or of the value that it makes.

    Among merged operations the one that has weights counts. Operators without weights are called as their values.
    """
    merged = [path for name in (*weights, output) for path in _operations(name)]
    if not weights or not merged:
        return merged[0] if merged else operator.lower()
    weighted = [path for path in merged if _WEIGHTED.fullmatch(path.rsplit("/", 1)[-1])]
    return _without_operations((weighted or merged)[0])


def _operations(name: str) -> list[str]:
    paths = [_LOOP.sub("", _PREFIX.sub("", path.removesuffix(_QUANTISED))) for path in name.split(";")]
    return [path for path in paths if not _ANONYMOUS.fullmatch(path)]


def _without_operations(path: str) -> str:
    steps = [step for step in path.split("/") if step]
    while len(steps) > 1 and (_WEIGHTED.fullmatch(steps[-1]) or _OTHERS.fullmatch(steps[-1])):
        steps.pop()
    return "/".join(steps) or path
