"""What the modules of onnx2torch do, which turns ONNX files into traced modules.

Source: ``onnx2torch/node_converters`` of https://github.com/ENOT-AutoDL/onnx2torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from topokit.loaders.formats.graphs.calls import Value
from topokit.loaders.formats.torch_files.code.lowering import Lowering
from topokit.loaders.formats.torch_files.code.values import Module, Path, UntranslatableError

PACKAGE = "onnx2torch."

Layer = Callable[[Lowering, Module, list[Any]], Any]


def _named(attribute: str) -> Layer:
    """The function that the module keeps under an attribute."""

    def layer(lowering: Lowering, module: Module, arguments: list[Any]) -> Any:
        function = module.attributes.get(attribute)
        name = function.name.rpartition(".")[2] if isinstance(function, Path) else module.kind.name
        return lowering.call(name, tuple(arguments), {}, module.path)

    return layer


def _called(operator: str, *attributes: str) -> Layer:
    def layer(lowering: Lowering, module: Module, arguments: list[Any]) -> Any:
        own = (module.attributes.get(name) for name in attributes)
        return lowering.call(operator, (*arguments, *own), {}, module.path)

    return layer


def _numbers(lowering: Lowering, value: Any) -> list[int]:
    """The values of a tensor of axes or extents."""
    constant = lowering.program.constants.get(value.name) if isinstance(value, Value) else None
    numbers = None if constant is None else constant.numbers()
    if numbers is None:
        raise UntranslatableError("axes or extents that only run time tells")
    return [int(number) for number in numbers.reshape(-1)]


def _over_axes(operator: str) -> Layer:
    """An operator for one axis after the other; which ones, an attribute or an input says."""

    def layer(lowering: Lowering, module: Module, arguments: list[Any]) -> Any:
        told = module.attributes.get("_axes") or module.attributes.get("axes")
        axes = list(told) if told is not None else _numbers(lowering, arguments[1])
        value = arguments[0]
        for axis in sorted(axes, reverse=operator == "squeeze"):
            value = lowering.call(operator, (value, axis), {}, module.path)
        return value

    return layer


def _reshaped(lowering: Lowering, module: Module, arguments: list[Any]) -> Any:
    """0 keeps an extent."""
    shape = lowering.shape(arguments[0]) or ()
    told = _numbers(lowering, arguments[1])
    size = [shape[axis] if extent == 0 and axis < len(shape) else extent for axis, extent in enumerate(told)]
    return lowering.call("reshape", (arguments[0], size), {}, module.path)


def _concatenated(lowering: Lowering, module: Module, arguments: list[Any]) -> Any:
    return lowering.call("cat", (arguments, module.attributes.get("axis", 0)), {}, module.path)


LAYERS: Mapping[str, Layer] = {
    "OnnxMatMul": _called("matmul"),
    "OnnxBinaryMathOperation": _named("math_op_function"),
    "OnnxFunction": _named("function"),
    "OnnxTranspose": _called("permute", "perm"),
    "OnnxPadStatic": _called("constant_pad_nd", "pads"),
    "OnnxConcat": _concatenated,
    "OnnxReshape": _reshaped,
    "OnnxUnsqueezeStaticAxes": _over_axes("unsqueeze"),
    "OnnxUnsqueezeDynamicAxes": _over_axes("unsqueeze"),
    "OnnxSqueezeStaticAxes": _over_axes("squeeze"),
    "OnnxSqueezeDynamicAxes": _over_axes("squeeze"),
}
