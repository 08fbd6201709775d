"""Operators that work on each neuron by itself, or on neurons in pairs."""

from __future__ import annotations

from topokit.loaders.formats.graphs.shapes import broadcast
from topokit.loaders.formats.onnx_files.step import Handler, Step
from topokit.loaders.graph import Operation

_UNARY = (
    *("Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "BitShift", "Cast", "CastLike", "Ceil", "Celu"),
    *("Clip", "Cos", "Cosh", "CumSum", "Dropout", "DynamicQuantizeLinear", "Elu", "Erf", "Exp", "Floor", "Gelu"),
    *("HardSigmoid", "HardSwish", "Hardmax", "Identity", "IsInf", "IsNaN", "LRN", "LeakyRelu", "Log", "LogSoftmax"),
    *("LpNormalization", "MeanVarianceNormalization", "Mish", "Neg", "Not", "Reciprocal", "Relu", "Round", "Selu"),
    *("Shrink", "Sigmoid", "Sign", "Sin", "Sinh", "Softmax", "Softplus", "Softsign", "Sqrt", "Swish", "Tan", "Tanh"),
    *("ThresholdedRelu", "Trilu", "QuantizeLinear", "DequantizeLinear", "PRelu", "RotaryEmbedding"),
    *("ReverseSequence", "ScatterND", "ScatterElements", "Bernoulli"),
)
_WITH_PARAMETERS = ("PRelu", "BiasGelu", "BiasAdd")
_COMPARISONS = ("Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual")
_SUMS = ("Add", "Sub", "Sum", "Mean", "Max", "Min", "And", "Or", "Xor", *_COMPARISONS)
_PRODUCTS = ("Mul", "Div", "Pow", "Mod")
_MICROSOFT_UNARY = ("BiasGelu", "FastGelu", "Gelu", "QuickGelu", "BiasAdd", "Trilu", "RotaryEmbedding")


def passed(step: Step) -> None:
    """The first value goes on; constants beside it are parameters."""
    if step.key[1] in _WITH_PARAMETERS:
        step.mark(1, "bias")
    step.add("pass", step.running[:1])


def _combined(op: Operation) -> Handler:
    def handler(step: Step) -> None:
        running = step.running
        if len(running) > 1:
            step.add(op, running)
        else:
            _with_constants(step, running[0])

    return handler


def _with_constants(step: Step, value: str) -> None:
    """One value and constants, which may spread it over further axes."""
    shapes = [step.shape(place) for place in range(len(step.inputs))]
    own = step.translation.builder.shapes.get(value)
    for place in range(len(step.inputs)):
        constant = step.constant(place)
        if constant and constant.shape and sum(extent > 1 for extent in constant.shape) == 1:
            step.mark(place, "bias")
    if own is not None and None not in shapes:
        spread = broadcast(*(shape for shape in shapes if shape is not None))
        grows = len(spread) > len(own) or any(one == 1 != other for one, other in zip(own, spread, strict=True))
        if grows and step.key[1] in _COMPARISONS:
            step.unknown("one-hot")
            return
        if grows:
            wide = step.value()
            step.add("expand", [value], [wide], shape=spread)
            value = wide
    step.add("pass", [value])


def _chosen(step: Step) -> None:
    """`Where`: what is chosen from; a condition makes no neuron."""
    values = [value for value in step.inputs[1:3] if value not in step.translation.constants]
    if len(set(values)) > 1:
        step.add("add", values)
    elif values:
        step.add("pass", values[:1])
    else:
        step.unknown()


HANDLERS: dict[tuple[str, str], Handler] = {
    **{("", name): passed for name in _UNARY},
    **{("com.microsoft", name): passed for name in _MICROSOFT_UNARY},
    **{("", name): _combined("add") for name in _SUMS},
    **{("", name): _combined("multiply") for name in _PRODUCTS},
    ("", "Where"): _chosen,
}
