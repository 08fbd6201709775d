"""A stored tensor as a graph uses it: transposed, sliced, with axes of extent 1 more or less, and still that tensor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from topokit.loaders.graph import Weight


@dataclass(frozen=True, slots=True)
class View:
    """Part of a stored tensor, its axes in another order.

    Attributes
    ----------
    tensor : str
        Its name.
    stored : tuple of int
        Its shape in the file.
    part : tuple of int or slice
        What of each stored axis is meant; an int drops the axis.
    axes : tuple of int or None
        The stored axis behind each axis of the view; None for one of extent 1 that was put in.
    """

    tensor: str
    stored: tuple[int, ...]
    part: tuple[int | slice, ...]
    axes: tuple[int | None, ...]

    @classmethod
    def whole(cls, tensor: str, shape: tuple[int, ...]) -> View:
        """All of the tensor as it is."""
        return cls(tensor, shape, (slice(None),) * len(shape), tuple(range(len(shape))))

    @property
    def shape(self) -> tuple[int, ...]:
        """The extents of the view."""
        return tuple(1 if axis is None else len(self._range(axis)) for axis in self.axes)

    def values(self, stored: NDArray[Any]) -> NDArray[Any]:
        """What the view shows of the stored values."""
        kept = [axis for axis, part in enumerate(self.part) if isinstance(part, slice)]
        order = [kept.index(axis) for axis in self.axes if axis is not None]
        shown: NDArray[Any] = stored[self.part].transpose(order).reshape(self.shape)
        return shown

    def transposed(self, order: Sequence[int]) -> View:
        """The axes in another order."""
        return replace(self, axes=tuple(self.axes[axis] for axis in order))

    def sliced(self, axis: int, start: int | None, stop: int | None, step: int | None) -> View | None:
        """Part of one axis; None when the part runs backwards or the axis is not stored."""
        place = self.axes[axis]
        if place is None:
            return self if range(1)[start:stop:step] == range(1) else None
        chosen = self._range(place)[start:stop:step]
        if chosen.step < 0 or not chosen:
            return None
        return replace(self, part=self._with(place, slice(chosen.start, chosen.stop, chosen.step)))

    def indexed(self, axis: int, index: int) -> View | None:
        """One position of an axis, which goes away; None when the axis is not stored."""
        place, left = self.axes[axis], (*self.axes[:axis], *self.axes[axis + 1 :])
        if place is None:
            return replace(self, axes=left)
        return replace(self, part=self._with(place, self._range(place)[index]), axes=left)

    def reshaped(self, shape: Sequence[int]) -> View | None:
        """Another shape that differs in axes of extent 1 only; None for any other."""
        long = [axis for axis, extent in zip(self.axes, self.shape, strict=True) if extent != 1]
        if [extent for extent in shape if extent != 1] != [extent for extent in self.shape if extent != 1]:
            return None
        if tuple(shape) == self.shape:
            return self
        short = [axis for axis, part in enumerate(self.part) if isinstance(part, slice) and axis not in long]
        part = list(self.part)
        for axis in short:
            part[axis] = self._range(axis)[0]
        places = iter(long)
        return replace(self, part=tuple(part), axes=tuple(None if extent == 1 else next(places) for extent in shape))

    def weight(self, letters: str) -> Weight | None:
        """The view as a weight, one letter for each of its axes; None when an axis is not stored."""
        if None in self.axes:
            return None
        by_place = {place: letter for place, letter in zip(self.axes, letters, strict=True) if place is not None}
        kept = [axis for axis, part in enumerate(self.part) if isinstance(part, slice)]
        parts = list(self.part)
        while parts and parts[-1] == slice(None):
            parts.pop()
        return Weight(self.tensor, "".join(by_place[axis] for axis in kept), tuple(parts))

    def _range(self, axis: int) -> range:
        part = self.part[axis]
        return range(self.stored[axis])[part] if isinstance(part, slice) else range(part, part + 1)

    def _with(self, axis: int, part: int | slice) -> tuple[int | slice, ...]:
        return (*self.part[:axis], part, *self.part[axis + 1 :])
