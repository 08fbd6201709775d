"""A bounded walk through the containers and objects that an inert pickle machine made."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

from topokit.errors import LimitExceededError, UnsupportedFeatureError
from topokit.loaders.formats.objects.modules import Parts, class_of, facts_of, is_module, parts_of, rest_of
from topokit.loaders.formats.pickle_vm import Placeholder
from topokit.loaders.limits import Limits

ATTRIBUTE = "an attribute of a module, not one of its parameters"
UNKNOWN_KIND = "inside an object of unknown kind"

_MASK = re.compile(r"mask", re.IGNORECASE)
_PIECE = "is one process's piece of a tensor that lies in several", "save tensor.full_tensor() of all of them as one"
_HIDDEN = {
    "SparseSemiStructuredTensor": (
        "is a semi-structured sparse tensor, whose numbers only a GPU can put in order",
        "save tensor.to_dense() in its place",
    ),
    "ShardedTensor": _PIECE,
    "DTensor": _PIECE,
}
_SHALLOW = 8
_CONTAINERS = (dict, list, tuple, Placeholder)

Keys = tuple[Any, ...]
_Visit = tuple[Keys, Any, str]


@dataclass(frozen=True, slots=True)
class Named:
    """A tensor of the object, its name, and why it is not part of the model if it is not."""

    name: str
    value: Any
    aside: str = ""


@dataclass(slots=True)
class Walk:
    """Visits containers inside containers and counts what it visits.

    Attributes
    ----------
    is_tensor : callable
        Whether a value is a tensor.
    path, format, limits
        The file, who reads it, and what bounds the walk.
    modules : dict of str to dict
        What the modules passed so far are, by name; the outermost has none.
    """

    is_tensor: Callable[[Any], bool]
    path: Path
    format: str
    limits: Limits
    modules: dict[str, dict[str, Any]] = field(default_factory=dict)
    _objects: list[_Visit] = field(default_factory=list)
    _visited: int = 0

    def under(
        self, keys: Keys, value: Any, aside: str, aside_of: Callable[[Keys, Any], str] = lambda keys, value: ""
    ) -> Iterator[Named]:
        """The tensors inside `value`, which `keys` lead to, by the names that PyTorch gives them.

        `aside` says why they are not part of the model, `aside_of` the same for a part of it.
        """
        entered: list[Iterator[_Visit]] = [iter([(keys, value, aside)])]
        while entered:
            visit = next(entered[-1], None)
            if visit is None:
                entered.pop()
                continue
            self._count(len(visit[0]))
            if self.is_tensor(visit[1]):
                yield Named(_name(visit[0]), *visit[1:])
            else:
                self._note(visit)
                entered.append(_inside(*visit, aside_of))

    def rest(self, listed: Iterable[Named]) -> Iterator[Named]:
        """The tensors that the objects passed so far hold in other ways, and that are not listed yet."""
        known = {_identity(named.value) for named in listed}
        met = {id(value) for _, value, _ in self._objects}
        waiting = deque((keys, aside, value, rest_of(value)) for keys, value, aside in self._objects)
        while waiting:
            keys, aside, value, parts = waiting.popleft()
            for key, part in parts:
                self._count(len(keys))
                reason = aside or _reason(value, key)
                if self.is_tensor(part):
                    if _identity(part) not in known:
                        known.add(_identity(part))
                        yield Named(_name((*keys, key)), part, reason)
                elif isinstance(part, _CONTAINERS) and id(part) not in met and len(keys) < self.limits.nesting:
                    met.add(id(part))
                    waiting.append(((*keys, key), reason, part, _all_of(part)))

    def leads_to_tensor(self, value: Any) -> bool:
        """Whether a value is no tensor and holds one."""
        if self.is_tensor(value):
            return False
        probe = replace(self, modules={}, _objects=[])
        found = any(True for _ in chain(probe.under((), value, ""), probe.rest(())))
        self._visited = probe._visited
        return found

    def _note(self, visit: _Visit) -> None:
        """Keep an object for `rest`, and what it is when it is a module."""
        keys, value, aside = visit
        if not isinstance(value, Placeholder):
            return
        for kind, (problem, remedy) in _HIDDEN.items():
            if value.kind.name.startswith(kind):
                raise UnsupportedFeatureError(
                    self.path, problem, format=self.format, place=repr(_name(keys)), remedy=remedy
                )
        self._objects.append(visit)
        if not aside and is_module(value):
            self.modules[".".join(map(str, keys))] = facts_of(value)

    def _count(self, depth: int) -> None:
        """Deep values count for more: the names of the tensors in them are longer."""
        self._visited += 1 + depth // _SHALLOW
        if depth > self.limits.nesting or self._visited > self.limits.tensors:
            nesting, values = self.limits.nesting, self.limits.tensors
            problem = f"nests more than {nesting} containers or holds more than {values:,} values"
            raise LimitExceededError(self.path, problem, format=self.format, remedy="save the state dict alone")


def _inside(keys: Keys, value: Any, aside: str, aside_of: Callable[[Keys, Any], str]) -> Iterator[_Visit]:
    for key, part in parts_of(value):
        if isinstance(key, (str, int)):
            yield (*keys, key), part, aside or aside_of((*keys, key), part)


def _all_of(value: Any) -> Parts:
    return chain(parts_of(value), rest_of(value) if isinstance(value, Placeholder) else ())


def _reason(owner: Any, key: Any) -> str:
    """Why a tensor is not part of the model that is found in an object in another way than as its part."""
    if is_module(owner):
        return "" if _MASK.search(str(key)) else ATTRIBUTE
    return f"{UNKNOWN_KIND}, {class_of(owner)}" if isinstance(owner, Placeholder) else ""


def _name(keys: Keys) -> str:
    return ".".join(map(str, keys)) or "tensor"


def _identity(tensor: Any) -> Any:
    return getattr(tensor, "identity", id(tensor))
