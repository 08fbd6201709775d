"""The computation of a TensorFlow Lite file in topokit's vocabulary.

Operators: https://ai.google.dev/edge/litert/models/ops_compatibility.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from topokit.loaders.formats.tflite_files import elementwise, loops, shaping, weighted
from topokit.loaders.formats.tflite_files.step import Step, Translation
from topokit.loaders.graph import GraphIR

_UNARY = (
    *("RELU", "RELU6", "RELU_N1_TO_1", "RELU_0_TO_1", "LEAKY_RELU", "PRELU", "ELU", "GELU", "HARD_SWISH", "LOGISTIC"),
    *("TANH", "SOFTMAX", "LOG_SOFTMAX", "EXP", "LOG", "SQRT", "RSQRT", "SQUARE", "ABS", "NEG", "SIGN", "FLOOR", "CEIL"),
    *("ROUND", "SIN", "COS", "L2_NORMALIZATION", "LOCAL_RESPONSE_NORMALIZATION", "RESIZE_BILINEAR"),
    *("RESIZE_NEAREST_NEIGHBOR", "CUMSUM", "REVERSE_V2", "REVERSE_SEQUENCE", "LOGICAL_NOT", "BATCH_TO_SPACE_ND"),
    "SPACE_TO_BATCH_ND",
)
_SUMS = (
    *("ADD", "SUB", "ADD_N", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE", "POW", "ATAN2", "LESS", "LESS_EQUAL"),
    *("GREATER", "GREATER_EQUAL", "EQUAL", "NOT_EQUAL", "LOGICAL_AND", "LOGICAL_OR"),
)
_PRODUCTS = ("MUL", "DIV", "FLOOR_DIV", "FLOOR_MOD")
_CONVERSIONS = ("CAST", "DEQUANTIZE", "QUANTIZE", "FAKE_QUANT", "DENSIFY")
_POOLS = ("AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D")
_REDUCTIONS = ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD", "REDUCE_ANY", "REDUCE_ALL")
_ASIDE = ("SHAPE", "RANK", "RANGE", "FILL", "ZEROS_LIKE", "BROADCAST_ARGS", "ASSIGN_VARIABLE", "CALL_ONCE")
"""Shapes as values, which the file tells anyway, and what is for later steps."""


def translated(known: Translation) -> GraphIR:
    """The network, operator by operator; those without a translation stay as unknown ones."""
    main = known.parts[0]
    for operator in main.operators:
        if operator.name not in _ASIDE:
            _OPERATORS.get(operator.name, Step.unknown)(Step(known, operator))
    return known.builder.finish(*([main.tensors[k].name for k in numbers] for numbers in (main.inputs, main.outputs)))


def _variable_handle(step: Step) -> None:
    """A variable is known by its name, wherever it is used."""
    step.known.variables[step.outputs[0]] = step.option_text(1) or step.outputs[0]


def _read_variable(step: Step) -> None:
    """What a variable holds: a stored tensor, or what earlier steps left there, which is no neuron of this one."""
    initial = step.known.initial.get(step.known.variables.get(step.inputs[0], ""))
    constant = None if initial is None else step.known.constant(initial)
    if constant is not None:
        step.known.constants[step.outputs[0]] = constant


_OPERATORS: Mapping[str, Callable[[Step], None]] = {
    **dict.fromkeys(_UNARY, elementwise.unary),
    **dict.fromkeys(_SUMS, elementwise.total),
    **dict.fromkeys(_PRODUCTS, elementwise.product),
    **dict.fromkeys(_CONVERSIONS, elementwise.converted),
    **dict.fromkeys(_POOLS, elementwise.pool),
    **dict.fromkeys(_REDUCTIONS, elementwise.reduction),
    "SELECT": elementwise.selected,
    "SELECT_V2": elementwise.selected,
    "FULLY_CONNECTED": weighted.fully_connected,
    "CONV_2D": weighted.convolution,
    "DEPTHWISE_CONV_2D": weighted.depthwise_convolution,
    "TRANSPOSE_CONV": weighted.transposed_convolution,
    "Convolution2DTransposeBias": weighted.transposed_convolution_with_bias,
    "CONV_3D": weighted.convolution_3d,
    "CONV_3D_TRANSPOSE": weighted.transposed_convolution_3d,
    "BATCH_MATMUL": weighted.batch_matmul,
    "EMBEDDING_LOOKUP": weighted.embedding_lookup,
    "GATHER": weighted.gather,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": weighted.lstm,
    "UNIDIRECTIONAL_SEQUENCE_RNN": weighted.rnn,
    "SVDF": weighted.svdf,
    "WHILE": loops.loop,
    "RESHAPE": shaping.reshape,
    "TRANSPOSE": shaping.transpose,
    "SQUEEZE": shaping.squeeze,
    "EXPAND_DIMS": shaping.expand_dims,
    "CONCATENATION": shaping.concatenation,
    "PACK": shaping.pack,
    "UNPACK": shaping.unpack,
    "SPLIT": shaping.split,
    "SPLIT_V": shaping.split_v,
    "SLICE": shaping.slice_,
    "STRIDED_SLICE": shaping.strided_slice,
    **dict.fromkeys(("PAD", "PADV2", "MIRROR_PAD"), shaping.pad),
    "DEPTH_TO_SPACE": shaping.depth_to_space,
    "SPACE_TO_DEPTH": shaping.space_to_depth,
    **dict.fromkeys(("BROADCAST_TO", "TILE"), shaping.broadcast),
    "VAR_HANDLE": _variable_handle,
    "READ_VARIABLE": _read_variable,
}
