"""A stored tensor as a graph uses it: transposed, sliced, with axes merged or put in, and still that tensor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from numpy.typing import NDArray

from topokit.loaders.graph import Weight

Places = tuple[int, ...]


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
    axes : tuple of tuple of int
        The stored axes behind each axis of the view: several where they were merged, none for one of extent 1 that was
        put in.
    """

    tensor: str
    stored: tuple[int, ...]
    part: tuple[int | slice, ...]
    axes: tuple[Places, ...]

    @classmethod
    def whole(cls, tensor: str, shape: tuple[int, ...]) -> View:
        """All of the tensor as it is."""
        return cls(tensor, shape, (slice(None),) * len(shape), tuple((axis,) for axis in range(len(shape))))

    @property
    def shape(self) -> tuple[int, ...]:
        """The extents of the view."""
        return tuple(prod(len(self._range(place)) for place in places) for places in self.axes)

    def place(self, axis: int) -> int | None:
        """The one stored axis behind an axis; None when there are none or several."""
        return self.axes[axis][0] if len(self.axes[axis]) == 1 else None

    def values(self, stored: NDArray[Any]) -> NDArray[Any]:
        """What the view shows of the stored values."""
        kept = [axis for axis, part in enumerate(self.part) if isinstance(part, slice)]
        order = [kept.index(place) for places in self.axes for place in places]
        shown: NDArray[Any] = stored[self.part].transpose(order).reshape(self.shape)
        return shown

    def transposed(self, order: Sequence[int]) -> View:
        """The axes in another order."""
        return replace(self, axes=tuple(self.axes[axis] for axis in order))

    def sliced(self, axis: int, start: int | None, stop: int | None, step: int | None) -> View | None:
        """Part of one axis; None when the part runs backwards or the axis is not a stored one."""
        if not self.axes[axis]:
            return self if range(1)[start:stop:step] == range(1) else None
        place = self.place(axis)
        chosen = range(0) if place is None else self._range(place)[start:stop:step]
        if place is None or chosen.step < 0 or not chosen:
            return None
        return replace(self, part=self._with(place, slice(chosen.start, chosen.stop, chosen.step)))

    def indexed(self, axis: int, index: int) -> View | None:
        """One position of an axis, which goes away; None when the axis is several stored ones."""
        place, left = self.place(axis), (*self.axes[:axis], *self.axes[axis + 1 :])
        if place is None:
            return None if self.axes[axis] else replace(self, axes=left)
        return replace(self, part=self._with(place, self._range(place)[index]), axes=left)

    def reshaped(self, shape: Sequence[int]) -> View | None:
        """Another shape that merges axes, parts what was merged, or has other axes of extent 1; None for any other."""
        if tuple(shape) == self.shape:
            return self
        long = [place for places in self.axes for place in places if len(self._range(place)) != 1]
        groups = _grouped(long, [len(self._range(place)) for place in long], shape)
        if groups is None:
            return None
        part = list(self.part)
        for place, kept in enumerate(part):
            if isinstance(kept, slice) and place not in long:
                part[place] = self._range(place)[0]
        return replace(self, part=tuple(part), axes=groups)

    def weight(self, letters: str) -> Weight | None:
        """The view as a weight, one letter for each of its axes.

        None when an axis is not stored, or when neurons are counted along stored axes in another than their order.
        """
        letter_of: dict[int, str] = {}
        last: dict[str, int] = {}
        for places, letter in zip(self.axes, letters, strict=True):
            for place in places:
                if letter != "k" and place < last.get(letter, -1):
                    return None
                letter_of[place] = letter
                last[letter] = place
        if () in self.axes:
            return None
        kept = [axis for axis, part in enumerate(self.part) if isinstance(part, slice)]
        parts = list(self.part)
        while parts and parts[-1] == slice(None):
            parts.pop()
        return Weight(self.tensor, "".join(letter_of[axis] for axis in kept), tuple(parts))

    def _range(self, axis: int) -> range:
        part = self.part[axis]
        return range(self.stored[axis])[part] if isinstance(part, slice) else range(part, part + 1)

    def _with(self, axis: int, part: int | slice) -> tuple[int | slice, ...]:
        return (*self.part[:axis], part, *self.part[axis + 1 :])


def _grouped(places: Sequence[int], extents: Sequence[int], shape: Sequence[int]) -> tuple[Places, ...] | None:
    """The places in groups whose extents multiply to those of the shape."""
    groups, position = list[Places](), 0
    for wanted in shape:
        end, product = position, 1
        while product < wanted and end < len(places):
            product *= extents[end]
            end += 1
        if product != wanted:
            return None
        groups.append(tuple(places[position:end]))
        position = end
    return tuple(groups) if position == len(places) else None
