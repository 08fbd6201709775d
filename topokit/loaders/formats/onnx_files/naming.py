"""What the exporter's names tell of the modules of the network."""

from __future__ import annotations

import re
from collections.abc import Mapping

_ANONYMOUS = re.compile(
    r"(onnx::\w+|val_\d+|_v_\d+|\d+|t(_\d+)?|p2o\..*|.*[Cc]onst(ant|_fold)?\w*|.*_output_\d+|.*__\d+(:0)?)$"
)
_LEAF = re.compile(
    r"[./_](weights?|kernel|W|R|w|weight_\w*|kernel_\w*|embeddings?|gamma|scale|weight_orig|ReadVariableOp(_\d+)?(:\d+)?)$"
)
_PRODUCT = re.compile(r"/(Conv\w*|MatMul\w*|depthwise\w*|Tensordot\w*)(/|$)")
_SCOPE = re.compile(r"'([^']*)'")
_SCOPES = "pkg.torch.onnx.name_scopes"
_PREFIXES = ("node_", "StatefulPartitionedCall/", "PartitionedCall/", "model/")
_ENDINGS = (" unpacked", "_Q2", "_Q4", "_Q8", "_quantized", "_DequantizeLinear_Output", "_QuantizeLinear_Input")
_PATH = re.compile(r"[./]")


def node_name(node: str, operator: str) -> str:
    """What to call a node without weights."""
    return _without_prefix(node.strip("/")).replace("/", ".") or operator


def module_name(tensor: str, node: str, operator: str, metadata: Mapping[str, str]) -> str:
    """The module that a node belongs to: by the path of its weight, the exporter's scopes, or its own name."""
    tensor = _of_fused(tensor)
    for ending in _ENDINGS:
        tensor = tensor.removesuffix(ending)
    scopes = _SCOPE.findall(metadata.get(_SCOPES, ""))
    scope = str(scopes[-2]) if len(scopes) > 1 else ""
    is_named = not _ANONYMOUS.match(tensor)
    if is_named and (_PATH.search(tensor) or not scope):
        return _without_prefix(_LEAF.sub("", tensor))
    return scope or _path(_of_fused(node), operator) or operator


def _of_fused(name: str) -> str:
    """Of the names that TensorFlow joins when it fuses operators, the one of the product."""
    parts = name.split(";")
    return next((part for part in reversed(parts) if _PRODUCT.search(part)), parts[-1])


def _path(node: str, operator: str) -> str:
    """``layer1.0.conv`` for ``/layer1/layer1.0/conv/Conv``."""
    steps = [step for step in _without_prefix(node.strip("/")).split("/") if step]
    if len(steps) > 1 and re.fullmatch(
        rf"{re.escape(operator)}\w*|MatMul\w*|BiasAdd|Conv2D|Gemm\w*|Tensordot", steps[-1]
    ):
        steps.pop()
    nested = [step for step, after in zip(steps, [*steps[1:], ""], strict=True) if not after.startswith(f"{step}.")]
    separator = "." if node.startswith("/") else "/"
    return separator.join(nested)


def _without_prefix(name: str) -> str:
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name
