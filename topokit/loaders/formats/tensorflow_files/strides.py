"""The index of a ``StridedSlice``, read axis by axis.

Meaning of the masks: https://www.tensorflow.org/api_docs/python/tf/strided_slice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from topokit.loaders.formats.tensorflow_files.translation import Step

Part = tuple[int | None, int | None, int | None]


@dataclass(frozen=True, slots=True)
class Strides:
    """What becomes of each axis.

    Attributes
    ----------
    index : tuple of (start, stop, step) or None
        Per axis of the value; None for one that stays whole.
    dropped : tuple of int
        Axes of which a single position is taken; their index has that extent.
    added : tuple of int
        New axes, as the result has them.
    known : bool
        Whether all bounds are; an axis whose bounds are not stays whole.
    """

    index: tuple[Part | None, ...]
    dropped: tuple[int, ...]
    added: tuple[int, ...]
    known: bool


def strides_of(step: Step, rank: int) -> Strides | None:
    """The index that the inputs 1 to 3 and the masks tell for a value of that rank; None when they tell none."""
    bounds = [step.whole(place) for place in (1, 2, 3)]
    begins, ends, steps = bounds
    if begins is None or ends is None or steps is None:
        return None
    return _Reading(step, rank, begins, ends, steps).strides()


class _Reading:
    def __init__(self, step: Step, rank: int, *bounds: Sequence[int | None]) -> None:
        self.step, self.rank = step, rank
        self.begins, self.ends, self.steps = bounds
        self.index: list[Part | None] = []
        self.dropped: list[int] = []
        self.added: list[int] = []
        self.known = True

    def strides(self) -> Strides:
        count = len(self.begins)
        taken = sum(not self._masked("new_axis_mask", k) and not self._masked("ellipsis_mask", k) for k in range(count))
        for k in range(count):
            if self._masked("ellipsis_mask", k):
                self.index += [None] * (self.rank - taken)
            elif self._masked("new_axis_mask", k):
                self.added.append(len(self.index) - len(self.dropped) + len(self.added))
            else:
                self._take(k)
        self.index += [None] * (self.rank - len(self.index))
        return Strides(tuple(self.index), tuple(self.dropped), tuple(self.added), self.known)

    def _take(self, k: int) -> None:
        begin, end, pace = self.begins[k], self.ends[k], self.steps[k]
        if self._masked("shrink_axis_mask", k):
            self.dropped.append(len(self.index))
            self.known &= begin is not None
            self.index.append((begin, None if begin is None or begin == -1 else begin + 1, 1))
            return
        open_begin, open_end = self._masked("begin_mask", k), self._masked("end_mask", k)
        if (begin is None and not open_begin) or (end is None and not open_end) or not pace:
            self.known = False
            self.index.append(None)
        elif open_begin and open_end and pace == 1:
            self.index.append(None)
        else:
            self.index.append((None if open_begin else begin, None if open_end else end, pace))

    def _masked(self, name: str, k: int) -> bool:
        return bool(int(self.step.told(name, 0)) >> k & 1)
