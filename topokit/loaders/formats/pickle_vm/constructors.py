"""The closed table of names whose calls make something, and what they make here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from topokit.loaders.formats.pickle_vm.values import Global, checked_key

Constructors = Mapping[Global, Callable[..., Any]]


def _table(*arguments: Any) -> dict[Any, Any]:
    """A table from pairs; Python 2 wrote ordered tables that way."""
    pairs = arguments[0] if arguments else ()
    if isinstance(pairs, dict):
        return dict(pairs)
    return {checked_key(key): value for key, value in pairs}


def _defaulting_table(*arguments: Any) -> dict[Any, Any]:
    return _table(*arguments[1:])


def _set(elements: Iterable[Any] = ()) -> set[Any]:
    return {checked_key(element) for element in elements}


def _frozen_set(elements: Iterable[Any] = ()) -> frozenset[Any]:
    return frozenset(_set(elements))


def _encoded(text: str, encoding: str = "utf-8") -> bytes:
    if encoding not in ("latin1", "latin-1", "utf8", "utf-8", "ascii"):
        raise ValueError(f"bytes in encoding {encoding!r}")
    return text.encode(encoding)


def _bytes(*arguments: Any) -> bytes:
    if not arguments:
        return b""
    if len(arguments) == 1 and isinstance(arguments[0], (bytes, list, tuple)):
        return bytes(arguments[0])
    return _encoded(*arguments)


def _list(elements: Iterable[Any] = ()) -> list[Any]:
    return list(elements)


def _tuple(elements: Iterable[Any] = ()) -> tuple[Any, ...]:
    return tuple(elements)


CONSTRUCTORS: Constructors = {
    Global("collections", "OrderedDict"): _table,
    Global("collections", "Counter"): _table,
    Global("collections", "defaultdict"): _defaulting_table,
    Global("builtins", "dict"): _table,
    Global("builtins", "list"): _list,
    Global("builtins", "tuple"): _tuple,
    Global("builtins", "set"): _set,
    Global("builtins", "frozenset"): _frozen_set,
    Global("builtins", "complex"): complex,
    Global("builtins", "bytes"): _bytes,
    Global("builtins", "bytearray"): _bytes,
    Global("_codecs", "encode"): _encoded,
}
