"""The embeddings and linear layers around a body whose names are well known, when theirs are not."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence

from topokit.loaders.assembly.adapters.builder import Builder
from topokit.loaders.assembly.adapters.names import MismatchError

_FIRST = re.compile(r"emb|input|(^|[._])(in|proj_in|in_proj|src)([._]|$)", re.IGNORECASE)
_TABLE = re.compile(r"emb|lookup", re.IGNORECASE)
_POSITIONS = re.compile(r"pos|type|segment", re.IGNORECASE)


def surrounded(
    builder: Builder, body: Collection[str], enter: Callable[[str], str], width: int, input_name: str
) -> str:
    """The body with one chain of embedding and linear layers before it, and another behind.

    In a file that keeps the order of the model that order tells which is which; otherwise those before it are told
    by their names. The sizes must chain either way.

    Parameters
    ----------
    builder : Builder
        What makes the nodes.
    body : collection of str
        Names of the parameters of the body.
    enter : callable
        Makes the body on a value and returns its output.
    width : int
        Features that the body takes.
    input_name : str
        What comes in is called.
    """
    others = [name for name in builder.names if name not in body and len(builder.names[name].shape) == 2]
    places = {name: place for place, name in enumerate(builder.names)}
    inside = [places[name] for name in body]
    if builder.names.in_order and any(min(inside) < places[name] < max(inside) for name in others):
        raise MismatchError("layers lie within the body")
    before, behind = _parted(
        others, lambda name: places[name] < min(inside) if builder.names.in_order else bool(_FIRST.search(name))
    )
    tables, before = _parted(before, lambda name: bool(_TABLE.search(name)))
    value = _entrance(builder, tables, before, width, input_name)
    for module in before:
        value = builder.linear(module, value)
    value = enter(value)
    for module in behind:
        value = builder.linear(module, value)
    return value


def _entrance(builder: Builder, tables: Sequence[str], before: Sequence[str], width: int, name: str) -> str:
    """The embedding of what comes in, or the features themselves."""
    positions, words = _parted(tables, lambda table: bool(_POSITIONS.search(table)))
    builder.aside(*positions)
    if len(words) > 1:
        raise MismatchError(f"several tables: {', '.join(words)}")
    if words:
        return builder.tokens(words[0])
    return builder.input(name, (None, None, builder.names[before[0]].size("i") if before else width))


def _parted(names: Sequence[str], belongs: Callable[[str], bool]) -> tuple[list[str], list[str]]:
    return [name for name in names if belongs(name)], [name for name in names if not belongs(name)]
