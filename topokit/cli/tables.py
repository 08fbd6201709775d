"""Tables that fit a terminal, and JSON for machines."""

from __future__ import annotations

import json
import math
import re
import shutil
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Any

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines instead of a table.")

_GAP = "  "
_SHORT = 9
_END_OF_PART = re.compile(r"[._/>]")


def print_table(header: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str = "") -> None:
    """Print a table; numbers stand right, long words fold, and no column is ever cut off."""
    held = [list(row) for row in rows]
    cells = [[_cell(value) for value in row] for row in held]
    right = [any(isinstance(row[k], int | float) for row in held) for k in range(len(header))]
    widths = _widths(header, cells, right)
    rule = "─" * (sum(widths) + len(_GAP) * (len(widths) - 1))
    lines = [title] if title else []
    lines += [*_lines(header, widths, right), rule]
    for row in cells:
        lines += _lines(row, widths, right)
    click.echo("\n".join([*lines, ""]))


def print_json(value: Any) -> None:
    """Print JSON-safe values; JSON has no NaN."""
    click.echo(json.dumps(value, indent=1, allow_nan=False))


def _widths(header: Sequence[str], cells: Sequence[Sequence[str]], right: Sequence[bool]) -> list[int]:
    """Widths as the cells need them; the widest columns of words give way until all fit, then headings fold."""
    inside = [max((_columns_of(row[k]) for row in cells), default=0) for k in range(len(header))]
    widths = [max(_columns_of(name), cell) for name, cell in zip(header, inside, strict=True)]
    words = [max(map(_columns_of, name.split() or [""])) for name in header]
    folding = [
        width if number else max(_columns_of(name), min(width, _SHORT))
        for name, width, number in zip(header, widths, right, strict=True)
    ]
    least = [
        max(word, cell if number else min(cell, _SHORT))
        for word, cell, number in zip(words, inside, right, strict=True)
    ]
    room = shutil.get_terminal_size().columns - len(_GAP) * (len(widths) - 1)
    return _narrowed(_narrowed(widths, folding, room), least, room)


def _narrowed(widths: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """The widths with the widest column given a letter less, again and again, until all fit or none has any left."""
    narrow = list(widths)
    while sum(narrow) > room:
        wide = [k for k, width in enumerate(narrow) if width > least[k]]
        if not wide:
            break
        narrow[max(wide, key=narrow.__getitem__)] -= 1
    return narrow


def _lines(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> list[str]:
    """The lines of one row, more than one where a cell folds."""
    folded = [_folded(text, width) for text, width in zip(row, widths, strict=True)]
    lines = []
    for parts in zip_longest(*folded, fillvalue=""):
        padded = [
            " " * (width - _columns_of(part)) + part if number else part + " " * (width - _columns_of(part))
            for part, width, number in zip(parts, widths, right, strict=True)
        ]
        lines.append(_GAP.join(padded).rstrip())
    return lines


def _folded(text: str, width: int) -> list[str]:
    """The text in lines of at most that width, cut where a word or a part of a name ends if there is such a place."""
    if _columns_of(text) <= width:
        return [text]
    most = width if text.isascii() else max(1, width // 2)
    lines = []
    while len(text) > most:
        end = _end_of_line(text, most)
        lines.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return [*lines, text]


def _end_of_line(text: str, most: int) -> int:
    """Where to cut: after a word, else after a part of a name unless that leaves half the line empty."""
    space = text.rfind(" ", 1, most + 1)
    if space > 0:
        return space
    ends = [match.end() for match in _END_OF_PART.finditer(text, most // 2, most)]
    return ends[-1] if ends else most


def _columns_of(text: str) -> int:
    """How many columns of a terminal the text takes."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text if text.isprintable() else "".join(letter if letter.isprintable() else "�" for letter in text)
