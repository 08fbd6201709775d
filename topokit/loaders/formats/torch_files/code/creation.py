"""Tensors that code makes of nothing: zeros, counters, numbers."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.loaders.formats.graphs.constants import SMALL
from topokit.loaders.formats.torch_files.code.values import is_known
from topokit.loaders.graph import Shape

_FILLED = {"zeros": 0.0, "ones": 1.0, "empty": 0.0, "new_zeros": 0.0, "new_ones": 1.0, "full": None, "rand": None}
_LIKE = {"zeros_like": 0.0, "ones_like": 1.0, "full_like": None, "empty_like": 0.0, "rand_like": None}
_LISTED = ("tensor", "scalar_tensor", "arange")
CREATORS = frozenset([*_FILLED, *_LIKE, *_LISTED])

Made = tuple[NDArray[Any] | None, Shape | None]


def created(operator: str, arguments: tuple[Any, ...], like: Shape | None) -> Made:
    """The values of a new tensor where they are known and few, and its shape as far as it is.

    `like` is the shape of the first argument, where that is a tensor.
    """
    if operator in _LISTED:
        values = _listed(operator, arguments)
        return values, None if values is None else values.shape
    shape = like if operator in _LIKE else _extents(operator, arguments)
    known = [extent for extent in shape or () if extent is not None]
    number = {**_FILLED, **_LIKE}[operator]
    is_full = shape is not None and len(known) == len(shape)
    return np.full(known, number) if is_full and number is not None and prod(known) <= SMALL else None, shape


def _listed(operator: str, arguments: tuple[Any, ...]) -> NDArray[Any] | None:
    if not arguments or not is_known(arguments) or isinstance(arguments[0], (str, dict)):
        return None
    return _counted(arguments) if operator == "arange" else np.asarray(arguments[0])


def _counted(bounds: tuple[Any, ...]) -> NDArray[Any] | None:
    numbers = [bound for bound in bounds[:3] if isinstance(bound, (int, float)) and not isinstance(bound, bool)]
    is_short = bool(numbers) and all(abs(number) <= SMALL for number in numbers) and 0 not in numbers[2:]
    return np.arange(*numbers) if is_short else None


def _extents(operator: str, arguments: tuple[Any, ...]) -> Shape:
    told = arguments[-1] if operator.startswith("new_") and len(arguments) > 1 else arguments[0]
    sizes = told if isinstance(told, (list, tuple)) else (told,)
    return tuple(extent if isinstance(extent, int) else None for extent in sizes)
