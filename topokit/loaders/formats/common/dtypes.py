"""Types of stored numbers, those NumPy has and those it has not, and their values from raw bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import inf, nan, prod
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from topokit.errors import UnsupportedFeatureError

Order = Literal["<", ">"]
Raw = NDArray[np.uint8]
Numbers = Callable[[Raw, str, tuple[int, ...], Order], NDArray[Any]]

_NATIVE = (
    *("bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"),
    *("float16", "float32", "float64", "complex64", "complex128"),
)


@dataclass(frozen=True, slots=True)
class Float8:
    """An 8-bit float: the widths of its fields, its bias, and what its largest codes mean."""

    exponent: int
    mantissa: int
    bias: int
    special: Literal["ieee", "nan-last", "nan-negative-zero"]


_FLOAT8 = {
    "float8_e4m3fn": Float8(4, 3, 7, "nan-last"),
    "float8_e5m2": Float8(5, 2, 15, "ieee"),
    "float8_e4m3fnuz": Float8(4, 3, 8, "nan-negative-zero"),
    "float8_e5m2fnuz": Float8(5, 2, 16, "nan-negative-zero"),
}

BITS: dict[str, int] = (
    {name: np.dtype(name).itemsize * 8 for name in _NATIVE}
    | {"bfloat16": 16, "float8_e8m0fnu": 8}
    | dict.fromkeys(_FLOAT8, 8)
    | {"float4_e2m1fn_x2": 8, "complex32": 32, "qint8": 8, "quint8": 8, "qint32": 32}
)


def stored_bytes(dtype: str, shape: tuple[int, ...]) -> int:
    """Bytes that an array of that type and shape takes; whole bytes, rounded up."""
    return -(-prod(shape) * BITS[dtype] // 8)


def decode(raw: Raw, dtype: str, shape: tuple[int, ...], order: Order = "<") -> NDArray[Any]:
    """The values behind raw bytes: a view where NumPy has the type, float32 where it has not.

    Booleans are copied, because bytes other than 0 and 1 behind a boolean view miscount.

    Raises
    ------
    KeyError
        topokit cannot read numbers of that type.
    """
    if dtype == "bool":
        return np.not_equal(raw, 0).reshape(shape)
    if dtype in _NATIVE:
        values: NDArray[Any] = raw.view(np.dtype(dtype).newbyteorder(order))
        return values.reshape(shape)
    return _WIDENED[dtype](raw, order).reshape(shape)


def stored_numbers(raw: Raw, dtype: str, shape: tuple[int, ...], order: Order = "<") -> NDArray[Any]:
    """A view of the numbers behind raw bytes, those of types that NumPy has not as unsigned integers."""
    kind = dtype if dtype in _NATIVE and dtype != "bool" else f"u{BITS[dtype] // 8}"
    values: NDArray[Any] = raw.view(np.dtype(kind).newbyteorder(order))
    return values.reshape(shape)


def check_readable(dtype: str, path: Path, format: str, name: str) -> None:
    """Raise `UnsupportedFeatureError` when `decode` does not know the type."""
    if dtype not in _NATIVE and dtype not in _WIDENED:
        raise UnsupportedFeatureError(
            path,
            f"numbers of type {dtype} cannot be read",
            format=format,
            place=repr(name),
            remedy="convert the weights to float32 or float16 and save again",
        )


def _from_bfloat16(raw: Raw, order: Order) -> NDArray[np.float32]:
    high: NDArray[np.uint32] = raw.view(np.dtype(np.uint16).newbyteorder(order)).astype(np.uint32)
    return np.left_shift(high, 16, out=high).view(np.float32)


def _from_float8_e8m0(raw: Raw, order: Order) -> NDArray[np.float32]:
    powers = np.ldexp(np.float64(1), np.arange(256) - 127)
    powers[255] = nan
    return powers.astype(np.float32)[raw]


def _from_float8(name: str) -> Callable[[Raw, Order], NDArray[np.float32]]:
    return lambda raw, order: _float8_table(name)[raw]


@cache
def _float8_table(name: str) -> NDArray[np.float32]:
    return np.array([_float8_value(code, _FLOAT8[name]) for code in range(256)], np.float32)


def _float8_value(code: int, kind: Float8) -> float:
    """Value of one code, after Micikevicius et al., FP8 formats for deep learning (2022), and Noune et al. (2022)."""
    sign = -1.0 if code & 0x80 else 1.0
    exponent = (code & 0x7F) >> kind.mantissa
    mantissa = code & ((1 << kind.mantissa) - 1)
    if kind.special == "nan-negative-zero" and code == 0x80:
        return nan
    if kind.special == "nan-last" and code & 0x7F == 0x7F:
        return nan
    if kind.special == "ieee" and exponent == (1 << kind.exponent) - 1:
        return nan if mantissa else sign * inf
    fraction = mantissa / (1 << kind.mantissa) + (1 if exponent else 0)
    return float(sign * fraction * 2.0 ** (max(exponent, 1) - kind.bias))


_WIDENED: dict[str, Callable[[Raw, Order], NDArray[np.float32]]] = {
    "bfloat16": _from_bfloat16,
    "float8_e8m0fnu": _from_float8_e8m0,
    **{name: _from_float8(name) for name in _FLOAT8},
}
