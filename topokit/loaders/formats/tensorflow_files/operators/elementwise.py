"""Operations that work on each neuron by itself, or on neurons in pairs."""

from __future__ import annotations

from topokit.loaders.formats.graphs.shapes import broadcast
from topokit.loaders.formats.tensorflow_files.operators.convolution import channel_axis
from topokit.loaders.formats.tensorflow_files.translation import Handler, Step
from topokit.loaders.graph import Operation

_UNARY = (
    *("Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Cast", "Ceil", "Cos", "Cosh", "Cumsum", "Elu", "Erf"),
    *("Erfc", "Exp", "Expm1", "Floor", "Identity", "Inv", "IsFinite", "IsInf", "IsNan", "L2Loss", "LRN", "LeakyRelu"),
    *("Log", "Log1p", "LogSoftmax", "LogicalNot", "Neg", "OnesLike", "PreventGradient", "Reciprocal", "Relu", "Relu6"),
    *("Rint", "Round", "Rsqrt", "Selu", "Sigmoid", "Sign", "Sin", "Sinh", "Snapshot", "Softmax", "Softplus"),
    *("Softsign", "Sqrt", "Square", "StopGradient", "Tan", "Tanh", "CheckNumerics", "Bitcast", "ZerosLike", "Prelu"),
    *("FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxArgs", "FakeQuantWithMinMaxVarsPerChannel", "ReverseV2"),
    *("QuantizeAndDequantizeV2", "QuantizeAndDequantizeV3", "ClipByValue", "EnsureShape", "PlaceholderWithDefault"),
    *("MatrixBandPart", "Roll"),
)
_SUMS = (
    *("Add", "AddV2", "AddN", "Sub", "Maximum", "Minimum", "SquaredDifference", "BiasAdd", "BiasAddV1", "Equal"),
    *("NotEqual", "Greater", "GreaterEqual", "Less", "LessEqual", "LogicalAnd", "LogicalOr", "Atan2"),
)
_PRODUCTS = ("Mul", "RealDiv", "Div", "DivNoNan", "MulNoNan", "FloorDiv", "Pow", "FloorMod", "Mod", "Xdivy", "Xlogy")


def _passed(step: Step) -> None:
    step.mark(1, "bias")
    step.add("pass", step.running[:1])


def _combined(op: Operation) -> Handler:
    def handler(step: Step) -> None:
        running = step.running
        if running[0] in step.translation.scales:
            step.add("pass", running[:1])
        elif len(running) > 1:
            step.add(op, running)
        else:
            _with_constants(step, running[0])

    return handler


def _with_constants(step: Step, value: str) -> None:
    """One value and constants, which may spread it over further axes."""
    shapes = [step.shape(place) for place in range(len(step.inputs))]
    own = step.shape(step.inputs.index(value))
    for place in range(len(step.inputs)):
        constant = step.constant(place)
        if constant is not None and sum(extent > 1 for extent in constant.shape or ()) == 1:
            step.mark(place, "bias")
    if own is not None and None not in shapes:
        spread = broadcast(*(shape for shape in shapes if shape is not None))
        if len(spread) > len(own) or any(one == 1 != other for one, other in zip(own, spread, strict=True)):
            wide = step.value()
            step.add("expand", [value], [wide], shape=spread)
            value = wide
    step.add("pass", [value])


def _chosen(step: Step) -> None:
    """`SelectV2`: what is chosen from; a condition makes no neuron."""
    values = [value for value in step.inputs[1:3] if value in step.running]
    if len(set(values)) > 1:
        step.add("add", values)
    elif values:
        step.add("pass", values[:1])
    else:
        step.unknown()


def _each(step: Step) -> None:
    """`IdentityN`: every value by itself."""
    for place, value in enumerate(step.inputs):
        output = f"{step.output}:{place}" if place else step.output
        constant = step.constant(place)
        if constant is None:
            step.add("pass", [value], [output])
        else:
            step.translation.define(output, constant)


def _switched(step: Step) -> None:
    """`Switch`: the value goes one of two ways."""
    step.add("pass", step.inputs[:1], [step.output, f"{step.output}:1"])


def _merged(step: Step) -> None:
    """`Merge`: of two branches the first is that of a condition which does not hold, as training does not."""
    step.translation.builder.note("of conditional branches the one for a false condition was followed")
    step.add("pass", step.running[:1], [step.output, f"{step.output}:1"])


def _normalised(step: Step) -> None:
    """`FusedBatchNorm`: scale, offset, mean and variance are of the norm."""
    for place in range(1, len(step.inputs)):
        step.mark(place, "norm")
    scale = step.weight(1, "o", "norm")
    weights = {} if scale is None else {"scale": scale}
    step.add("norm", step.running[:1], weights=weights, axis=channel_axis(step))


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(_UNARY, _passed),
    **dict.fromkeys(_SUMS, _combined("add")),
    **dict.fromkeys(_PRODUCTS, _combined("multiply")),
    **dict.fromkeys(("Select", "SelectV2", "Where"), _chosen),
    **dict.fromkeys(("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3", "_FusedBatchNormEx"), _normalised),
    **{"BatchNormWithGlobalNormalization": _normalised, "Switch": _switched, "Merge": _merged},
    "IdentityN": _each,
}
