"""NumPy's objects in a pickle, and JAX's, which wrap them: arrays, types and single numbers.

What their ``__reduce__`` writes: ``numpy/_core/src/multiarray/methods.c`` (``array_reduce``, ``array_reduce_ex``),
``numpy/_core/numeric.py`` (``_frombuffer``) and ``jax/_src/array.py`` (``_reconstruct_array``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.loaders.formats.common.dtypes import BITS, Order, Raw, decode
from topokit.loaders.formats.objects.spans import Span
from topokit.loaders.formats.pickle_vm import Constructors, Global, Placeholder

_MULTIARRAY = ("numpy.core.multiarray", "numpy._core.multiarray")
_NUMERIC = ("numpy.core.numeric", "numpy._core.numeric")
_DTYPE = Global("numpy", "dtype")
RECONSTRUCT = Global("numpy.core.multiarray", "_reconstruct")
_RECONSTRUCTED = frozenset(Global(module, "_reconstruct") for module in _MULTIARRAY)
_SCALARS = frozenset(Global(module, "scalar") for module in _MULTIARRAY)
_BUFFERED = frozenset(Global(module, "_frombuffer") for module in _NUMERIC)
_JAX = frozenset(
    [Global("jax._src.array", "_reconstruct_array"), Global("jax._src.device_array", "reconstruct_device_array")]
)
_LONGEST_CODE = 16
_MOST_AXES = 64


def unmade(kind: Global, *arguments: Any) -> Placeholder:
    """The call of a known name, to be looked at when its state is there."""
    return Placeholder(kind, arguments)


NUMPY_CONSTRUCTORS: Constructors = {
    kind: partial(unmade, kind) for kind in (_DTYPE, *_RECONSTRUCTED, *_SCALARS, *_BUFFERED, *_JAX)
}


@dataclass(frozen=True, slots=True)
class Numbers:
    """The type of an array's elements.

    Attributes
    ----------
    name : str
        As in `dtypes.BITS`; another word for what is no number.
    size : int
        Bytes of one.
    order : {'<', '>'}
        Which byte comes first.
    are_objects : bool
        Whether the elements are Python objects.
    """

    name: str
    size: int
    order: Order = "<"
    are_objects: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class PickledArray:
    """An array as its pickle tells it.

    Attributes
    ----------
    numbers, shape
        Its type and shape.
    data : bytes, str, list or Span
        Its bytes (text in pickles of Python 2) or objects, or where they are.
    fortran : bool
        Whether its first axis varies fastest in `data`.
    moved : tuple of int, optional
        Which axis of `data` each axis is, where that is yet another order.
    """

    numbers: Numbers
    shape: tuple[int, ...]
    data: Any
    fortran: bool = False
    moved: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        needed = prod(self.shape) * (1 if self.numbers.are_objects else self.numbers.size)
        if needed != self.nbytes:
            raise ValueError(f"an array of shape {self.shape} has {self.nbytes:,} bytes or objects for {needed:,}")

    @property
    def nbytes(self) -> int:
        """Its size."""
        return self.data.count if isinstance(self.data, Span) else len(self.data)

    def values(self, raw: Raw) -> NDArray[Any]:
        """The array behind its raw bytes."""
        flat = decode(raw, self.numbers.name, (prod(self.shape),), self.numbers.order)
        if self.moved is None:
            return flat.reshape(self.shape, order="F" if self.fortran else "C")
        stored = [self.shape[self.moved.index(axis)] for axis in range(len(self.moved))]
        return flat.reshape(stored).transpose(self.moved)


def array_of(value: Any) -> PickledArray | None:
    """The array that a placeholder stands for; None when it is something else.

    Raises
    ------
    ValueError, TypeError
        It is an array that contradicts itself.
    """
    if not isinstance(value, Placeholder):
        return None
    if value.kind in _BUFFERED:
        return _buffered(*value.arguments)
    if value.kind in _JAX:
        return _rebuilt(value.arguments[2])
    return _rebuilt(value.state) if value.kind in _RECONSTRUCTED else None


def number_of(value: Any) -> Any:
    """The single number that a placeholder stands for, as Python has it; None when it is something else."""
    if not isinstance(value, Placeholder) or value.kind not in _SCALARS or len(value.arguments) != 2:
        return None
    numbers, raw = numbers_of(value.arguments[0]), _as_bytes(value.arguments[1])
    if numbers.name not in BITS or len(raw) != BITS[numbers.name] // 8:
        return None
    return decode(np.frombuffer(raw, np.uint8), numbers.name, (1,), numbers.order)[0].item()


def numbers_of(value: Any) -> Numbers:
    """The type of numbers that a pickled ``numpy.dtype`` names."""
    if not isinstance(value, Placeholder) or value.kind != _DTYPE or not value.arguments:
        raise TypeError("the type of an array is no type")
    code = value.arguments[0]
    state = value.state if isinstance(value.state, tuple) and len(value.state) > 1 else (3, "<")
    order: Order = ">" if state[1] == ">" else "<"
    if isinstance(code, Global):
        return Numbers(code.name, BITS[code.name] // 8, order)
    if type(code) is not str or len(code) > _LONGEST_CODE:
        raise TypeError("the type of an array has no short name")
    dtype = np.dtype(code)
    return Numbers(dtype.name, dtype.itemsize, ">" if dtype.byteorder == ">" else order, dtype == np.object_)


def raw_bytes(data: Any) -> Raw:
    """The bytes of an array that are no span."""
    return np.frombuffer(_as_bytes(data), np.uint8)


def _as_bytes(data: Any) -> bytes:
    return data.encode("latin-1") if isinstance(data, str) else bytes(data)


def _rebuilt(state: Any) -> PickledArray:
    if not isinstance(state, tuple) or len(state) not in (4, 5):
        raise ValueError("an array has no contents")
    shape, numbers, fortran, data = state[-4:]
    return _array(numbers, shape_of(shape), data, fortran=bool(fortran))


def _buffered(data: Any, numbers: Any, shape: Any, order: Any, axes: Any = None) -> PickledArray:
    stored = shape_of(shape)
    if order != "K" or axes is None:
        return _array(numbers, stored, data, fortran=order == "F")
    if not isinstance(axes, tuple) or sorted(axes) != [*range(len(stored))]:
        raise ValueError("an array's axes come in no order")
    return _array(numbers, tuple(stored[axis] for axis in axes), data, moved=axes)


def shape_of(shape: Any) -> tuple[int, ...]:
    """The shape of an array, checked to be one."""
    if not isinstance(shape, (tuple, list)) or len(shape) > _MOST_AXES:
        raise TypeError("the shape of an array is not a short list")
    if any(type(extent) is not int or not 0 <= extent < 2**63 for extent in shape):
        raise ValueError("the shape of an array has an extent that is no size")
    return tuple(shape)


def _array(
    numbers: Any, shape: tuple[int, ...], data: Any, *, fortran: bool = False, moved: tuple[int, ...] | None = None
) -> PickledArray:
    kind = numbers_of(numbers)
    if not isinstance(data, (list,) if kind.are_objects else (bytes, str, Span)):
        raise TypeError(f"the contents of an array are a {type(data).__name__}")
    return PickledArray(kind, shape, data, fortran, moved)
