"""Which tensors of a saved Python object are the model, and what they are called.

A state dict is a table from names to tensors. Training scripts nest it (``{"state_dict": ..., "optimizer": ...}``) and
some save the whole module, which is a tree of ``_parameters``, ``_buffers`` and ``_modules``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

from topokit.errors import LimitExceededError
from topokit.loaders.formats.pickle_vm import Placeholder
from topokit.loaders.limits import Limits

_MODEL_KEYS = (
    *("state_dict", "model_state_dict", "model_state", "model", "module", "net", "network"),
    *("net_state_dict", "network_state_dict", "weights", "params"),
)
_MASK_KEYS = ("mask", "masks")
_OPTIMIZER = "optimizer state"
_OPTIMIZER_KEY = re.compile(r"optim|sched|scaler|^opt(_|$)", re.IGNORECASE)
_OPTIMIZER_TABLE = {"state", "param_groups"}
_MODULE_TABLES = ("_parameters", "_buffers", "_modules")
_LONGEST_VALUE = 200
_SHALLOW = 8

_Visit = tuple[tuple[Any, ...], Any, str]


@dataclass(frozen=True, slots=True)
class Named:
    """A tensor of the object, its name, and why it is not part of the model if it is not."""

    name: str
    value: Any
    aside: str = ""


@dataclass(frozen=True, slots=True)
class Contents:
    """The tensors of the object, and what else stood beside the model."""

    tensors: tuple[Named, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def contents_of(root: Any, is_tensor: Callable[[Any], bool], path: Path, format: str, limits: Limits) -> Contents:
    """List the tensors of an object that the inert machine read.

    Tensors of the model keep their own names; others carry the keys that lead to them. Masks may lie beside the
    model.

    Parameters
    ----------
    root : object
        What the machine returned.
    is_tensor : callable
        Whether a value is a tensor.
    path, format
        For error messages: the file and who reads it.
    limits : Limits
        Its `nesting` and `tensors` bound the walk.

    Raises
    ------
    LimitExceededError
        Containers too deep, or too many values.
    """
    walk = _Walk(is_tensor, path, format, limits)
    model = _model_key(root, walk) if isinstance(root, dict) else None
    if model is None:
        return Contents(tuple(walk.under((), root, _aside(None, root))), _plain_values(root))
    tensors = [*walk.under((), root[model])]
    for key, value in root.items():
        if key != model:
            aside = "" if key in _MASK_KEYS else _aside(key, value) or f"beside the model, which is under {model!r}"
            tensors += walk.under((key,), value, aside)
    return Contents(tuple(tensors), _plain_values(root), (f"the model is what the file has under {model!r}",))


@dataclass(slots=True)
class _Walk:
    """Visits containers inside containers and counts what it visits."""

    is_tensor: Callable[[Any], bool]
    path: Path
    format: str
    limits: Limits
    visited: int = 0

    def under(self, keys: tuple[Any, ...], value: Any, aside: str = "") -> Iterator[Named]:
        """The tensors inside `value`, which `keys` lead to."""
        entered: list[Iterator[_Visit]] = [iter([(keys, value, aside)])]
        while entered:
            visit = next(entered[-1], None)
            if visit is None:
                entered.pop()
                continue
            self._count(len(visit[0]))
            if self.is_tensor(visit[1]):
                yield Named(".".join(map(str, visit[0])) or "tensor", *visit[1:])
            else:
                entered.append(_inside(*visit))

    def _count(self, depth: int) -> None:
        """Deep values count for more: the names of the tensors in them are longer."""
        self.visited += 1 + depth // _SHALLOW
        if depth > self.limits.nesting or self.visited > self.limits.tensors:
            nesting, values = self.limits.nesting, self.limits.tensors
            problem = f"nests more than {nesting} containers or holds more than {values:,} values"
            raise LimitExceededError(self.path, problem, format=self.format, remedy="save the state dict alone")


def _inside(keys: tuple[Any, ...], value: Any, aside: str) -> Iterator[_Visit]:
    is_root_table = isinstance(value, dict) and not keys
    for key, child in _children(value):
        if isinstance(key, (str, int)):
            yield (*keys, key), child, aside or _aside(key if is_root_table else None, child)


def _children(value: Any) -> Iterator[tuple[Any, Any]]:
    if _is_module(value):
        for table in _MODULE_TABLES:
            yield from value.state[table].items()
    elif isinstance(value, Placeholder):
        yield from value.items.items()
    elif isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, (list, tuple)):
        yield from enumerate(value)


def _is_module(value: Any) -> bool:
    if not isinstance(value, Placeholder) or not isinstance(value.state, dict):
        return False
    return all(isinstance(value.state.get(table), dict) for table in _MODULE_TABLES)


def _model_key(root: dict[Any, Any], walk: _Walk) -> str | None:
    """The key of the model, when it is a container of tensors and not a tensor itself."""
    inside = {key: root[key] for key in _MODEL_KEYS if key in root and not walk.is_tensor(root[key])}
    return next((key for key, value in inside.items() if any(walk.under((), value))), None)


def _aside(key: Any, value: Any) -> str:
    if isinstance(value, dict) and value.keys() >= _OPTIMIZER_TABLE:
        return _OPTIMIZER
    is_container = isinstance(value, (dict, list, tuple, Placeholder))
    return _OPTIMIZER if is_container and isinstance(key, str) and _OPTIMIZER_KEY.search(key) else ""


def _plain_values(root: Any) -> dict[str, Any]:
    """The JSON-safe values beside the tensors, such as the epoch."""
    if not isinstance(root, dict):
        return {}
    return {key: value for key, value in root.items() if isinstance(key, str) and _is_plain(value)}


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST_VALUE
    if isinstance(value, float):
        return isfinite(value)
    return value is None or (isinstance(value, int) and abs(value) < 2**63)
