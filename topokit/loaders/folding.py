"""Rows that differ in the numbers of their names alone, folded into one: ``layers.{0-31}.fc.weight``."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

Row = tuple[Any, ...]

_NUMBER = re.compile(r"(?<![A-Za-z0-9])[0-9]{1,9}(?![A-Za-z0-9])")
_SHOWN = 4


def folded(rows: Sequence[Row], names: Collection[int], sums: Collection[int] = ()) -> list[tuple[int, Row]]:
    """Fold rows into as few as tell the same.

    Parameters
    ----------
    rows : sequence of tuple
        All of one length.
    names : collection of int
        Positions of the words whose numbers may differ; numbers that are part of a word, as in ``fc1``, may not.
    sums : collection of int
        Positions of the numbers that are added up; a sum with None in it is None. All others must be equal.

    Returns
    -------
    list of (int, tuple)
        How many rows each stands for, and the row; in the order in which the first of each came.
    """
    groups: dict[Row, list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(_key(k, cell, names, sums) for k, cell in enumerate(row)), []).append(row)
    return [(len(group), _joined(group, names, sums)) for group in groups.values()]


def _key(k: int, cell: Any, names: Collection[int], sums: Collection[int]) -> Any:
    if k in sums:
        return None
    return _NUMBER.sub("0", cell) if k in names and isinstance(cell, str) else cell


def _joined(group: Sequence[Row], names: Collection[int], sums: Collection[int]) -> Row:
    if len(group) == 1:
        return group[0]
    columns = list(zip(*group, strict=True))
    return tuple(
        _sum(column) if k in sums else _name(column) if k in names and isinstance(column[0], str) else column[0]
        for k, column in enumerate(columns)
    )


def _sum(column: Sequence[Any]) -> Any:
    return None if any(cell is None for cell in column) else sum(column)


def _name(column: Sequence[str]) -> str:
    """The name with every number that changes replaced by the range it runs through."""
    numbers = zip(*(_NUMBER.findall(name) for name in column), strict=True)
    ranges = iter([_range(sorted(set(map(int, values)))) for values in numbers])
    return _NUMBER.sub(lambda _: next(ranges), column[0])


def _range(values: Sequence[int]) -> str:
    if len(values) == 1:
        return str(values[0])
    runs: list[list[int]] = []
    for value in values:
        if runs and value == runs[-1][1] + 1:
            runs[-1][1] = value
        else:
            runs.append([value, value])
    parts = [str(first) if first == last else f"{first}-{last}" for first, last in runs]
    return "{" + ",".join(parts if len(parts) <= _SHOWN else [*parts[: _SHOWN - 1], "...", parts[-1]]) + "}"
