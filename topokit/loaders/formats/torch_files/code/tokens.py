"""The code of a model as words, with marks where blocks begin and end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_WORD = re.compile(
    r"""(?P<space>[ \t]+|\\\n)
      | (?P<comment>\#[^\n]*)
      | (?P<line>\n)
      | (?P<text>(?:[rb]?)(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'))
      | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)
      | (?P<name>[^\W\d]\w*)
      | (?P<sign>->|\*\*|//|<<|>>|==|!=|<=|>=|[-+*/%@&|^~<>()\[\]{},.:;=])""",
    re.VERBOSE,
)
_OPENING, _CLOSING = "([{", ")]}"

BEGIN, END, LINE, STOP = "begin", "end", "line", "stop"


@dataclass(frozen=True, slots=True)
class Token:
    """A word: its kind (``name``, ``number``, ``text``, ``sign``, or one of the marks) and how it is written."""

    kind: str
    written: str = ""


def tokens_of(code: str) -> Iterator[Token]:
    """The words of some code; a mark at the end of every line, and where blocks begin and end.

    Raises
    ------
    ValueError
        A character that no word begins with, or a line that stands nowhere.
    """
    depths, brackets, position = [0], 0, 0
    starts_line = True
    while position < len(code):
        if starts_line and not brackets:
            yield from _indentation(code, position, depths)
        match = _WORD.match(code, position)
        if match is None:
            raise ValueError(f"code has a character {code[position]!r} at {position:,}")
        position, kind = match.end(), str(match.lastgroup)
        starts_line = kind == "line"
        if kind == "line" and not brackets:
            yield Token(LINE)
        elif kind not in ("line", "space", "comment"):
            brackets += (match[0] in _OPENING) - (match[0] in _CLOSING) if kind == "sign" else 0
            yield Token(kind, match[0])
    yield Token(LINE)
    yield from (Token(END) for _ in depths[1:])
    yield Token(STOP)


def _indentation(code: str, position: int, depths: list[int]) -> Iterator[Token]:
    """The marks between a line and the one before it; empty lines stand anywhere."""
    end = position
    while end < len(code) and code[end] in " \t":
        end += 1
    if end == len(code) or code[end] in "\n#":
        return
    depth = end - position
    if depth > depths[-1]:
        depths.append(depth)
        yield Token(BEGIN)
    while depth < depths[-1]:
        depths.pop()
        yield Token(END)
    if depth != depths[-1]:
        raise ValueError("code has a line that stands nowhere")
