"""Reshaping a flow whose extents are only partly known."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from topokit.loaders.assembly.tracing.flow import MOST_NEURONS, Flow, Ids, UntraceableError, simple_flow
from topokit.loaders.graph import Shape


def reshaped(flow: Flow, shape: Sequence[int | None]) -> Flow:
    """The flow with axes of these extents; -1 and None stand for unknown ones.

    Known extents are matched with known dims from the back, then equal or unknown ones from the front; what remains
    goes to the one axis that remains, or to several where no neurons lie along it (the tokens of a batch). Where dims
    of known extents do not divide that way, the numbers are spread out and reshaped.

    Raises
    ------
    UntraceableError
        The extents do not divide each other, or too many are unknown.
    """
    wanted = _completed(flow, [None if extent == -1 else extent for extent in shape])
    try:
        return _regrouped(flow, list(wanted))
    except UntraceableError:
        lead = _unknown_lead(flow, wanted)
        if None in flow.extents[lead:] or None in wanted[lead:]:
            raise
        return _spread(flow, [extent or 0 for extent in wanted], lead)


def _regrouped(flow: Flow, wanted: list[int | None]) -> Flow:
    """The dims, some of them split, as the axes wanted."""
    asked = tuple(wanted)
    work = _Dims(flow.ids, list(flow.extents))
    back: list[int] = []
    while wanted and wanted[-1] is not None and (found := work.from_back(wanted[-1], sum(back))) is not None:
        back.insert(0, found)
        wanted.pop()
    front: list[int] = []
    while len(wanted) > 1 and (found := work.from_front(wanted[0], sum(front), sum(back))) is not None:
        front.append(found)
        wanted.pop(0)
    left = len(work.extents) - sum(front) - sum(back)
    if not wanted and left:
        _attach(work, front, back)
    if wanted and None in flow.extents and work.is_free(sum(front), sum(back)):
        work.refill(sum(front), sum(back), wanted)
        middle = [1] * len(wanted)
    else:
        middle = _middle(wanted, left) if wanted else []
    made = Flow(work.ids, tuple(work.extents), (*front, *middle, *back))
    for mine, theirs in zip(made.shape, asked, strict=True):
        if mine is not None and theirs is not None and mine != theirs:
            raise UntraceableError(f"a reshape of {flow.shape} into {asked}")
    return made


def _unknown_lead(flow: Flow, wanted: Sequence[int | None]) -> int:
    """1 where both begin with a batch of unknown extent, else 0."""
    has_batch = bool(flow.axes and wanted) and flow.axes[0] == 1 and flow.ids.shape[0] == 1
    return int(has_batch and flow.extents[0] is None and wanted[0] is None)


def _spread(flow: Flow, wanted: list[int], lead: int) -> Flow:
    """All numbers, one per position, in another shape; a batch of unknown extent stays as it is."""
    extents, inner = [extent or 0 for extent in flow.extents[lead:]], wanted[lead:]
    if prod(extents) != prod(inner) or prod(inner) > MOST_NEURONS:
        raise UntraceableError(f"a reshape of {flow.shape} into {(*(None,) * lead, *inner)}")
    ids = np.broadcast_to(flow.ids, (*(1,) * lead, *extents)).reshape((*(1,) * lead, *inner))
    return simple_flow(ids, (*(None,) * lead, *inner))


def _completed(flow: Flow, wanted: list[int | None]) -> list[int | None]:
    """One unknown extent follows from the others where the whole is known."""
    whole = 1
    for extent in flow.extents:
        if extent is None:
            return wanted
        whole *= extent
    known = 1
    for extent in wanted:
        known *= 1 if extent is None else extent
    if wanted.count(None) == 1 and known and not whole % known:
        wanted[wanted.index(None)] = whole // known
    return wanted


def _attach(work: _Dims, front: list[int], back: list[int]) -> None:
    """Free dims that no axis is left for belong to a neighbour."""
    first, last = sum(front), len(work.extents) - sum(back)
    side, place = (front, -1) if front else (back, 0)
    if any(work.ids.shape[dim] > 1 for dim in range(first, last)) or not side:
        raise UntraceableError("a reshape that loses neurons")
    side[place] += last - first


def _middle(wanted: list[int | None], left: int) -> list[int]:
    """Dims for each axis that is neither at the front nor at the back."""
    several = [k for k, extent in enumerate(wanted) if extent != 1]
    if len(several) == left:
        return [int(extent != 1) for extent in wanted]
    if len(several) > 1:
        raise UntraceableError("a reshape into several axes of unknown extents")
    counts = [0] * len(wanted)
    counts[several[0] if several else 0] = left
    return counts


class _Dims:
    """The dims of a flow while they are split."""

    def __init__(self, ids: Ids, extents: list[int | None]) -> None:
        self.ids, self.extents = ids, extents

    def from_back(self, extent: int, taken: int) -> int | None:
        """How many dims before the last `taken` make up an extent, splitting one if need be; None if they cannot."""
        end, product, count = len(self.extents) - taken, 1, 0
        while product < extent and count < end:
            part = self._part(extent, product, self.extents[end - 1 - count])
            if part is None:
                return None
            if part < (self.extents[end - 1 - count] or 0):
                self._split(end - 1 - count, part)
            product, count = product * part, count + 1
        return count if product == extent else None

    def from_front(self, extent: int | None, front: int, back: int) -> int | None:
        """The same behind the first `front` dims; one unknown dim makes up an unknown extent."""
        if extent is None:
            is_open = front + back < len(self.extents) and self.extents[front] is None
            return 1 if is_open else None
        product, count = 1, 0
        while product < extent and front + count + back < len(self.extents):
            here = self.extents[front + count]
            part = self._part(extent, product, here)
            if part is None or here is None:
                return None
            if part < here:
                self._split(front + count, here // part)
            product, count = product * part, count + 1
        return count if product == extent else None

    def is_free(self, front: int, back: int) -> bool:
        """Whether no neurons lie along the dims between."""
        return all(length == 1 for length in self.ids.shape[front : self.ids.ndim - back])

    def refill(self, front: int, back: int, extents: Sequence[int | None]) -> None:
        """Other dims between, along which no neurons lie either."""
        end = self.ids.ndim - back
        self.ids = self.ids.reshape(*self.ids.shape[:front], *(1 for _ in extents), *self.ids.shape[end:])
        self.extents[front:end] = extents

    def _part(self, extent: int, product: int, here: int | None) -> int | None:
        """What of the next dim belongs to an axis of which others make up `product`; None where they do not fit."""
        missing, rest = divmod(extent, product)
        if rest or not here:
            return None
        return here if not missing % here else missing if not here % missing else None

    def _split(self, dim: int, inner: int) -> None:
        extent = self.extents[dim] or 0
        if inner == 0 or extent % inner:
            raise UntraceableError(f"a reshape that cuts {extent} positions by {inner}")
        length = self.ids.shape[dim]
        sizes = (1, 1) if length == 1 else (extent // inner, inner)
        self.ids = self.ids.reshape(*self.ids.shape[:dim], *sizes, *self.ids.shape[dim + 1 :])
        self.extents[dim : dim + 1] = [extent // inner, inner]


def matched(flow: Flow, shape: Shape) -> Flow:
    """The flow with the extents of a known shape of the value, along its free dims."""
    if len(shape) != flow.rank:
        return flow
    extents = list(flow.extents)
    for axis, extent in enumerate(shape):
        dims = flow.dims(axis)
        if len(dims) == 1 and flow.ids.shape[dims[0]] == 1 and extent is not None:
            extents[dims[0]] = extent
    return Flow(flow.ids, tuple(extents), flow.axes)
