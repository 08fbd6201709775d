"""Pickled modules: what they are made of, whoever wrote them.

A PyTorch module is an object with three tables, ``_parameters``, ``_buffers`` and ``_modules``; a traced graph module
carries them in the arguments of the function that rebuilds it (``torch/nn/modules/module.py``,
``torch/fx/graph_module.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from topokit.loaders.formats.objects.plain_values import plain_values
from topokit.loaders.formats.pickle_vm import Placeholder

TABLES = ("_parameters", "_buffers", "_modules")
_MANGLED = re.compile(r"\.___torch_mangle_\d+")

Parts = Iterator[tuple[Any, Any]]


def is_module(value: Any) -> bool:
    """Whether a value is a module of either kind."""
    return attributes_of(value) is not None


def class_of(module: Placeholder) -> str:
    """Its class, such as ``torch.nn.modules.linear.Linear``."""
    return _MANGLED.sub("", f"{module.kind.module}.{module.kind.name}").removeprefix("__torch__.")


def parts_of(value: Any) -> Parts:
    """The named parts of a value that the names of tensors go through: parameters, keys, positions."""
    attributes = attributes_of(value)
    if attributes is not None:
        for table in TABLES:
            yield from attributes[table].items()
    elif isinstance(value, Placeholder):
        yield from value.items.items()
        yield from enumerate(value.elements)
    elif isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, (list, tuple)):
        yield from enumerate(value)


def rest_of(value: Placeholder) -> Parts:
    """What else an object holds: the other attributes of a module, the state and arguments of anything unknown."""
    attributes = attributes_of(value)
    if attributes is not None:
        yield from ((key, part) for key, part in attributes.items() if key not in TABLES)
        return
    for state in value.state if isinstance(value.state, tuple) else (value.state,):
        yield from state.items() if isinstance(state, dict) else [("state", state)]
    yield from enumerate(value.arguments)


def facts_of(module: Placeholder) -> dict[str, Any]:
    """Its class and the plain attributes that say what it does, such as ``stride``; JSON-safe."""
    public = {key: value for key, value in (attributes_of(module) or {}).items() if not str(key).startswith("_")}
    return {"class": class_of(module), **plain_values(public)}


def opened(value: Any) -> Any:
    """The table that an object of an unknown kind keeps its parts in; anything else as it is."""
    if not isinstance(value, Placeholder) or is_module(value) or value.items or value.elements:
        return value
    tables = [table for table in (value.state, *value.arguments) if isinstance(table, dict)]
    return tables[0] if len(tables) == 1 else value


def attributes_of(value: Any) -> dict[Any, Any] | None:
    """The attributes of a module, its tables among them; None for anything else."""
    if not isinstance(value, Placeholder):
        return None
    return next((table for table in (value.state, *value.arguments[:1]) if _holds_tables(table)), None)


def _holds_tables(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(table), dict) for table in TABLES)
