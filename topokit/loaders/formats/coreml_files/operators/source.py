"""The value that an operator works on."""

from __future__ import annotations

from topokit.loaders.formats.graphs.calls import Call, Value


def source(call: Call) -> str:
    """The argument ``x``, or the first value that the inputs change."""
    value = call.get("x")
    return value.name if isinstance(value, Value) else call.running[0]


def axes_of(call: Call) -> tuple[int, ...] | None:
    """The axes that an operator is told, one or several."""
    told = call.get("axes", "axis")
    return (told,) if isinstance(told, int) else told
