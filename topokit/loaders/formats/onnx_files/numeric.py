"""Operators of ONNX between small arrays, for the shapes that exporters compute in the graph.

Unknown numbers are NaN; whole numbers among which some are unknown are therefore doubles.
Source: https://onnx.ai/onnx/operators/.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.loaders.formats.graphs.constants import SMALL
from topokit.loaders.formats.onnx_files.tensors import DTYPES

Array = NDArray[Any]
Attributes = Mapping[str, Any]
Rule = Callable[[list[Array], Attributes], "Array | None"]


def few(shape: tuple[int, ...]) -> bool:
    """Whether an array of that shape is small enough to be made."""
    return prod(shape) <= SMALL


def _is_whole(values: Array) -> bool:
    return values.dtype.kind in "iu" or values.dtype == np.float64


def _divide(operands: list[Array], attributes: Attributes) -> Array:
    top, bottom = operands
    if _is_whole(top) and _is_whole(bottom):
        return np.floor_divide(top, np.where(bottom == 0, 1, bottom))
    return np.asarray(top / bottom)


def _cast(operands: list[Array], attributes: Attributes) -> Array:
    values, dtype = operands[0], DTYPES.get(attributes.get("to", 1), "float32")
    if dtype.startswith(("int", "uint")):
        return np.trunc(values).astype(np.float64 if np.isnan(values).any() else np.int64)
    if dtype == "bool":
        return values if np.isnan(values).any() else values.astype(bool)
    return values.astype(np.float32)


def _compare(function: Callable[[Array, Array], Array]) -> Rule:
    def rule(operands: list[Array], attributes: Attributes) -> Array:
        left, right = operands
        return _or_unknown(function(left, right), left, right)

    return rule


def _or_unknown(result: Array, *operands: Array) -> Array:
    """The result with NaN wherever an operand is NaN."""
    unknown = np.zeros((), bool)
    for operand in operands:
        unknown = unknown | np.isnan(operand.astype(np.float64))
    return np.where(unknown, np.nan, result) if unknown.any() else result


def _where(operands: list[Array], attributes: Attributes) -> Array:
    condition, yes, no = operands
    chosen = np.where(np.nan_to_num(condition.astype(np.float64)) != 0, yes, no)
    return np.where(yes == no, chosen, _or_unknown(chosen, np.broadcast_to(condition, chosen.shape)))


def _reduce(function: Callable[..., Any]) -> Rule:
    def rule(operands: list[Array], attributes: Attributes) -> Array:
        axes = attributes.get("axes") or (operands[1].astype(int).tolist() if len(operands) > 1 else None)
        keep = bool(attributes.get("keepdims", 1))
        return np.asarray(function(operands[0], axis=None if axes is None else tuple(axes), keepdims=keep))

    return rule


def _expand(operands: list[Array], attributes: Attributes) -> Array | None:
    values, shape = operands[0], operands[1].reshape(-1)
    if np.isnan(shape).any() or (shape < 0).any():
        return None
    wanted = np.broadcast_shapes(values.shape, tuple(shape.astype(int).tolist()))
    return np.broadcast_to(values, wanted) if few(wanted) else None


def _range(operands: list[Array], attributes: Attributes) -> Array | None:
    start, stop, step = (operand.reshape(-1)[0] for operand in operands)
    if not np.isfinite([start, stop, step]).all() or step == 0 or (stop - start) / step > SMALL:
        return None
    return np.arange(start, stop, step)


def _tile(operands: list[Array], attributes: Attributes) -> Array | None:
    values, repeats = operands
    if np.isnan(repeats).any() or (repeats < 0).any() or repeats.size != values.ndim:
        return None
    times = repeats.astype(int).tolist()
    return np.tile(values, times) if few((values.size, *times)) else None


def _gather(operands: list[Array], attributes: Attributes) -> Array | None:
    values, indices = operands
    if np.isnan(indices.astype(np.float64)).any():
        return None
    return np.take(values, indices.astype(np.int64), attributes.get("axis", 0))


def _clip(operands: list[Array], attributes: Attributes) -> Array:
    low, high = (operands[k] if len(operands) > k else attributes.get(name) for k, name in ((1, "min"), (2, "max")))
    return np.asarray(np.clip(operands[0], low, high))


def _cumulated(operands: list[Array], attributes: Attributes) -> Array | None:
    plain = not attributes.get("exclusive") and not attributes.get("reverse")
    return np.cumsum(operands[0], int(operands[1])) if plain else None


def _unary(function: Callable[[Array], Any]) -> Rule:
    return lambda operands, attributes: np.asarray(function(operands[0]))


def _folded(function: Callable[[Array, Array], Any]) -> Rule:
    def rule(operands: list[Array], attributes: Attributes) -> Array:
        result = operands[0]
        for operand in operands[1:]:
            result = np.asarray(function(result, operand))
        return result

    return rule


ELEMENTWISE: Mapping[str, Rule] = {
    "Abs": _unary(np.abs),
    "Add": _folded(np.add),
    "And": _compare(np.logical_and),
    "Cast": _cast,
    "Ceil": _unary(np.ceil),
    "Cos": _unary(np.cos),
    "Div": _divide,
    "Equal": _compare(np.equal),
    "Exp": _unary(np.exp),
    "Floor": _unary(np.floor),
    "Greater": _compare(np.greater),
    "GreaterOrEqual": _compare(np.greater_equal),
    "Less": _compare(np.less),
    "LessOrEqual": _compare(np.less_equal),
    "Max": _folded(np.maximum),
    "Min": _folded(np.minimum),
    "Mod": _folded(np.mod),
    "Mul": _folded(np.multiply),
    "Neg": _unary(np.negative),
    "Not": lambda operands, attributes: _or_unknown(np.logical_not(operands[0]), operands[0]),
    "Or": _compare(np.logical_or),
    "Pow": _folded(np.power),
    "Reciprocal": _unary(np.reciprocal),
    "Round": _unary(np.round),
    "Sin": _unary(np.sin),
    "Sqrt": _unary(np.sqrt),
    "Sub": _folded(np.subtract),
    "Sum": _folded(np.add),
    "Where": _where,
}

NUMERIC: Mapping[str, Rule] = {
    **ELEMENTWISE,
    "Clip": _clip,
    "Concat": lambda operands, attributes: np.concatenate(operands, attributes.get("axis", 0)),
    "CumSum": _cumulated,
    "Expand": _expand,
    "Gather": _gather,
    "Range": _range,
    "ReduceMax": _reduce(np.max),
    "ReduceMin": _reduce(np.min),
    "ReduceProd": _reduce(np.prod),
    "ReduceSum": _reduce(np.sum),
    "Size": lambda operands, attributes: np.asarray(operands[0].size),
    "Tile": _tile,
}
