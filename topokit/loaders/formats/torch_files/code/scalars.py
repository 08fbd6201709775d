"""Operators on plain numbers and lists, which code uses to work out shapes and conditions."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from topokit.loaders.formats.torch_files.code.values import UNKNOWN, Unknown, is_known

_MOST_ELEMENTS = 4096
_LARGEST = 2**63


def _derived(index: int, start: int, step: int = 1) -> int:
    return start + index * step


def _same(left: Any, right: Any) -> Any:
    return left is right if left is None or right is None else left == right


def _repeated(values: Any, times: Any) -> Any:
    if isinstance(values, (list, tuple, str)) and len(values) * times > _MOST_ELEMENTS:
        raise ValueError("a list grows too long")
    return values * times


def _power(base: float, exponent: float) -> Any:
    return base**exponent if abs(exponent) <= 64 and abs(base) <= 2**32 else UNKNOWN


def _bounded(value: Any) -> Any:
    """`value`, unless it grows with every turn of a loop."""
    if isinstance(value, (list, tuple, str)) and len(value) > _MOST_ELEMENTS:
        raise ValueError("a list grows too long")
    return UNKNOWN if isinstance(value, int) and abs(value) >= _LARGEST else value


def _slice(values: Any, start: int | None = None, stop: int | None = None, step: int = 1) -> Any:
    return values[slice(start, stop, step)]


SCALARS: Mapping[str, Callable[..., Any]] = {
    **{"add": operator.add, "sub": operator.sub, "mul": _repeated, "div": operator.truediv, "neg": operator.neg},
    **{"floordiv": operator.floordiv, "floor_divide": operator.floordiv, "remainder": operator.mod, "pow": _power},
    **{"eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "le": operator.le, "gt": operator.gt},
    **{"ge": operator.ge, "__not__": operator.not_, "__and__": operator.and_, "__or__": operator.or_},
    **{"__is__": _same, "__isnot__": lambda left, right: not _same(left, right)},
    **{"__contains__": operator.contains, "__getitem__": operator.getitem, "slice": _slice},
    **{"len": len, "min": min, "max": max, "abs": abs, "list": list, "__derive_index": _derived},
    **{"__range_length": lambda start, stop, step=1: len(range(start, stop, step))},
    **{"format": lambda *parts: "", "str": lambda value: "", "warn": lambda *parts: None},
    **dict.fromkeys(("Int", "IntImplicit", "int", "NumToTensor", "ScalarImplicit"), lambda value: int(value)),
    **dict.fromkeys(("Float", "FloatImplicit", "float"), lambda value: float(value)),
    **dict.fromkeys(("Bool", "bool"), lambda value: bool(value)),
}
SYMBOLS = {
    **{"+": "add", "-": "sub", "*": "mul", "/": "div", "//": "floor_divide", "%": "remainder", "**": "pow"},
    **{"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "@": "matmul", "&": "__and__"},
    **{"|": "__or__", "is": "__is__", "in": "__contains__", "^": "__xor__", "<<": "__lshift__", ">>": "__rshift__"},
}


def computed(name: str, arguments: tuple[Any, ...]) -> Any:
    """The value of an operator on plain values; unknown where one of them is, or where nobody knows the operator."""
    if name in ("__is__", "__isnot__") and any(value is None for value in arguments):
        return _same(*arguments) == (name == "__is__")
    if name == "__contains__":
        arguments = arguments[::-1] if not isinstance(arguments[0], (list, tuple, dict, str)) else arguments
    if name == "len" and isinstance(arguments[0], (list, tuple)):
        return len(arguments[0])
    if name == "__getitem__" and isinstance(arguments[0], (list, tuple)) and isinstance(arguments[1], int):
        return arguments[0][arguments[1]]
    if name in ("slice", "list") and isinstance(arguments[0], (list, tuple)) and is_known(arguments[1:]):
        return SCALARS[name](*arguments)
    if name == "add" and all(isinstance(value, (list, tuple)) for value in arguments[:2]):
        return _bounded(arguments[0] + type(arguments[0])(arguments[1]))
    function = SCALARS.get(name)
    if function is None or not all(is_known(value) for value in arguments):
        return UNKNOWN
    return _bounded(function(*arguments))


def truth(value: Any) -> bool | Unknown:
    """Whether a value counts as true."""
    return UNKNOWN if isinstance(value, Unknown) else bool(value)
