"""What names stand for while code is followed: tensors as `Value`, plain numbers and lists as themselves, and these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from topokit.loaders.formats.graphs.calls import Value
from topokit.loaders.formats.pickle_vm import Global


class UntranslatableError(Exception):
    """The code depends on what only its inputs tell, or does what has no counterpart in a graph."""


class Unknown:
    """A number, truth value or anything else that only run time tells."""

    def __repr__(self) -> str:
        return "unknown"


UNKNOWN = Unknown()


@dataclass(frozen=True, eq=False, slots=True)
class Module:
    """A module in its place.

    Attributes
    ----------
    path : str
        The names that lead to it.
    kind : Global
        Its class.
    attributes : dict
        What it holds: tensors as `Value`, other modules, plain values; code may change it.
    """

    path: str
    kind: Global
    attributes: dict[str, Any]

    @property
    def holds_tensors(self) -> bool:
        """Whether it has tensors, or modules that do."""
        return any(
            part.holds_tensors if isinstance(part, Module) else isinstance(part, Value)
            for part in self.attributes.values()
        )


@dataclass(frozen=True, slots=True)
class Path:
    """A dotted name that the code does not define, such as ``torch.relu``."""

    name: str


@dataclass(frozen=True, slots=True)
class Method:
    """A function of a module or tensor."""

    owner: Module | Value
    name: str


def tensors_in(value: Any) -> tuple[Value, ...]:
    """The tensors of a value, those in lists and tuples too."""
    if isinstance(value, Value):
        return (value,)
    if isinstance(value, (list, tuple)):
        return tuple(tensor for part in value for tensor in tensors_in(part))
    return ()


def is_known(value: Any) -> bool:
    """Whether a value holds nothing that only run time tells."""
    if isinstance(value, (list, tuple)):
        return all(is_known(part) for part in value)
    return not isinstance(value, (Unknown, Value))
