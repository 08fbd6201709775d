"""Attention between values that have their heads as an axis: (batch, heads, time, channels)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from topokit.loaders.graph import Shape

Add = Callable[..., Any]


def attend_by_heads(add: Add, fresh: Callable[[], str], values: Sequence[str], shapes: Sequence[Shape | None]) -> bool:
    """Add the nodes of one attention: heads are merged before, parted after.

    Parameters
    ----------
    add : callable
        ``add(op, inputs, outputs=None, **attributes)`` adds a node; without outputs it makes the result.
    fresh : callable
        Returns a new name of a value.
    values : sequence of str
        Queries, keys, values.
    shapes : sequence of tuple or None
        Their shapes.

    Returns
    -------
    bool
        Whether the shapes told enough; nothing was added otherwise.
    """
    query, value = shapes[0], shapes[2]
    if query is None or value is None or len(query) != 4 or len(value) != 4:
        return False
    heads, kv_heads, channels = query[1], value[1], value[3]
    if heads is None or kv_heads is None or channels is None:
        return False
    merged = [_merged(add, fresh, each) for each in values]
    attended, parted = fresh(), fresh()
    add("attention", merged, [attended], heads=heads, kv_heads=kv_heads)
    add("reshape", [attended], [parted], shape=(query[0], query[2], heads, channels))
    add("transpose", [parted], order=(0, 2, 1, 3))
    return True


def _merged(add: Add, fresh: Callable[[], str], value: str) -> str:
    turned, merged = fresh(), fresh()
    add("transpose", [value], [turned], order=(0, 2, 1, 3))
    add("flatten", [turned], [merged], start=2, stop=3)
    return merged
