"""The modules of a file in their places, as code sees them."""

from __future__ import annotations

from typing import Any

from topokit.loaders.formats.objects.modules import TABLES, attributes_of, is_module
from topokit.loaders.formats.pickle_vm import Global, Placeholder
from topokit.loaders.formats.torch_files.code.lowering import Lowering
from topokit.loaders.formats.torch_files.code.values import UNKNOWN, Module, Path, UntranslatableError
from topokit.loaders.formats.torch_files.objects import StridedTensor
from topokit.loaders.formats.torch_files.source import Source

_MOST_PARTS = 500_000
_LONGEST_LIST = 100
_DEEPEST = 60
_GETATTR = Global("builtins", "getattr")


class ModuleTree:
    """Makes modules of what a pickle holds; their tensors become values of the graph.

    Raises
    ------
    UntranslatableError
        Too many parts, or too deep.
    """

    def __init__(self, source: Source, lowering: Lowering) -> None:
        self._source, self._lowering = source, lowering
        self._parts = 0

    def root(self) -> Module:
        """The outermost module, and all that it holds."""
        return self._module("", self._source.root, 0)

    def _module(self, path: str, made: Placeholder, depth: int) -> Module:
        own = attributes_of(made) or {}
        attributes = {key: value for key, value in own.items() if key not in TABLES}
        for table in TABLES:
            attributes |= own[table]
        prefix = f"{path}." if path else ""
        held = {str(key): self._held(f"{prefix}{key}", value, depth) for key, value in attributes.items()}
        return Module(path, made.kind, held)

    def _held(self, path: str, value: Any, depth: int) -> Any:
        self._parts += 1
        if self._parts > _MOST_PARTS or depth > _DEEPEST:
            raise UntranslatableError("it has too many modules, or modules nest too deep")
        if isinstance(value, StridedTensor):
            name = self._source.names.get(id(value))
            return UNKNOWN if name is None else self._lowering.stored(name)
        if is_module(value):
            return self._module(path, value, depth + 1)
        if isinstance(value, (list, tuple)) and len(value) < _LONGEST_LIST:
            return type(value)(self._held(f"{path}.{k}", part, depth + 1) for k, part in enumerate(value))
        return _function_or(value)


def _function_or(value: Any) -> Any:
    """A function that a pickle names, as its name; anything unmade is unknown."""
    if isinstance(value, Global):
        return Path(f"{value.module}.{value.name}")
    if isinstance(value, Placeholder) and value.kind == _GETATTR and len(value.arguments) == 2:
        return Path(str(value.arguments[1]))
    return UNKNOWN if isinstance(value, Placeholder) else value
