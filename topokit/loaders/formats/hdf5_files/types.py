"""Types of HDF5 data, as far as tensors and attributes use them (specification, IV.A.2.d)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from topokit.loaders.formats.common.dtypes import Order
from topokit.loaders.formats.hdf5_files.source import Cursor, Source

Kind = Literal["number", "string", "strings", "reference", "other"]

_FIXED, _FLOAT, _STRING, _OPAQUE, _COMPOUND, _REFERENCE, _ENUM, _VARIABLE = 0, 1, 3, 5, 6, 7, 8, 9
_NAMES = {5: "opaque", 6: "compound", 7: "reference", 9: "variable-length", 10: "array"}
_FLOATS = {
    (2, 10, 5, 0, 10, 15): "float16",
    (2, 7, 8, 0, 7, 127): "bfloat16",
    (4, 23, 8, 0, 23, 127): "float32",
    (8, 52, 11, 0, 52, 1023): "float64",
}
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Type:
    """What one element is.

    Attributes
    ----------
    kind : {'number', 'string', 'strings', 'reference', 'other'}
        ``strings`` have a variable length and lie elsewhere.
    name : str
        topokit's name for the numbers; a word for what is no number.
    size : int
        Bytes of one element.
    order : {'<', '>'}
        Which byte comes first.
    """

    kind: Kind
    name: str
    size: int
    order: Order = "<"


def parse_type(body: Cursor, source: Source, depth: int = 0) -> Type:
    """The type that a datatype message describes."""
    if depth > _DEEPEST:
        raise source.corrupt(f"has a type nested more than {_DEEPEST} deep")
    head, bits, size = body.uint(1), body.uint(3), body.uint(4)
    version, kind = head >> 4, head & 0x0F
    order: Order = ">" if bits & 1 else "<"
    if kind == _FIXED:
        offset, precision = body.uint(2), body.uint(2)
        plain = offset == 0 and precision == 8 * size and size in (1, 2, 4, 8)
        name = f"{'' if bits & 8 else 'u'}int{8 * size}" if plain else f"{precision}-bit integer"
        return Type("number" if plain else "other", name, size, order)
    if kind == _FLOAT:
        return _float(body, bits, size, order)
    if kind == _STRING:
        return Type("string", "string", size)
    if kind == _VARIABLE:
        return Type("strings" if bits & 0x0F == 1 else "other", _NAMES[kind], size)
    if kind == _REFERENCE:
        return Type("reference" if bits & 0x0F == 0 else "other", _NAMES[kind], size)
    if kind == _ENUM:
        return _enumeration(body, source, version, bits & 0xFFFF, depth)
    if kind == _COMPOUND:
        return _compound(body, source, version, bits & 0xFFFF, size, depth)
    return Type("other", _NAMES.get(kind, f"class {kind}"), size)


def _float(body: Cursor, bits: int, size: int, order: Order) -> Type:
    offset, precision = body.uint(2), body.uint(2)
    exponent_at, exponent, mantissa_at, mantissa = (body.uint(1) for _ in range(4))
    layout = (size, exponent_at, exponent, mantissa_at, mantissa, body.uint(4))
    plain = offset == 0 and precision == 8 * size and layout in _FLOATS and not bits & 0x40
    name = _FLOATS[layout] if plain else f"{precision}-bit float"
    return Type("number" if plain else "other", name, size, order)


def _enumeration(body: Cursor, source: Source, version: int, count: int, depth: int) -> Type:
    """The numbers behind the names; the two names FALSE and TRUE are how h5py stores booleans."""
    base = parse_type(body, source, depth + 1)
    names = [_member(body, version) for _ in range(count)]
    if names == [b"FALSE", b"TRUE"] and base.size == 1:
        return Type("number", "bool", 1)
    return base


def _compound(body: Cursor, source: Source, version: int, count: int, size: int, depth: int) -> Type:
    """Two floats, one behind the other, are a complex number; every other record stays unread."""
    parts = []
    for _ in range(min(count, 3)):
        _member(body, version)
        body.skip(4 if version < 3 else max(1, (size.bit_length() + 7) // 8))
        body.skip(28 if version == 1 else 0)
        parts.append(parse_type(body, source, depth + 1))
    names = [part.name for part in parts]
    complexes = {"float32": "complex64", "float64": "complex128"}
    if count == 2 and names[0] == names[1] in complexes and size == 2 * parts[0].size:
        return Type("number", complexes[names[0]], size, parts[0].order)
    return Type("other", "compound", size)


def _member(body: Cursor, version: int) -> bytes:
    """A name that ends with a zero, and before version 3 is padded to a multiple of 8 bytes."""
    start = body.at
    while body.uint(1):
        pass
    name = bytes(body.raw[start : body.at - 1])
    if version < 3:
        body.align(8, start)
    return name
