"""Protocol buffers, walked where they lie: the structure becomes Python values, large tensors stay in the file.

A format says in a table what its messages are, as far as it needs them, and reads one::

    SCHEMAS = {
        "Model": {1: one("version", "int"), 7: one("graph", "Graph")},
        "Graph": {5: many("tensors", "Tensor"), 11: many("names", "string")},
        "Tensor": {1: many("dims", "int"), 4: numbers("floats", "float"), 9: one("raw", "span")},
    }
    model = Walker(mapped(path, 0, path.stat().st_size), path, NAME, SCHEMAS, limits).read("Model")
    for tensor in model["graph"]["tensors"]:
        tensor["dims"]                  # tuple of int, empty when absent
        "raw" in tensor                 # whether the file has it
        tensor["raw"].start             # a byte of the file
        tensor["floats"].read()         # an array, made now

Kinds of fields: ``int`` (int32, int64 and enumerations), ``uint``, ``sint`` (zigzag), ``bool``, ``float``, ``double``,
``fixed32``, ``fixed64``, ``sfixed32``, ``sfixed64``, ``string``, ``bytes`` (a copy), ``span`` (where bytes, or a
message to be read later, lie), or the name of another message of the table, which may be itself. A map is `many` of a
message whose fields 1 and 2 are key and value. What is absent reads as 0, "", False, b"", an empty tuple, no numbers,
or None for a message or span. Unknown fields are passed over. A group, a number cut short, a length beyond its message,
text that is not UTF-8 or a known field of another wire type is a `ValueError`, which `topokit.loaders.guard` turns into
the error that names the file.

Wire format: https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from topokit.errors import LimitExceededError
from topokit.loaders.formats.common.dtypes import Raw
from topokit.loaders.formats.common.mapping import mapped
from topokit.loaders.formats.common.protobuf_wire import (
    DELIMITED,
    NUMBERS,
    Content,
    Span,
    fields,
    numbers_in,
    smallest,
    wire_type,
)
from topokit.loaders.limits import Limits

__all__ = ["Field", "Message", "Numbers", "Schemas", "Span", "Walker", "many", "numbers", "one", "outline"]

_DEEPEST = 100
_ABSENT = {kind: dtype.type(0).item() for kind, dtype in NUMBERS.items()} | {"string": "", "bytes": b""}


class Message(dict[str, Any]):
    """The fields of one message by name: ``in`` tells which the file has, the others read as their defaults."""

    __slots__ = ("_defaults",)

    def __init__(self, defaults: Mapping[str, Any]) -> None:
        super().__init__()
        self._defaults = defaults

    def __missing__(self, name: str) -> Any:
        return self._defaults[name]


@dataclass(frozen=True, slots=True)
class Numbers:
    """A repeated number that is not read yet, packed or not.

    Attributes
    ----------
    kind : str
        The kind of number.
    pieces : tuple of Span or int
        Where packed ones, or a single one of fixed width, lie; a single varint itself.
    """

    kind: str
    pieces: tuple[Content, ...] = ()
    _data: memoryview = field(repr=False, default=memoryview(b""))

    @property
    def nbytes(self) -> int:
        """Bytes they take in the file, field keys aside, counting a single varint as 8."""
        return sum(8 if isinstance(piece, int) else piece.length for piece in self.pieces)

    def read(self) -> NDArray[Any]:
        """The numbers in their order: a view of the file when one run of fixed width holds them all.

        Raises
        ------
        ValueError
            A run holds no whole number of them.
        """
        runs = [numbers_in(self.kind, self._data, piece) for piece in self.pieces]
        if len(runs) == 1:
            return runs[0]
        joined: NDArray[Any] = np.concatenate([np.empty(0, NUMBERS[self.kind]), *runs])
        return joined


@dataclass(frozen=True, slots=True)
class Field:
    """What a field number means; made by `one`, `many` and `numbers`."""

    name: str
    kind: str
    count: Literal["one", "many", "numbers"]


Schemas = Mapping[str, Mapping[int, Field]]


def one(name: str, kind: str) -> Field:
    """A field that stands once: of several the last counts, and messages are merged."""
    return Field(name, kind, "one")


def many(name: str, kind: str) -> Field:
    """A repeated field, read into a tuple; numbers may be packed."""
    return Field(name, kind, "many")


def numbers(name: str, kind: str) -> Field:
    """A repeated number of which there may be millions: it becomes `Numbers`, read when asked."""
    return Field(name, kind, "numbers")


@dataclass(eq=False)
class Walker:
    """Reads the messages of one buffer.

    Attributes
    ----------
    buffer : ndarray of uint8
        The whole file, mapped, or a part of it.
    path, format
        The file and its reader, for error messages.
    schemas : mapping of str to mapping of int to Field
        The fields of each message by number.
    limits : Limits
        `opcodes` bounds the fields and listed numbers of all messages together, `string_bytes` a string, `nesting`
        messages inside messages (100 at most, as in the reference implementation).
    """

    buffer: Raw = field(repr=False)
    path: Path
    format: str
    schemas: Schemas = field(repr=False)
    limits: Limits
    _steps: int = 0

    def __post_init__(self) -> None:
        self._data = self.buffer.data
        self._defaults = {
            kind: {known.name: _default(known) for known in schema.values()} for kind, schema in self.schemas.items()
        }

    def read(self, kind: str, span: Span | None = None) -> Message:
        """The message of that kind that takes the whole buffer, or the span.

        Raises
        ------
        ValueError
            It is not well formed.
        LimitExceededError
            It has more fields, longer strings or deeper nesting than allowed.
        """
        return self._merged(Message(self._defaults[kind]), kind, span or Span(0, len(self._data)), 0)

    def _merged(self, message: Message, kind: str, span: Span, depth: int) -> Message:
        if depth > min(self.limits.nesting, _DEEPEST):
            raise self._excess(f"has messages more than {depth - 1} deep")
        schema, repeated = self.schemas[kind], dict[Field, list[Any]]()
        for number, wire, content in fields(self._data, span):
            self._step(1)
            known = schema.get(number)
            if known is None:
                continue
            if known.count == "one":
                message[known.name] = self._one(message.get(known.name), known, wire, content, depth)
            else:
                repeated.setdefault(known, []).extend(self._some(known, wire, content, depth))
        for known, items in repeated.items():
            message[known.name] = self._joined(message[known.name], known, items)
        return message

    def _one(self, before: Any, known: Field, wire: int, content: Content, depth: int) -> Any:
        if known.kind in self.schemas:
            merged = before or Message(self._defaults[known.kind])
            return self._merged(merged, known.kind, _delimited(known, wire, content), depth + 1)
        if known.kind in NUMBERS:
            return numbers_in(known.kind, self._data, _single(known, wire, content))[0].item()
        span = _delimited(known, wire, content)
        return span if known.kind == "span" else self._text(known, span)

    def _some(self, known: Field, wire: int, content: Content, depth: int) -> list[Any]:
        if known.count == "numbers":
            return [content if wire == DELIMITED else _single(known, wire, content)]
        if known.kind in NUMBERS and isinstance(content, Span) and wire == DELIMITED:
            self._step(content.length // smallest(known.kind))
            return list(numbers_in(known.kind, self._data, content).tolist())
        return [self._one(None, known, wire, content, depth)]

    def _joined(self, before: Any, known: Field, items: list[Any]) -> Any:
        if known.count == "numbers":
            return Numbers(known.kind, (*before.pieces, *items), self._data)
        return (*before, *items)

    def _text(self, known: Field, span: Span) -> str | bytes:
        if span.length > self.limits.string_bytes:
            raise self._excess(f"has a {known.name} of {span.length:,} bytes")
        raw = bytes(self._data[span.start : span.end])
        return raw.decode() if known.kind == "string" else raw

    def _step(self, steps: int) -> None:
        self._steps += steps
        if self._steps > self.limits.opcodes:
            raise self._excess(f"has more than {self.limits.opcodes:,} fields")

    def _excess(self, problem: str) -> LimitExceededError:
        remedy = "raise the limits if you trust the file"
        return LimitExceededError(self.path, problem, format=self.format, remedy=remedy)


def outline(path: Path, most: int = 1000) -> tuple[tuple[int, int], ...]:
    """Field numbers and wire types of the outermost message of a file, the first `most`; none if it is no message.

    Protocol buffers have no magic: this is what a format can be recognised by.
    """
    if not path.is_file():
        return ()
    data = mapped(path, 0, path.stat().st_size).data
    try:
        found = islice(fields(data, Span(0, len(data))), most)
        return tuple((number, wire) for number, wire, _ in found)
    except ValueError:
        return ()


def _default(known: Field) -> Any:
    if known.count == "one":
        return _ABSENT.get(known.kind)
    return () if known.count == "many" else Numbers(known.kind)


def _single(known: Field, wire: int, content: Content) -> Content:
    expected = wire_type(known.kind)
    if wire != expected:
        raise ValueError(f"{known.name} has wire type {wire} where {expected} belongs")
    return content


def _delimited(known: Field, wire: int, content: Content) -> Span:
    if wire != DELIMITED or isinstance(content, int):
        raise ValueError(f"{known.name} has wire type {wire} where {DELIMITED} belongs")
    return content
