"""Fields of a configuration: their help and limits, and their values as Python, TOML and command-line text."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, TypeVar

from topokit.errors import ConfigError, UnknownNameError

Value = TypeVar("Value")

_KINDS = {
    str: "a string",
    bool: "true or false",
    int: "an integer",
    float: "a number",
    tuple[int, ...]: "integers such as [256, 256]",
}


def option(
    default: Value, help: str, *, within: str = "", choices: Iterable[str] | None = None, incidental: bool = False
) -> Value:
    """A dataclass field.

    Parameters
    ----------
    default : object
        Its default value.
    help : str
        What it means, for people.
    within : str, optional
        The interval a number (or each number of a tuple) lies in, such as ``"(0, 1]"``.
    choices : iterable of str, optional
        The names it may have.
    incidental : bool
        Whether it changes no result of a run.
    """
    metadata = {"help": help, "within": within, "choices": choices, "incidental": incidental}
    field: Value = dataclasses.field(default=default, metadata=metadata)
    return field


def typed(name: str, value: Any, kind: Any) -> Any:
    """`value` as `kind`; integers pass as floats and lists as tuples, and anything else is a `ConfigError`."""
    if kind == tuple[int, ...]:
        fits = isinstance(value, (list, tuple)) and all(_is_a(item, int) for item in value)
    else:
        fits = _is_a(value, kind)
    if not fits:
        raise ConfigError(f"{name} is {value!r}: it takes {_KINDS[kind]}")
    try:
        return tuple(value) if kind == tuple[int, ...] else kind(value)
    except OverflowError as error:
        raise ConfigError(f"{name} has too many digits: it takes {_KINDS[kind]}") from error


def check_value(field: dataclasses.Field[Any], value: Any) -> None:
    """Raise `UnknownNameError` or `ConfigError` unless `value` is among the field's choices and in its interval."""
    choices, within = field.metadata["choices"], field.metadata["within"]
    if choices is not None and value not in choices:
        raise UnknownNameError(field.name, value, choices)
    if within and not all(map(_inside(within), value if isinstance(value, tuple) else (value,))):
        raise ConfigError(f"{field.name} is {value!r}: it lies in {within}")


def parsed(name: str, text: str, kind: Any) -> Any:
    """The value that command-line `text` stands for: ``true``, ``0.05``, ``300,100``; `ConfigError` if none."""
    try:
        return _READERS[kind](text)
    except (ValueError, KeyError) as error:
        raise ConfigError(f"{name} is {text!r}: it takes {_KINDS[kind]}") from error


def toml(value: Any) -> str:
    """`value` as TOML writes it."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _is_a(value: Any, kind: type) -> bool:
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, (int, float) if kind is float else kind)


@cache
def _inside(interval: str) -> Callable[[float], bool]:
    low, high = map(float, interval[1:-1].split(","))

    def inside(value: float) -> bool:
        above = value >= low if interval[0] == "[" else value > low
        return above and (value <= high if interval[-1] == "]" else value < high)

    return inside


def _read_bool(text: str) -> bool:
    return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[text.strip().lower()]


def _read_integers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.strip().strip("[]()").split(",") if part.strip())


_READERS: dict[Any, Callable[[str], Any]] = {
    str: str,
    bool: _read_bool,
    int: int,
    float: float,
    tuple[int, ...]: _read_integers,
}
