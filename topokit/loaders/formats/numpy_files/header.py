"""The header of a NumPy array file: type, axis order and shape.

Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.errors import CorruptCheckpointError, UnsupportedFeatureError
from topokit.loaders.checkpoint import check_rank
from topokit.loaders.formats.common.dtypes import Raw
from topokit.loaders.limits import Limits

MAGIC = b"\x93NUMPY"
LONGEST_HEADER = 65536 + 12

_KINDS = "biufcSU"
_VALUE = r"'[^']*+'|\"[^\"]*+\"|\[(?:[^\[\]]|\[[^\[\]]*+\])*+\]|True|False|\([0-9L,\s]*+\)"
_ITEM = rf"['\"](descr|fortran_order|shape)['\"]\s*+:\s*+({_VALUE})\s*+,?\s*+"
_HEADER = re.compile(rf"\{{\s*+(?:{_ITEM})+\}}\s*+")
_ITEMS = re.compile(_ITEM)
_KEYS = {"descr", "fortran_order", "shape"}
_FLAGS = ("True", "False")
_RECORDS = "["


@dataclass(frozen=True, slots=True)
class NpyHeader:
    """What stands before the numbers of an array file."""

    dtype: np.dtype[Any]
    fortran: bool
    shape: tuple[int, ...]
    start: int

    @property
    def holds_objects(self) -> bool:
        """Whether a pickle follows instead of numbers."""
        return bool(self.dtype == np.object_)

    @property
    def nbytes(self) -> int:
        """Bytes of the numbers."""
        return prod(self.shape) * self.dtype.itemsize

    def values(self, raw: Raw) -> NDArray[Any]:
        """The array behind its raw bytes, as a view unless it is boolean."""
        numbers = raw != 0 if self.dtype == np.bool_ else raw.view(self.dtype)
        return numbers.reshape(self.shape, order="F" if self.fortran else "C")


def parse_npy_header(
    head: bytes, path: Path, format: str, name: str, limits: Limits, *, objects: bool = False
) -> NpyHeader:
    """Read the header at the beginning of `head`; `objects` says whether arrays of Python objects are welcome.

    Raises
    ------
    CorruptCheckpointError
        Not a header, or one that ends early.
    UnsupportedFeatureError
        An array of Python objects, whose contents are a pickle, or of records.
    """
    place = repr(name)
    if head[:6] != MAGIC or len(head) < 12:
        raise CorruptCheckpointError(path, "is not a NumPy array", format=format, place=place)
    width = 2 if head[6] == 1 else 4
    start = 8 + width + int.from_bytes(head[8 : 8 + width], "little")
    if start > len(head) or head[6] not in (1, 2, 3):
        problem = "has an array header that ends early, is too long or of an unknown version"
        raise CorruptCheckpointError(path, problem, format=format, place=place)
    text = head[8 + width : start].decode("utf-8" if head[6] == 3 else "latin-1")
    fields = dict(_ITEMS.findall(text)) if _HEADER.fullmatch(text) else {}
    if set(fields) != _KEYS or fields["fortran_order"] not in _FLAGS:
        raise CorruptCheckpointError(path, "has a header without type, order and shape", format=format, place=place)
    return NpyHeader(
        _plain_dtype(fields["descr"], path, format, place, objects),
        fields["fortran_order"] == "True",
        _plain_shape(fields["shape"], path, format, name, limits),
        start,
    )


def _plain_dtype(description: str, path: Path, format: str, place: str, objects: bool) -> np.dtype[Any]:
    dtype = None if description.startswith(_RECORDS) else np.dtype(description[1:-1])
    if dtype is None or dtype.kind not in _KINDS + ("O" if objects else ""):
        what = "Python objects, which only a pickle can hold" if dtype == np.object_ else "records or dates"
        raise UnsupportedFeatureError(
            path, f"is an array of {what}", format=format, place=place, remedy="save each matrix as a plain array"
        )
    return dtype


def _plain_shape(text: str, path: Path, format: str, name: str, limits: Limits) -> tuple[int, ...]:
    """The shape in a tuple's own spelling; Python 2 wrote an L after each number."""
    numbers = [number for number in re.split(r"[L,()\s]+", text) if number]
    check_rank(len(numbers), path, format, name, limits)
    return tuple(int(number) for number in numbers)
