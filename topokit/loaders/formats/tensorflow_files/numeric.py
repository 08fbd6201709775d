"""TensorFlow's operations between small arrays, for the shapes that graphs compute.

Unknown numbers are NaN; whole numbers among which some are unknown are therefore doubles.
Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.loaders.formats.graphs.constants import SMALL

Array = NDArray[Any]
Attributes = Mapping[str, Any]
Rule = Callable[[list[Array], Attributes], "Array | None"]


def _plain(function: Callable[..., Any]) -> Rule:
    return lambda operands, told: np.asarray(function(*operands))


def _cast(operands: list[Array], told: Attributes) -> Array:
    wanted = str(told.get("DstT", "float32"))
    if wanted.startswith(("int", "uint")):
        return np.trunc(operands[0]).astype(np.float64 if np.isnan(operands[0]).any() else np.int64)
    return operands[0]


def _divided(operands: list[Array], told: Attributes) -> Array:
    top, bottom = operands
    return np.asarray(np.floor_divide(top, np.where(bottom == 0, 1, bottom)))


def _compared(function: Callable[[Array, Array], Array]) -> Rule:
    """Comparisons with unknown numbers are unknown, not false."""

    def rule(operands: list[Array], told: Attributes) -> Array | None:
        return None if any(np.isnan(one.astype(float)).any() for one in operands) else function(*operands)

    return rule


def _reduced(function: Callable[..., Any]) -> Rule:
    def rule(operands: list[Array], told: Attributes) -> Array:
        axes = tuple(operands[1].reshape(-1).astype(int).tolist())
        return np.asarray(function(operands[0], axis=axes, keepdims=bool(told.get("keep_dims"))))

    return rule


def _filled(operands: list[Array], told: Attributes) -> Array | None:
    shape = operands[0].reshape(-1)
    if np.isnan(shape).any() or (shape < 0).any() or np.prod(shape, dtype=float) > SMALL:
        return None
    return np.full(tuple(shape.astype(int).tolist()), operands[1])


def _ranged(operands: list[Array], told: Attributes) -> Array | None:
    start, stop, step = (one.reshape(-1)[0] for one in operands)
    if not np.isfinite([start, stop, step]).all() or step == 0 or (stop - start) / step > SMALL:
        return None
    return np.arange(start, stop, step)


def _gathered(operands: list[Array], told: Attributes) -> Array | None:
    values, indices = operands[:2]
    axis = int(operands[2]) if len(operands) > 2 else 0
    return None if np.isnan(indices.astype(float)).any() else np.take(values, indices.astype(int), axis)


def _joined(operands: list[Array], told: Attributes) -> Array:
    return np.concatenate(operands[:-1], int(operands[-1]))


def _packed(operands: list[Array], told: Attributes) -> Array:
    return np.stack(operands, int(told.get("axis", 0)))


NUMERIC: Mapping[str, Rule] = {
    **dict.fromkeys(("Add", "AddV2"), _plain(np.add)),
    **{"Sub": _plain(np.subtract), "Mul": _plain(np.multiply), "Neg": _plain(np.negative), "Abs": _plain(np.abs)},
    **{"Maximum": _plain(np.maximum), "Minimum": _plain(np.minimum), "Square": _plain(np.square)},
    **{"Sqrt": _plain(np.sqrt), "Rsqrt": _plain(lambda x: 1 / np.sqrt(x)), "Pow": _plain(np.power)},
    **{"FloorDiv": _divided, "Div": _divided, "FloorMod": _plain(np.mod), "Mod": _plain(np.mod)},
    **{"RealDiv": _plain(np.true_divide), "Cast": _cast, "Exp": _plain(np.exp), "Floor": _plain(np.floor)},
    **{"Less": _compared(np.less), "Greater": _compared(np.greater), "Equal": _compared(np.equal)},
    **{"LessEqual": _compared(np.less_equal), "GreaterEqual": _compared(np.greater_equal)},
    **{"NotEqual": _compared(np.not_equal), "LogicalAnd": _compared(np.logical_and)},
    **{"LogicalOr": _compared(np.logical_or), "LogicalNot": _plain(np.logical_not)},
    **{"Prod": _reduced(np.prod), "Sum": _reduced(np.sum), "Max": _reduced(np.max), "Min": _reduced(np.min)},
    **{"All": _reduced(np.all), "Any": _reduced(np.any), "Mean": _reduced(np.mean)},
    **{"Fill": _filled, "Range": _ranged, "Gather": _gathered, "GatherV2": _gathered},
    **{"ConcatV2": _joined, "Pack": _packed},
}
