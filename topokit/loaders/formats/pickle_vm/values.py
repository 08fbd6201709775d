"""What stands for the things that the machine does not make."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

_LONGEST_NAME = 100
_LARGEST_KEY = 2**63


@dataclass(frozen=True, slots=True)
class Global:
    """A name that a pickle mentions; nothing is behind it."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"[:_LONGEST_NAME]


@dataclass(eq=False, slots=True)
class Placeholder:
    """What a call of an unknown name would have returned.

    Attributes
    ----------
    kind : Global
        The name that was called.
    arguments : tuple
        With what.
    state : object
        What the pickle then set on it.
    items : dict
        What the pickle then put into it by key.
    elements : list
        What the pickle then appended to it.
    """

    kind: Global
    arguments: tuple[Any, ...] = ()
    state: Any = None
    items: dict[Any, Any] = field(default_factory=dict)
    elements: list[Any] = field(default_factory=list)


def checked_key(value: Any) -> Any:
    """`value` as a key of a table or an element of a set, or a placeholder that takes its place there.

    Numbers and tuples are hashed by a known rule, and anew each time: those that are long, deep, or made to have
    equal hashes would keep the interpreter busy for hours. No name of a tensor is one of them.

    Raises
    ------
    TypeError
        The value cannot be a key.
    """
    if isinstance(value, int):
        return value if abs(value) < _LARGEST_KEY else Placeholder(Global("builtins", "int"))
    if isinstance(value, (complex, tuple, frozenset)):
        return Placeholder(Global("builtins", type(value).__name__))
    if value is None or isinstance(value, (float, str, bytes, Global, Placeholder)):
        return value
    raise TypeError(f"a {type(value).__name__} is used as a key")
