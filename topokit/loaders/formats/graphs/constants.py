"""Values of a graph that no input changes: stored tensors, what is made of them, and the extents of other values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.loaders.formats.graphs.views import View
from topokit.loaders.graph import Shape

SMALL = 4096
"""Values up to this number are computed when the graph is read; anything longer only when its tensor is."""

Array = NDArray[Any]


@dataclass(frozen=True, eq=False, slots=True)
class Constant:
    """A value that no input changes.

    Attributes
    ----------
    shape : tuple of int, optional
        Its shape; None when even that is not known.
    read : callable, optional
        Returns its values; None when they are not known. Extents that are unknown are NaN.
    view : View, optional
        The stored tensor it shows, where it shows one.
    sources : tuple of str
        The stored tensors it is made from.
    """

    shape: tuple[int, ...] | None = None
    read: Callable[[], Array] | None = None
    view: View | None = None
    sources: tuple[str, ...] = ()

    @classmethod
    def of(cls, values: Array, sources: tuple[str, ...] = ()) -> Constant:
        """Values that are known now."""
        return cls(values.shape, lambda: values, None, sources)

    @classmethod
    def of_extents(cls, shape: Shape) -> Constant:
        """The shape of a value as a value."""
        known = None not in shape
        extents = np.array([np.nan if extent is None else extent for extent in shape], np.int64 if known else float)
        return cls.of(extents)

    @classmethod
    def stored(cls, name: str, shape: tuple[int, ...], read: Callable[[], Array]) -> Constant:
        """A tensor of the file."""
        return cls(shape, read, View.whole(name, shape), (name,))

    @property
    def is_small(self) -> bool:
        """Whether its values are known and few."""
        return self.read is not None and self.shape is not None and prod(self.shape) <= SMALL

    def numbers(self) -> Array | None:
        """The values, where they are known and few."""
        return self.read() if self.read is not None and self.is_small else None

    def values(self) -> Array:
        """The values, however many.

        Raises
        ------
        ValueError
            They are not known.
        """
        if self.read is None:
            raise ValueError("the values of a constant are not known")
        return self.read()

    def transposed(self, order: Sequence[int]) -> Constant:
        """The axes in another order."""
        return self._seen(self.view and self.view.transposed(order), lambda values: values.transpose(order))

    def reshaped(self, shape: Sequence[int]) -> Constant:
        """Another shape, all extents told."""
        return self._seen(
            self.view and self.view.reshaped(shape), lambda values: values.reshape(shape), tuple(map(int, shape))
        )

    def sliced(self, axis: int, start: int | None, stop: int | None, step: int | None = None) -> Constant:
        """Part of one axis."""
        if self.shape is None:
            return Constant(sources=self.sources)
        index = (slice(None),) * (axis % len(self.shape)) + (slice(start, stop, step),)
        view = self.view and self.view.sliced(axis % len(self.shape), start, stop, step)
        return self._seen(view, lambda values: values[index], _extents_of(self.shape, index))

    def indexed(self, axis: int, index: int) -> Constant:
        """One position of an axis, which goes away."""
        if self.shape is None:
            return Constant(sources=self.sources)
        axis %= len(self.shape)
        view = self.view and self.view.indexed(axis, index)
        left = (*self.shape[:axis], *self.shape[axis + 1 :])
        return self._seen(view, lambda values: np.take(values, index, axis), left)

    def _seen(
        self, view: View | None, change: Callable[[Array], Array], shape: tuple[int, ...] | None = None
    ) -> Constant:
        if self.read is None:
            return Constant(shape, sources=self.sources)
        if view is None and shape is None:
            shape = change(np.broadcast_to(np.empty((), bool), self.shape or ())).shape
        return Constant(view.shape if view else shape, partial(_changed, self.read, change), view, self.sources)


def _changed(read: Callable[[], Array], change: Callable[[Array], Array]) -> Array:
    return change(read())


def _extents_of(shape: tuple[int, ...], index: tuple[slice, ...]) -> tuple[int, ...]:
    shown = [len(range(extent)[part]) for extent, part in zip(shape, index, strict=False)]
    return (*shown, *shape[len(index) :])
