"""Operations without variables that stand between layers: ``keras.ops`` and the functions of TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from topokit.loaders.formats.keras_files.graph import OPERATION, Given, Step, Translator
from topokit.loaders.formats.keras_files.slots import snake_case
from topokit.loaders.graph import Operation

_SYNONYMS = {
    **{"truediv": "divide", "true_divide": "divide", "mul": "multiply", "sub": "subtract", "concat": "concatenate"},
    **{"reduce_mean": "mean", "reduce_sum": "sum", "reduce_max": "max", "reduce_min": "min", "getitem": "get_item"},
}
_PLAIN = (
    *("relu", "relu6", "sigmoid", "tanh", "softmax", "gelu", "silu", "swish", "elu", "selu", "leaky_relu", "softplus"),
    *(
        "softsign",
        "hard_sigmoid",
        "hard_silu",
        "log_softmax",
        "exp",
        "log",
        "sqrt",
        "square",
        "abs",
        "absolute",
        "cast",
    ),
    *("negative", "clip", "clip_by_value", "stop_gradient", "identity", "dropout", "mish", "power", "pow", "rsqrt"),
)


def _told(step: Step, name: str, position: int, *others: str) -> Any:
    """A setting of the call: by keyword, by position, or kept in the operation."""
    for key in (name, *others):
        if key in step.keywords:
            return step.keywords[key]
    if position < len(step.arguments):
        return step.arguments[position]
    return next((step.config[key] for key in (name, *others) if key in step.config), None)


def _unchanged(step: Step) -> list[str]:
    return step.add("pass", step.inputs[:1])


def _elementwise(op: Operation) -> Translator:
    return lambda step: step.add(op if len(step.inputs) > 1 else "pass")


def _matmul(step: Step) -> list[str]:
    return step.add("matmul") if len(step.inputs) == 2 else step.unknown()


def _concatenate(step: Step) -> list[str]:
    axis = _told(step, "axis", 1)
    return step.add("concat", axis=-1 if type(axis) is not int else axis)


def _reshape(step: Step) -> list[str]:
    shape = _told(step, "shape", 1, "newshape")
    if not isinstance(shape, list) or not all(type(n) is int or n is None or isinstance(n, Given) for n in shape):
        return step.unknown()
    return step.add("reshape", step.inputs[:1], shape=tuple(n if type(n) is int else None for n in shape))


def _transpose(step: Step) -> list[str]:
    order = _told(step, "axes", 1, "perm")
    if not isinstance(order, list) or sorted(order) != list(range(len(order))):
        return step.unknown()
    return step.add("transpose", order=tuple(order))


def _along(op: Operation) -> Translator:
    def translate(step: Step) -> list[str]:
        axis = _told(step, "axis", 1)
        axes = axis if isinstance(axis, list) else [axis]
        if not all(type(number) is int for number in axes):
            return step.unknown()
        return step.add(op, step.inputs[:1], axes=tuple(axes))

    return translate


def _reduce(step: Step) -> list[str]:
    axis, keepdims = _told(step, "axis", 1), bool(_told(step, "keepdims", 2))
    axes = axis if isinstance(axis, list) else [axis]
    if not all(type(number) is int for number in axes):
        return step.unknown()
    return step.add("reduce", axes=tuple(axes), keepdims=keepdims)


def _get_item(step: Step) -> list[str]:
    """Slices, and whole numbers, which drop their axis."""
    shape = step.builder.shapes.get(step.inputs[0])
    spec = _told(step, "key", 1, "slice_spec")
    entries = spec if isinstance(spec, list) else [spec]
    if shape is None or any(not _is_span(entry) for entry in entries) or len(entries) > len(shape):
        return step.unknown()
    index = tuple((entry, entry + 1 or None, 1) if type(entry) is int else _span(entry) for entry in entries)
    made = step.add("slice", index=index + (None,) * (len(shape) - len(index)))
    dropped = tuple(axis for axis, entry in enumerate(entries) if type(entry) is int)
    return step.add("squeeze", made, suffix="/item", axes=dropped) if dropped else made


def _is_span(entry: Any) -> bool:
    if type(entry) is int:
        return True
    parts = _parts(entry)
    return parts is not None and all(part is None or type(part) is int for part in parts)


def _parts(entry: Any) -> tuple[Any, Any, Any] | None:
    table = entry.get("config", entry) if isinstance(entry, Mapping) else None
    if not isinstance(table, Mapping) or not table.keys() & {"start", "stop", "step"}:
        return None
    return table.get("start"), table.get("stop"), table.get("step")


def _span(entry: Any) -> tuple[int | None, int | None, int | None] | None:
    parts = _parts(entry)
    return None if parts in (None, (None, None, None)) else parts


_TRANSLATORS: Mapping[str, Translator] = {
    **dict.fromkeys(_PLAIN, _unchanged),
    **dict.fromkeys(("add", "subtract", "maximum", "minimum"), _elementwise("add")),
    **dict.fromkeys(("multiply", "divide"), _elementwise("multiply")),
    **dict.fromkeys(("mean", "sum", "max", "min"), _reduce),
    "matmul": _matmul,
    "concatenate": _concatenate,
    "reshape": _reshape,
    "transpose": _transpose,
    "squeeze": _along("squeeze"),
    "expand_dims": _along("unsqueeze"),
    "get_item": _get_item,
}


def _translated(step: Step, function: str) -> list[str]:
    name = function.rpartition(".")[2]
    translate = _TRANSLATORS.get(_SYNONYMS.get(name, name))
    return step.unknown() if translate is None or not step.inputs else list(translate(step))


def operation(step: Step) -> list[str]:
    """An operation of ``keras.ops``, which the file keeps like a layer of the operation's class."""
    return _translated(step, snake_case(step.layer.kind))


def _function(step: Step) -> list[str]:
    """A function of TensorFlow between layers of Keras 2; only its name is looked at."""
    return _translated(step, str(step.config.get("function", "")))


TRANSLATORS = {OPERATION: operation, "TFOpLambda": _function, "SlicingOpLambda": _function}
