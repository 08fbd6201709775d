"""The JSON-safe part of what an inert pickle machine made."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from topokit.loaders.formats.pickle_vm import Placeholder

_LONGEST = 200
_MOST_ITEMS = 64
_DEEPEST = 4


def plain_values(table: Any, depth: int = 1) -> dict[str, Any]:
    """The plain values of a table by name, such as an epoch; tables inside go as deep as `depth` tables.

    Long texts, NaN, huge numbers and whatever is not plain are left out.
    """
    if not isinstance(table, Mapping):
        return {}
    found = ((key, _plain(value, depth - 1)) for key, value in table.items() if isinstance(key, str))
    return {key: value[0] for key, value in found if value and len(key) <= _LONGEST}


def _plain(value: Any, depth: int) -> tuple[Any] | None:
    """A plain value, as the only one of a tuple; None where it is not plain."""
    if isinstance(value, Placeholder):
        value = value.state
    if isinstance(value, Mapping):
        inside = plain_values(value, depth) if 0 < depth <= _DEEPEST and len(value) <= _MOST_ITEMS else {}
        return (inside,) if inside else None
    if isinstance(value, (list, tuple)):
        numbers = len(value) <= _MOST_ITEMS and all(_is_plain(part) for part in value)
        return ([*value],) if numbers else None
    return (value,) if _is_plain(value) else None


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST
    if isinstance(value, float):
        return isfinite(value)
    return value is None or (isinstance(value, int) and abs(value) < 2**63)
