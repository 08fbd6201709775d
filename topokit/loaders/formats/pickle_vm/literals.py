"""The opcodes that put a plain value on the stack: numbers, texts, bytes, empty containers.

Their encodings: https://docs.python.org/3/library/pickletools.html.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from topokit.loaders.formats.pickle_vm.ledger import Ledger
from topokit.loaders.formats.pickle_vm.stream import Stream, unquoted, whole_number

Literal = Callable[[Stream, Ledger], Any]

_LONGEST_TEXT = 2**12


def _constant(value: Any) -> Literal:
    return lambda stream, ledger: value


def _made(kind: Callable[[], Any]) -> Literal:
    return lambda stream, ledger: kind()


def _empty_set(stream: Stream, ledger: Ledger) -> set[Any]:
    ledger.charge_for("set")
    return set()


def _count(size: int) -> Literal:
    return lambda stream, ledger: stream.count(size)


def _long(size: int) -> Literal:
    def read(stream: Stream, ledger: Ledger) -> int:
        length = stream.signed(size) if size > 1 else stream.count(size)
        raw = stream.take(length)
        ledger.charge_text(length)
        return int.from_bytes(raw, "little", signed=True)

    return read


def _line(made: Callable[[bytes], Any]) -> Literal:
    return lambda stream, ledger: made(line_of(stream, ledger))


def _text(size: int, encoding: str, errors: str = "strict") -> Literal:
    def read(stream: Stream, ledger: Ledger) -> str:
        raw = stream.take(stream.count(size))
        ledger.charge_text(len(raw))
        return str(raw, encoding, errors)

    return read


def _python_2_string(stream: Stream, ledger: Ledger) -> Any:
    """A text of one character per byte; a long one is the numbers of an array."""
    count = stream.count(4)
    if stream.leaves_bytes and count > _LONGEST_TEXT:
        return stream.literal(count)
    raw = stream.take(count)
    ledger.charge_text(count)
    return str(raw, "latin-1")


def _bytes(size: int) -> Literal:
    return lambda stream, ledger: stream.literal(stream.count(size))


def line_of(stream: Stream, ledger: Ledger) -> bytes:
    """The next line, as long as texts may be."""
    line = stream.line(ledger.limits.string_bytes)
    ledger.charge_text(len(line))
    return line


LITERALS: dict[int, Literal] = {
    code[0]: literal
    for code, literal in {
        b"N": _constant(None),
        b"\x88": _constant(True),
        b"\x89": _constant(False),
        b"]": _made(list),
        b"}": _made(dict),
        b")": _made(tuple),
        b"\x8f": _empty_set,
        b"K": _count(1),
        b"M": _count(2),
        b"J": lambda stream, ledger: stream.signed(4),
        b"\x8a": _long(1),
        b"\x8b": _long(4),
        b"G": lambda stream, ledger: stream.float(),
        b"I": _line(whole_number),
        b"L": _line(whole_number),
        b"F": _line(float),
        b"S": _line(unquoted),
        b"V": _line(lambda line: str(line, "raw-unicode-escape")),
        b"U": _text(1, "latin-1"),
        b"T": _python_2_string,
        b"\x8c": _text(1, "utf-8", "surrogatepass"),
        b"X": _text(4, "utf-8", "surrogatepass"),
        b"\x8d": _text(8, "utf-8", "surrogatepass"),
        b"C": _bytes(1),
        b"B": _bytes(4),
        b"\x8e": _bytes(8),
        b"\x96": _bytes(8),
    }.items()
}
