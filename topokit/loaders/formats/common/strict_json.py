"""JSON from a file, refused where readers of it would disagree or drown."""

from __future__ import annotations

import json
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from topokit.errors import CorruptCheckpointError, LimitExceededError
from topokit.loaders.limits import Limits

_REMEDY = "copy or download it again"
_LONGEST_KEY = 100
_STRUCTURE = b"[{,:"


def json_table(text: bytes, path: Path, format: str, what: str, limits: Limits) -> dict[str, Any]:
    """The JSON object that the text holds; NaN and infinities, which JSON has not, come as words.

    Raises
    ------
    CorruptCheckpointError
        Something else than an object, or one with a key twice, of which every reader picks another.
    LimitExceededError
        It holds more values than `Limits.opcodes`; an empty list takes two bytes here and sixty in memory.
    ValueError
        It is not JSON.
    """
    check_json(text, path, format, what, limits)
    twice = partial(_without_repeats, path, format, what)
    table = json.loads(text, object_pairs_hook=twice, parse_constant=str)
    if not isinstance(table, dict):
        raise CorruptCheckpointError(path, f"{what} is not a table", format=format, remedy=_REMEDY)
    return table


def read_json_table(path: Path, format: str, what: str, limits: Limits) -> dict[str, Any]:
    """The same from a whole file, of no more than `Limits.header_bytes`."""
    size = path.stat().st_size
    if size > limits.header_bytes:
        problem = f"{what} has {size:,} bytes where {limits.header_bytes:,} are allowed"
        raise LimitExceededError(path, problem, format=format)
    return json_table(path.read_bytes(), path, format, what, limits)


def check_json(text: bytes, path: Path, format: str, what: str, limits: Limits) -> None:
    """Raise `LimitExceededError` for more values than allowed, which are no fewer than the marks between them."""
    marks = sum(text.count(mark) for mark in _STRUCTURE)
    if marks > limits.opcodes:
        problem = f"{what} is JSON of about {marks:,} values where {limits.opcodes:,} are allowed"
        raise LimitExceededError(path, problem, format=format, remedy="raise the limits if you trust the file")


def _without_repeats(path: Path, format: str, what: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        repeated = next(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
        place = repr(repeated[:_LONGEST_KEY])
        raise CorruptCheckpointError(path, f"{what} has a key twice", format=format, place=place, remedy=_REMEDY)
    return table
