"""The table of what was measured, ``metrics.csv``."""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from topokit.errors import ParameterError, RecordingError, WriteFailedError
from topokit.outputs import whole_file

FIRST_COLUMNS = ("step", "epoch")

Row = Mapping[str, float]
Measured = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class MetricsTable:
    """The columns, and the rows as mappings of the cells that are filled.

    Attributes
    ----------
    columns : tuple of str
        ``step``, ``epoch``, then the metrics.
    rows : tuple of mappings
        In the order they were written.
    """

    columns: tuple[str, ...] = FIRST_COLUMNS
    rows: tuple[Row, ...] = ()

    def with_row(self, row: Row) -> MetricsTable:
        """This table with one more row, and the columns the row brings."""
        new = tuple(name for name in row if name not in self.columns)
        return MetricsTable(self.columns + new, (*self.rows, row))

    def until(self, step: int) -> MetricsTable:
        """The rows of that step and before."""
        return MetricsTable(self.columns, tuple(row for row in self.rows if row["step"] <= step))


def final_size_from(edges: Sequence[float]) -> int:
    """Which row is the first at the final number of edges, of a network that only lost edges; 0 for any other.

    What a network reached before it was pruned says nothing about the pruned one.

    Parameters
    ----------
    edges : sequence of float
        Its number of edges in each row.
    """
    only_lost = all(before >= after for before, after in pairwise(edges))
    return list(edges).index(edges[-1]) if only_lost and edges else 0


def checked_row(row: Measured) -> Row:
    """The row with plain numbers and without the cells that are `None`.

    Raises
    ------
    ParameterError
        A value that is not a number, or a step or epoch that counts nothing.
    """
    if row.get("step") is None:
        raise ParameterError(f"a metrics row needs its step, this one has {', '.join(row) or 'nothing'}")
    numbers = {name: _number(name, value) for name, value in row.items() if value is not None}
    if numbers["step"] < 0 or numbers["step"] % 1:
        raise ParameterError(f"step {row['step']} is no count of optimizer steps: count them from 0")
    if not math.isfinite(numbers.get("epoch", 0.0)):
        raise ParameterError(f"epoch {numbers['epoch']} is no count of epochs: count them from 0")
    return {**numbers, "step": int(numbers["step"])}


def read_table(path: Path) -> MetricsTable:
    """Read ``metrics.csv``; a missing file is an empty table and a line that was cut off does not count.

    Raises
    ------
    RecordingError
        Not a table of numbers with a column ``step``.
    """
    if path.exists() and not path.is_file():
        raise RecordingError(f"{path}: a folder, a device or a pipe, not a file; remove it")
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise RecordingError(f"{path}: cannot be read: {error}; remove the file or record again") from error
    lines = list(csv.reader(io.StringIO(text[: text.rfind("\n") + 1])))
    if not lines:
        return MetricsTable()
    columns = tuple(lines[0])
    if columns[:2] != FIRST_COLUMNS or len(set(columns)) < len(columns):
        raise RecordingError(f"{path}, line 1: columns {', '.join(columns)}; they begin with step, epoch")
    return MetricsTable(columns, tuple(_row(path, k, columns, cells) for k, cells in enumerate(lines[1:], start=2)))


def write_table(path: Path, table: MetricsTable) -> None:
    """Write the whole table, or nothing; `WriteFailedError` when the machine refuses."""
    with whole_file(path) as temporary:
        temporary.write_text(_lines([table.columns, *(_cells(table.columns, row) for row in table.rows)]))


def append_row(path: Path, columns: Sequence[str], row: Row) -> None:
    """Append one row to a table of these columns; a refused write leaves the file as it was.

    Raises
    ------
    WriteFailedError
        The disk is full or the file cannot be written.
    """
    line = _lines([_cells(columns, row)]).encode()
    try:
        before = path.stat().st_size
        try:
            _append(path, line)
        except OSError:
            os.truncate(path, before)
            raise
    except OSError as error:
        raise WriteFailedError(f"{path}: cannot be written: {error.strerror}; the row was not kept") from error


def _append(path: Path, line: bytes) -> None:
    with path.open("ab", buffering=0) as file:
        written = file.write(line)
        if written != len(line):
            raise OSError(None, "only part of a row was written")
        os.fsync(file.fileno())


def _number(name: str, value: float) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise ParameterError(f"metric {name!r} is {value!r}: metrics are numbers") from error


def _row(path: Path, line: int, columns: Sequence[str], cells: Sequence[str]) -> Row:
    try:
        filled = {name: float(cell) for name, cell in zip(columns, cells, strict=True) if cell}
        return {**filled, "step": int(filled["step"])}
    except (ValueError, KeyError) as error:
        raise RecordingError(f"{path}, line {line}: not a row of numbers: {error}; remove the line") from error


def _cells(columns: Sequence[str], row: Row) -> list[str]:
    return [repr(row[name]) if name in row else "" for name in columns]


def _lines(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
