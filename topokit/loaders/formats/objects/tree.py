"""The objects of a pickle as a tree of tables with entries at its leaves: arrays, sparse matrices, and what holds them.

SciPy's matrices have their parts in a table of attributes (``scipy/sparse/_compressed.py``, ``_coo.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from scipy import sparse

from topokit.errors import CorruptCheckpointError
from topokit.loaders.checkpoint import Layout, TensorEntry
from topokit.loaders.formats.common.dtypes import Raw, check_readable
from topokit.loaders.formats.common.sparse_arrays import PARTS, sparse_matrix
from topokit.loaders.formats.objects.arrays import PickledArray, array_of, number_of, raw_bytes, unmade
from topokit.loaders.formats.objects.jax_trees import SPARSE_STATE
from topokit.loaders.formats.objects.sklearn import ANYWHERE, Place, place_within
from topokit.loaders.formats.objects.spans import Span
from topokit.loaders.formats.pickle_vm import Constructors, Global, Placeholder

_SPARSE_MODULES = ("scipy.sparse._{0}", "scipy.sparse.{0}")
_SPARSE: dict[Global, Layout] = {
    Global(module.format(layout), f"{layout}_{ending}"): layout
    for module in _SPARSE_MODULES
    for layout in PARTS
    for ending in ("matrix", "array")
} | {Global("scipy.sparse._arrays", f"{layout}_array"): layout for layout in PARTS}

SPARSE_CONSTRUCTORS: Constructors = {kind: partial(unmade, kind) for kind in _SPARSE}

_SPARSE_STATE = "SparseState"

_Child = tuple[Any, Any]


@dataclass(eq=False)
class ObjectTree:
    """Turns what the inert machine read into tables.

    Attributes
    ----------
    path, format
        The file and who reads it.
    read : callable
        Gives the bytes of a span.
    """

    path: Path
    format: str
    read: Callable[[Span], Raw]
    _made: dict[tuple[int, Place], Any] = field(default_factory=dict)

    def of(self, root: Any) -> Any:
        """The tree of an object: tables of tables, entries, numbers and texts.

        Lists and tuples become tables from positions; unknown objects tables of their attributes. What is shared
        stays shared, cycles included.

        Raises
        ------
        CorruptCheckpointError
            An array or matrix contradicts itself.
        """
        top: dict[Any, Any] = {}
        pending: list[tuple[dict[Any, Any], Any, Any, Place]] = [(top, None, root, ANYWHERE)]
        while pending:
            table, key, value, place = pending.pop()
            if not isinstance(value, (dict, list, tuple, Placeholder)):
                table[key] = value
                continue
            identity = (id(value), place)
            if identity not in self._made:
                made, children = self._turned(value, place)
                self._made[identity] = made
                pending.extend((made, k, child, place_within(value, k, place)) for k, child in reversed(children))
            table[key] = self._made[identity]
        return top[None]

    def _turned(self, value: Any, place: Place) -> tuple[Any, list[_Child]]:
        """What a value becomes, and the children that are to fill it."""
        try:
            array, number = array_of(value), number_of(value)
        except (ValueError, TypeError, IndexError) as error:
            raise self._corrupt(str(error)) from error
        if array is not None:
            return ({}, [*enumerate(array.data)]) if array.numbers.are_objects else (self._dense(array, place), [])
        if isinstance(value, Placeholder) and value.kind in _SPARSE:
            return self._sparse(value, place), []
        return (number, []) if number is not None else ({}, [*_children(value)])

    def _dense(self, array: PickledArray, place: Place) -> TensorEntry:
        return TensorEntry(
            name="",
            shape=array.shape,
            dtype=array.numbers.name,
            nbytes=array.nbytes,
            path=self.path,
            format=self.format,
            reader=partial(self._values, array),
            storage_id=str(len(self._made)),
            axes=place.axes,
            role=place.role,
            aside=place.aside,
        )

    def _values(self, array: PickledArray) -> NDArray[Any]:
        check_readable(array.numbers.name, self.path, self.format, "array")
        raw = self.read(array.data) if isinstance(array.data, Span) else raw_bytes(array.data)
        return array.values(raw)

    def _sparse(self, value: Placeholder, place: Place) -> TensorEntry:
        layout = _SPARSE[value.kind]
        try:
            shape, parts = _parts_of(value, layout)
        except (ValueError, TypeError, IndexError, KeyError) as error:
            raise self._corrupt(f"a sparse matrix makes no sense ({error})") from error
        return TensorEntry(
            name="",
            shape=shape,
            dtype=parts["data"].numbers.name,
            nbytes=sum(part.nbytes for part in parts.values()),
            path=self.path,
            format=self.format,
            reader=partial(self._matrix, layout, parts, shape),
            layout=layout,
            axes=place.axes,
            role=place.role,
            aside=place.aside,
        )

    def _matrix(self, layout: Layout, parts: dict[str, PickledArray], shape: tuple[int, int]) -> sparse.csr_array:
        return sparse_matrix(layout, {name: self._values(part) for name, part in parts.items()}, shape)

    def _corrupt(self, problem: str) -> CorruptCheckpointError:
        return CorruptCheckpointError(self.path, problem, format=self.format, remedy="copy or download it again")


def _parts_of(value: Placeholder, layout: Layout) -> tuple[tuple[int, int], dict[str, PickledArray]]:
    """The shape of a sparse matrix and the arrays that `sparse_arrays.PARTS` names."""
    state = dict(value.state)
    if layout == "coo" and "coords" in state:
        state["row"], state["col"] = state["coords"]
    rows, columns = state["_shape"]
    if type(rows) is not int or type(columns) is not int or min(rows, columns) < 0:
        raise ValueError(f"its shape is {(rows, columns)}")
    parts = {name: array_of(state[name]) for name in PARTS[layout]}
    if not all(parts.values()):
        raise TypeError("its parts are no arrays")
    return (rows, columns), {name: part for name, part in parts.items() if part is not None}


def _children(value: Any) -> Iterator[_Child]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, Placeholder):
        yield from _attributes(value)
    else:
        yield from enumerate(value)


def _attributes(value: Placeholder) -> Iterator[_Child]:
    """Attributes, items and elements of an unknown object; what it was made of, when it has none.

    A sparse state is a tuple with names; frozen tables (Flax, Haiku) are made of one plain table.
    """
    tables = [value.items, *(value.state if isinstance(value.state, tuple) else [value.state])]
    found = [item for table in tables if isinstance(table, dict) for item in table.items()]
    found += enumerate(value.elements)
    if value.kind.name == _SPARSE_STATE:
        yield from zip(SPARSE_STATE, value.arguments, strict=False)
    else:
        yield from found or _made_of(value.arguments)


def _made_of(arguments: tuple[Any, ...]) -> Iterator[_Child]:
    if len(arguments) == 1 and isinstance(arguments[0], dict):
        return iter(arguments[0].items())
    return iter(enumerate(arguments))
