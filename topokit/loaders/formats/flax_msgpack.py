"""Variables and training states of Flax, as ``flax.serialization.to_bytes`` writes them.

A MessagePack table; extension 1 is an array, a triple of shape, type and bytes, and extension 3 a single number of
NumPy's. Arrays beyond 1 GiB are cut into chunks. Source: https://github.com/google/flax/blob/main/flax/serialization.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.errors import CorruptCheckpointError, UnsupportedFeatureError
from topokit.loaders.checkpoint import Checkpoint, TensorEntry
from topokit.loaders.formats.common.dtypes import BITS, check_readable, decode, stored_bytes
from topokit.loaders.formats.common.mapping import mapped
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.objects.arrays import shape_of
from topokit.loaders.formats.objects.msgpack import Skimmer
from topokit.loaders.formats.objects.spans import Span
from topokit.loaders.formats.objects.stored import checkpoint_of
from topokit.loaders.limits import Limits

NAME = "flax-msgpack"

_ARRAY, _NUMBER = 1, 3
_CHUNKED = "__msgpack_chunked_array__"
_TABLES = (*range(0x81, 0x90), 0xDE, 0xDF)
_KEY_AT = {0xDE: 3, 0xDF: 5}
_SHORT_TEXTS = range(0xA1, 0xC0)


def recognises(path: Path, head: bytes) -> bool:
    """A MessagePack table whose first key is a short printable text."""
    if not head or head[0] not in _TABLES:
        return False
    at = _KEY_AT.get(head[0], 1)
    if len(head) < at + 1 or head[at] not in _SHORT_TEXTS:
        return False
    key = head[at + 1 : at + 1 + (head[at] & 0x1F)]
    return key.isascii() and key.decode("ascii").isprintable() and len(key) == head[at] & 0x1F


def open_flax_msgpack(path: Path, limits: Limits) -> Checkpoint:
    """List the arrays of a Flax file; the axes are (*kernel, source, target).

    Raises
    ------
    UnsupportedFeatureError
        It is MessagePack without Flax's arrays.
    """
    reader = _Reader(path, limits)
    tree = reader.tree()
    if not reader.arrays:
        problem = "is MessagePack without an array of Flax"
        raise UnsupportedFeatureError(path, problem, format=NAME, remedy="give the file that flax.serialization wrote")
    return checkpoint_of(tree, path, NAME, limits, order="natural")


@dataclass(frozen=True, eq=False)
class _Array:
    """An array and where its bytes are, one span per chunk."""

    shape: tuple[int, ...]
    dtype: str
    spans: tuple[Span, ...]

    @property
    def nbytes(self) -> int:
        return sum(span.count for span in self.spans)


class _Reader:
    """Follows the structure of one file."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path, self.limits, self.arrays = path, limits, 0
        self._view = mapped(path, 0, path.stat().st_size).data

    def tree(self) -> Any:
        """The tables of the file, with entries for arrays."""
        skimmer = self._skimmer(Span(0, len(self._view)))
        tree = skimmer.value()
        if skimmer.position != skimmer.stop:
            raise self._corrupt(f"goes on after its end at byte {skimmer.position:,}")
        return self._finished(tree)

    def _skimmer(self, span: Span) -> Skimmer:
        return Skimmer(self._view, self.limits, self._extension, span.start, span.start + span.count)

    def _extension(self, code: int, span: Span) -> Any:
        if code not in (_ARRAY, _NUMBER):
            return None
        inner = self._skimmer(span)
        shape, dtype, data = inner.value()
        if type(dtype) is not str or not isinstance(data, Span) or inner.position != inner.stop:
            raise self._corrupt(f"has something else than an array at byte {span.start:,}")
        array = self._checked(_Array(shape_of(shape), dtype, (data,)))
        return array if code == _ARRAY else self._number(array)

    def _number(self, array: _Array) -> Any:
        if array.shape or array.dtype not in BITS:
            return None
        return _values(array, self.path).item()

    def _finished(self, value: Any) -> Any:
        """The tree with chunks put together and entries for arrays."""
        if isinstance(value, dict) and _CHUNKED in value:
            value = self._joined(value)
        if isinstance(value, _Array):
            return self._entry(value)
        if isinstance(value, list):
            return [self._finished(child) for child in value]
        return {key: self._finished(child) for key, child in value.items()} if isinstance(value, dict) else value

    def _joined(self, table: dict[Any, Any]) -> _Array:
        shape, chunks = shape_of(_listed(table.get("shape"))), _listed(table.get("chunks"))
        kinds = {chunk.dtype if isinstance(chunk, _Array) else None for chunk in chunks}
        if len(kinds) != 1 or None in kinds:
            raise self._corrupt("has an array in chunks that are no arrays of one type")
        return self._checked(_Array(shape, chunks[0].dtype, tuple(span for chunk in chunks for span in chunk.spans)))

    def _checked(self, array: _Array) -> _Array:
        if array.dtype in BITS and stored_bytes(array.dtype, array.shape) != array.nbytes:
            place = f"byte {array.spans[0].start:,}"
            raise self._corrupt(f"has {array.nbytes:,} bytes at {place} for {array.dtype} of shape {array.shape}")
        return array

    def _entry(self, array: _Array) -> TensorEntry:
        self.arrays += 1
        return TensorEntry(
            name="",
            shape=array.shape,
            dtype=array.dtype if array.dtype in BITS else "unknown",
            nbytes=array.nbytes,
            path=self.path,
            format=NAME,
            reader=partial(_values, array, self.path),
        )

    def _corrupt(self, problem: str) -> CorruptCheckpointError:
        return CorruptCheckpointError(self.path, problem, format=NAME, remedy="copy or download it again")


def _values(array: _Array, path: Path) -> NDArray[Any]:
    check_readable(array.dtype, path, NAME, "array")
    raw = [mapped(path, span.start, span.count) for span in array.spans]
    return decode(raw[0] if len(raw) == 1 else np.concatenate(raw), array.dtype, array.shape)


def _listed(table: Any) -> list[Any]:
    """The list that Flax keeps as a table from positions in words."""
    if not isinstance(table, dict) or list(table) != [str(k) for k in range(len(table))]:
        raise ValueError("a list of chunks or extents is not in order")
    return list(table.values())


FORMAT = Format(NAME, recognises, open_flax_msgpack)
