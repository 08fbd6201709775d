"""What stands for the things that the machine does not make."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

_LONGEST_NAME = 100
_LONGEST_KEY = 1000
_DEEPEST_KEY = 4


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


def checked_key(value: Any, depth: int = 0) -> Any:
    """`value` as a key of a table or an element of a set.

    Deeply nested tuples overflow the stack of the interpreter when hashed, so only shallow ones are allowed.

    Raises
    ------
    TypeError
        The value cannot be a key.
    """
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes, Global, Placeholder)):
        return value
    if isinstance(value, (tuple, frozenset)) and depth < _DEEPEST_KEY and len(value) <= _LONGEST_KEY:
        for part in value:
            checked_key(part, depth + 1)
        return value
    raise TypeError(f"a {type(value).__name__} is used as a key")
