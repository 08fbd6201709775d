"""Which tensors of a saved Python object are the model, and what they are called.

A state dict is a table from names to tensors. Training scripts nest it (``{"state_dict": ..., "optimizer": ...}``),
some save the whole module, and wrappers for training in parallel put their own names in front.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from topokit.loaders.checkpoint import OPTIMIZER_STATE
from topokit.loaders.formats.objects.modules import is_module, opened
from topokit.loaders.formats.objects.plain_values import plain_values
from topokit.loaders.formats.objects.walk import ATTRIBUTE, UNKNOWN_KIND, Named, Walk
from topokit.loaders.formats.pickle_vm import Placeholder
from topokit.loaders.limits import Limits

_MODEL_KEYS = (
    *("state_dict", "model_state_dict", "model_state", "model", "module", "net", "network"),
    *("net_state_dict", "network_state_dict", "weights", "params"),
)
_NESTED_KEYS = ("state_dict", "model_state_dict", "model_state")
_ONLY_MODEL = re.compile(r"state_?dict|checkpoint|model|net(work)?(_|$)|weights|params", re.IGNORECASE)
_MASK_KEYS = ("mask", "masks")
_OPTIMIZER_KEY = re.compile(r"optim|sched|scaler|^opt(_|$)", re.IGNORECASE)
_OPTIMIZER_TABLE = {"state", "param_groups"}
_WRAPPERS = re.compile(r"(?<![^.])(_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\.")
_PARALLEL = "module."
_DOUBTFUL = (ATTRIBUTE, UNKNOWN_KIND)
_METADATA_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Contents:
    """The tensors of the object, what else stood beside the model, what its modules are, and the model itself."""

    tensors: tuple[Named, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    modules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    model: Any = None


def contents_of(root: Any, is_tensor: Callable[[Any], bool], path: Path, format: str, limits: Limits) -> Contents:
    """List the tensors of an object that the inert machine read.

    Tensors of the model keep their own names, without those of wrappers; others carry the keys that lead to them and
    the reason why they are aside. Masks may lie beside the model.

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
    UnsupportedFeatureError
        The object is a piece of a model in several files, or of a kind that hides its tensors.
    """
    walk = Walk(is_tensor, path, format, limits)
    found = _located(root, walk)
    tensors = [*walk.under((), found.model, _aside(None, found.model), _aside_of_part)]
    for keys, value in found.beside:
        aside = _aside(keys[-1], value) or f"beside the model, which is under {found.shown!r}"
        tensors += walk.under(keys, value, "" if keys[-1] in _MASK_KEYS else aside, _aside_of_part)
    tensors += walk.rest(tensors)
    named, modules, notes = _unwrapped(_clear(tensors), walk.modules)
    if found.keys:
        notes = (f"the model is what the file has under {found.shown!r}", *notes)
    return Contents(tuple(_unique(named)), found.metadata, notes, modules, found.model)


@dataclass(frozen=True, slots=True)
class _Located:
    """Where the model is: the keys that lead to it, and everything that those keys passed."""

    model: Any
    keys: tuple[str, ...] = ()
    beside: tuple[tuple[tuple[Any, ...], Any], ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        return ".".join(self.keys)


def _located(root: Any, walk: Walk) -> _Located:
    found = _Located(opened(root))
    found = replace(found, metadata=plain_values(found.model, _METADATA_DEPTH))
    for depth in range(3):
        table = found.model
        key = _model_key(table, walk, depth) if isinstance(table, dict) else None
        if key is None:
            break
        passed = (((*found.keys, other), value) for other, value in table.items() if other != key)
        found = replace(found, model=opened(table[key]), keys=(*found.keys, key), beside=(*found.beside, *passed))
    return found


def _model_key(table: dict[Any, Any], walk: Walk, depth: int) -> str | None:
    """The key of the model, when it is a container of tensors and not a tensor itself."""
    for key in _NESTED_KEYS if depth else _MODEL_KEYS:
        if key in table and walk.leads_to_tensor(table[key]):
            return key
    return None if depth else _only_model(table, walk)


def _only_model(table: dict[Any, Any], walk: Walk) -> str | None:
    """The key of the only container of tensors, if it sounds like a model."""
    if any(walk.is_tensor(value) for value in table.values()):
        return None
    holders = [key for key, value in table.items() if not _aside(key, value) and walk.leads_to_tensor(value)]
    only = holders[0] if len(holders) == 1 else None
    is_model = isinstance(only, str) and (_ONLY_MODEL.search(only) or is_module(table[only]))
    return only if is_model and len(table) > 1 else None


def _aside_of_part(keys: tuple[Any, ...], value: Any) -> str:
    return _aside(keys[-1] if len(keys) == 1 else None, value)


def _aside(key: Any, value: Any) -> str:
    if isinstance(value, dict) and value.keys() >= _OPTIMIZER_TABLE:
        return OPTIMIZER_STATE
    is_container = isinstance(value, (dict, list, tuple, Placeholder))
    return OPTIMIZER_STATE if is_container and isinstance(key, str) and _OPTIMIZER_KEY.search(key) else ""


def _clear(tensors: list[Named]) -> list[Named]:
    """The tensors; where all are aside, those found in an unusual place are the model."""
    if any(not named.aside for named in tensors):
        return tensors
    return [replace(named, aside="") if named.aside.startswith(_DOUBTFUL) else named for named in tensors]


def _unwrapped(
    tensors: list[Named], modules: Mapping[str, Any]
) -> tuple[list[Named], Mapping[str, Any], tuple[str, ...]]:
    """Tensors and modules without what wrappers put into their names."""
    own = [named.name for named in tensors if not named.aside and named.name.split(".")[0] not in _MASK_KEYS]
    bare = {name: _WRAPPERS.sub("", name) for name in own}
    is_parallel = bool(own) and all(name.startswith(_PARALLEL) for name in bare.values())

    def rename(name: str) -> str:
        head, _, rest = name.partition(".")
        if head in _MASK_KEYS and rest:
            return f"{head}.{rename(rest)}"
        plain = _WRAPPERS.sub("", name)
        return plain.removeprefix(_PARALLEL) if is_parallel else plain

    renamed = [replace(named, name=rename(named.name)) for named in tensors]
    changed = any(new.name != old.name for new, old in zip(renamed, tensors, strict=True))
    if not changed or len({named.name for named in renamed}) < len({named.name for named in tensors}):
        return tensors, modules, ()
    note = "names are without those of wrappers (DataParallel, torch.compile, FSDP)"
    return renamed, {rename(name): facts for name, facts in modules.items()}, (note,)


def _unique(tensors: Iterable[Named]) -> Iterator[Named]:
    """The tensors, with a number behind names that others have already."""
    seen: dict[str, int] = {}
    for named in tensors:
        seen[named.name] = seen.get(named.name, 0) + 1
        yield named if seen[named.name] == 1 else replace(named, name=f"{named.name}#{seen[named.name]}")
