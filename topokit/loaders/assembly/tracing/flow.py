"""Which neurons lie along the axes of a value, and what reshaping does to them.

A flow is an array of neuron numbers with one *dim* per stored direction. An axis of the value is made of none, one or
more neighbouring dims, so that flattening only regroups dims. Along a dim on which the neurons do not change (a batch,
time, the rows of an image under a convolution) the array has length 1 whatever the extent; such a dim is *free*.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from topokit.loaders.graph import Shape

NO_NEURON = -1

MOST_NEURONS = 2**25

Ids = NDArray[np.int64]


class UntraceableError(ValueError):
    """A step that the neurons cannot be followed through."""


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """The neurons of one value.

    Attributes
    ----------
    ids : ndarray of int64
        Neuron numbers, one axis per dim; -1 where there is none.
    extents : tuple of int or None
        The true length of each dim; None where unknown.
    axes : tuple of int
        How many dims make up each axis of the value.
    """

    ids: Ids
    extents: Shape
    axes: tuple[int, ...]

    @property
    def rank(self) -> int:
        """Axes of the value."""
        return len(self.axes)

    @property
    def shape(self) -> Shape:
        """Extent of each axis."""
        return tuple(_product(self.extents[dim] for dim in self.dims(axis)) for axis in range(self.rank))

    def axis(self, axis: int) -> int:
        """The axis counted from the front."""
        if not -self.rank <= axis < self.rank:
            raise UntraceableError(f"axis {axis} of a value with {self.rank} axes")
        return axis % self.rank

    def dims(self, axis: int) -> tuple[int, ...]:
        """The dims of an axis."""
        place = self.axis(axis)
        start = sum(self.axes[:place])
        return tuple(range(start, start + self.axes[place]))


def simple_flow(ids: Ids, extents: Shape) -> Flow:
    """A flow with one dim per axis."""
    return Flow(ids, extents, (1,) * ids.ndim)


def along(ids: Ids, rank: int, axis: int) -> Flow:
    """Neurons along one axis of `rank`; the extents of the others are unknown."""
    shape: list[int] = [1] * rank
    extents: list[int | None] = [None] * rank
    shape[axis] = extents[axis] = len(ids)
    return simple_flow(ids.reshape(shape), tuple(extents))


def simple(flow: Flow) -> Flow:
    """The same with exactly one dim per axis."""
    shape: list[int] = []
    extents: list[int | None] = []
    spread = list(flow.ids.shape)
    for axis in range(flow.rank):
        dims = flow.dims(axis)
        extent = _product(flow.extents[dim] for dim in dims)
        is_free = all(flow.ids.shape[dim] == 1 for dim in dims)
        if not is_free and extent is None:
            raise UntraceableError("an axis of neurons and of unknown extents together")
        if not is_free:
            for dim in dims:
                spread[dim] = flow.extents[dim] or 1
        shape.append(1 if is_free else extent or 0)
        extents.append(extent)
    _check_count(shape)
    return simple_flow(np.broadcast_to(flow.ids, spread).reshape(shape), tuple(extents))


def transposed(flow: Flow, order: Sequence[int]) -> Flow:
    """The axes in another order."""
    places = [flow.axis(axis) for axis in order]
    if sorted(places) != list(range(flow.rank)):
        raise UntraceableError(f"axes {tuple(order)} of a value with {flow.rank}")
    dims = [dim for axis in places for dim in flow.dims(axis)]
    extents = tuple(flow.extents[dim] for dim in dims)
    return Flow(flow.ids.transpose(dims), extents, tuple(flow.axes[axis] for axis in places))


def flattened(flow: Flow, start: int, stop: int) -> Flow:
    """The axes from `start` to `stop`, both included, as one."""
    first, last = flow.axis(start), flow.axis(stop)
    axes = (*flow.axes[:first], sum(flow.axes[first : last + 1]), *flow.axes[last + 1 :])
    return Flow(flow.ids, flow.extents, axes)


def squeezed(flow: Flow, axes: Sequence[int] | None) -> Flow:
    """Without the axes given, or all of extent 1."""
    shape = flow.shape
    gone = {flow.axis(axis) for axis in axes} if axes is not None else {k for k, n in enumerate(shape) if n == 1}
    return dropped(flow, gone)


def dropped(flow: Flow, gone: Iterable[int]) -> Flow:
    """Without these axes, at their first position."""
    lost = set(gone)
    dims = {dim for axis in lost for dim in flow.dims(axis)}
    if any(not flow.ids.shape[dim] for dim in dims):
        raise UntraceableError("a position of an axis that has none")
    index = tuple(0 if dim in dims else slice(None) for dim in range(flow.ids.ndim))
    extents = tuple(extent for dim, extent in enumerate(flow.extents) if dim not in dims)
    return Flow(flow.ids[index], extents, tuple(n for axis, n in enumerate(flow.axes) if axis not in lost))


def unsqueezed(flow: Flow, axes: Sequence[int]) -> Flow:
    """With new axes of extent 1 at these places of the result."""
    rank = flow.rank + len(axes)
    counts = list(flow.axes)
    for axis in sorted(axis % rank for axis in axes):
        counts.insert(axis, 0)
    return Flow(flow.ids, flow.extents, tuple(counts))


def expanded(flow: Flow, shape: Sequence[int | None]) -> Flow:
    """Broadcast to a shape with as many axes or more."""
    lead = max(0, len(shape) - flow.rank)
    grown = unsqueezed(flow, range(lead))
    ids, extents, axes, dim = grown.ids, list(grown.extents), list(grown.axes), 0
    for axis, wanted in enumerate(shape):
        present = _product(extents[dim : dim + axes[axis]])
        if present == 1 and wanted not in (1, -1) and not axes[axis]:
            ids, axes[axis] = np.expand_dims(ids, dim), 1
            extents.insert(dim, wanted)
        elif present == 1 and wanted not in (1, -1):
            extents[dim] = wanted
        dim += axes[axis]
    return Flow(ids, tuple(extents), tuple(axes))


def sliced(flow: Flow, index: Sequence[tuple[int | None, int | None, int | None] | None]) -> Flow:
    """Each axis cut by (start, stop, step); None leaves it."""
    cut = flow
    for axis, piece in enumerate(index):
        if piece is not None:
            cut = _picked(cut, axis, slice(*piece))
    return cut


def padded(flow: Flow, pads: Sequence[tuple[int, int]]) -> Flow:
    """Each axis longer by (before, after); no neurons lie there. Negative numbers cut."""
    plain = simple(flow)
    ids, extents = plain.ids, list(plain.extents)
    for axis, (before, after) in enumerate(pads):
        extent = extents[axis]
        if ids.shape[axis] > 1 or extent == 1:
            cut = ids[(*[slice(None)] * axis, slice(max(0, -before), ids.shape[axis] - max(0, -after)))]
            room = [(0, 0)] * ids.ndim
            room[axis] = (max(0, before), max(0, after))
            ids = np.pad(cut, room, constant_values=NO_NEURON) if (before, after) != (0, 0) else ids
        extents[axis] = None if extent is None else extent + before + after
    _check_count(ids.shape)
    return simple_flow(ids, tuple(extents))


def without(flow: Flow, axis: int, gone: NDArray[np.bool_]) -> Flow:
    """No neurons any more at these positions of an axis."""
    plain, place = simple(flow), flow.axis(axis)
    shape = [1] * plain.rank
    shape[place] = len(gone)
    if plain.ids.shape[place] not in (1, len(gone)):
        raise UntraceableError(f"{len(gone):,} scales of {plain.ids.shape[place]:,} neurons")
    ids = np.where(gone.reshape(shape), NO_NEURON, plain.ids)
    return simple_flow(ids, (*plain.extents[:place], len(gone), *plain.extents[place + 1 :]))


def gathered(flow: Flow, axis: int, indices: Sequence[int] | int) -> Flow:
    """The positions `indices` of an axis; a number instead of a list drops the axis."""
    place = flow.axis(axis)
    if isinstance(indices, int):
        return dropped(_picked(flow, place, slice(indices, None if indices == -1 else indices + 1)), [place])
    return _picked(flow, place, np.asarray(indices, np.int64))


def parted(flow: Flow, axis: int, sizes: Sequence[int | None]) -> list[Flow]:
    """Neighbouring parts of an axis."""
    place, start, parts = flow.axis(axis), 0, []
    for size in sizes:
        if size is None:
            raise UntraceableError("a split into parts of unknown size")
        parts.append(_picked(flow, place, slice(start, start + size)))
        start += size
    return parts


def concatenated(flows: Sequence[Flow], axis: int) -> Flow | None:
    """The flows one after the other; None when their neurons differ only in which position of a free axis they hold."""
    parts = [simple(flow) for flow in flows]
    place = parts[0].axis(axis)
    if any(part.rank != parts[0].rank for part in parts):
        raise UntraceableError("a concatenation of values with different numbers of axes")
    extents = [part.extents[place] for part in parts]
    others = _common_shape([_without(part.ids.shape, place) for part in parts])
    whole = tuple(_common(pair) for pair in zip(*(part.extents for part in parts), strict=True))
    whole = (*whole[:place], None if None in extents else sum(n or 0 for n in extents), *whole[place + 1 :])
    if all(part.ids.shape[place] == 1 for part in parts) and set(extents) != {1}:
        return simple_flow(parts[0].ids, whole) if _all_equal([part.ids for part in parts]) else None
    _check_count(_with(others, place, whole[place]))
    spread = [np.broadcast_to(part.ids, _with(others, place, part.extents[place])) for part in parts]
    return simple_flow(np.concatenate(spread, axis=place), whole)


def _common_shape(shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise UntraceableError("a concatenation of values of different extents") from None


def consumed(flow: Flow, axes: Sequence[int], count: int) -> Ids:
    """The neurons at the `count` positions of some axes together, (n_places, count): one row per place elsewhere.

    Unknown extents are what is missing to `count`.
    """
    places = [flow.axis(axis) for axis in axes]
    taken = [dim for axis in places for dim in flow.dims(axis)]
    rest = [dim for dim in range(flow.ids.ndim) if dim not in taken]
    extents = _resolved([flow.extents[dim] for dim in taken], [flow.ids.shape[dim] for dim in taken], count)
    moved = flow.ids.transpose([*rest, *taken])
    _check_count([*moved.shape[: len(rest)], count])
    spread = np.broadcast_to(moved, (*moved.shape[: len(rest)], *extents))
    return np.asarray(spread.reshape(-1, count))


def map_shape(flow: Flow, axes: Sequence[int]) -> tuple[int, ...] | None:
    """Extents of the dims of some axes along which the neurons do not change; None where there are none, or unknown."""
    dims = [dim for axis in axes for dim in flow.dims(axis)]
    extents = [flow.extents[dim] for dim in dims if flow.extents[dim] != 1 and _is_constant(flow.ids, dim)]
    known = tuple(extent for extent in extents if extent is not None)
    return known if known and len(known) == len(extents) else None


def _is_constant(ids: Ids, dim: int) -> bool:
    return ids.shape[dim] == 1 or bool((ids == ids.take([0], axis=dim)).all())


def _resolved(extents: list[int | None], sizes: list[int], count: int) -> list[int]:
    known = prod(size if size > 1 else extent or 1 for size, extent in zip(sizes, extents, strict=True))
    open_dims = [k for k, extent in enumerate(extents) if extent is None]
    missing = count // known if known and not count % known else 0
    if known * missing != count or (missing != 1 and not open_dims):
        raise UntraceableError(f"{count:,} weights per target for {known:,} neurons")
    found = [size if size > 1 else extent or 1 for size, extent in zip(sizes, extents, strict=True)]
    if open_dims:
        found[open_dims[0]] = missing
    return found


def _picked(flow: Flow, axis: int, index: slice | Ids) -> Flow:
    """Some positions of one axis."""
    if flow.axes[axis] != 1:
        flow = simple(flow)
    dim = flow.dims(axis)[0]
    extent = flow.extents[dim]
    if flow.ids.shape[dim] > 1 or extent == 1:
        ids = flow.ids[(*[slice(None)] * dim, index)]
        if not ids.shape[dim] and isinstance(index, slice) and _lies_beyond(index, flow.ids.shape[dim]):
            raise UntraceableError(f"positions {index} of an axis of {flow.ids.shape[dim]:,}")
        length: int | None = ids.shape[dim]
    else:
        ids = flow.ids
        length = len(index) if isinstance(index, np.ndarray) else _cut_extent(extent, index)
    extents = (*flow.extents[:dim], length, *flow.extents[dim + 1 :])
    return Flow(ids, extents, flow.axes)


def _lies_beyond(index: slice, length: int) -> bool:
    """Whether a slice asks for positions behind the last one."""
    return (index.start or 0) >= length and (index.stop is None or index.stop > (index.start or 0))


def _cut_extent(extent: int | None, index: slice) -> int | None:
    if extent is not None:
        return len(range(*index.indices(extent)))
    start, stop = index.start or 0, index.stop
    return stop - start if stop is not None and 0 <= start <= stop < 2**31 and index.step in (None, 1) else None


def _product(extents: Iterable[int | None]) -> int | None:
    known = list(extents)
    return None if None in known else prod(extent or 0 for extent in known)


def _common(extents: Iterable[int | None]) -> int | None:
    known = {extent for extent in extents if extent is not None}
    return max(known) if known else None


def _without(shape: tuple[int, ...], place: int) -> tuple[int, ...]:
    return (*shape[:place], *shape[place + 1 :])


def _with(shape: tuple[int, ...], place: int, extent: int | None) -> tuple[int, ...]:
    if extent is None:
        raise UntraceableError("a concatenation of parts of unknown size")
    return (*shape[:place], extent, *shape[place:])


def _all_equal(arrays: Sequence[Ids]) -> bool:
    return all(array.shape == arrays[0].shape and np.array_equal(array, arrays[0]) for array in arrays)


def _check_count(shape: Iterable[int]) -> None:
    count = prod(shape)
    if count > MOST_NEURONS:
        raise UntraceableError(f"{count:,} neurons of one value")
