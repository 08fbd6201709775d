"""Which positions of a feature map lie under each position of a kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.loaders.assembly.tracing.flow import MOST_NEURONS, Flow, UntraceableError
from topokit.loaders.graph import Shape

Padding = Sequence[tuple[int, int]] | str


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """A kernel as it moves over a feature map.

    Attributes
    ----------
    shape : tuple of int
        Extents of the map that it makes.
    sources : ndarray of int64, shape (n_taps, n_positions)
        The position of the map it reads that lies under each of its own, at each position it makes; -1 outside. Maps
        and kernels are counted row by row.
    """

    shape: tuple[int, ...]
    sources: NDArray[np.int64]


def windows_of(extents: Sequence[int], kernel: Sequence[int], told: Mapping[str, Any]) -> Windows:
    """The windows of a convolution or pooling over a map of these extents.

    `told` holds `strides`, `dilations`, `padding` and `transposed`, as in `topokit.loaders.graph.Node`; the formulas
    are those of Dumoulin and Visin, A guide to convolution arithmetic for deep learning (2016), sections 2 and 4.
    """
    lines = [_line(axis) for axis in _axes_of(extents, kernel, told)]
    shape = tuple(line.shape[1] for line in lines)
    if prod(shape) * prod(kernel) > MOST_NEURONS:
        raise UntraceableError(f"a kernel of {prod(kernel):,} taps at {prod(shape):,} positions")
    return Windows(shape, _combined(lines, extents))


def extents_made(extents: Sequence[int | None], kernel: Sequence[int], told: Mapping[str, Any]) -> Shape:
    """Extents of the map that a convolution or pooling makes; None where that of the map it reads is unknown."""
    known = [extent or 0 for extent in extents]
    made = [axis.positions for axis in _axes_of(known, kernel, told)]
    return tuple(None if extent is None or n < 1 else n for extent, n in zip(extents, made, strict=True))


def map_extents(value: Flow, channel_axis: int, kernel: Sequence[int], told: Mapping[str, Any]) -> Shape:
    """The same for all axes of a value; the extents of its batch and channels stay."""
    whole, channel = list(value.shape), value.axis(channel_axis)
    spatial = [axis for axis in range(value.rank) if axis not in (0, channel)]
    if len(spatial) == len(kernel):
        made = extents_made([whole[axis] for axis in spatial], kernel, told)
        for axis, extent in zip(spatial, made, strict=True):
            whole[axis] = extent
    return tuple(whole)


@dataclass(frozen=True, slots=True)
class _Axis:
    """A kernel along one axis of a map."""

    extent: int
    taps: int
    stride: int
    dilation: int
    pad: tuple[int, int]
    transposed: bool

    @property
    def reach(self) -> int:
        """Positions from the first tap to the last."""
        return self.dilation * (self.taps - 1) + 1

    @property
    def positions(self) -> int:
        """Extent of the map that is made."""
        if self.transposed:
            return (self.extent - 1) * self.stride + self.reach - sum(self.pad)
        return (self.extent + sum(self.pad) - self.reach) // self.stride + 1


def _axes_of(extents: Sequence[int], kernel: Sequence[int], told: Mapping[str, Any]) -> list[_Axis]:
    rank = len(extents)
    strides, dilations = per_axis(told.get("strides"), rank), per_axis(told.get("dilations"), rank)
    transposed = bool(told.get("transposed"))
    if len(kernel) != rank:
        raise UntraceableError(f"a kernel of {len(kernel)} axes over {rank}")
    bare = [_Axis(*part, (0, 0), transposed) for part in zip(extents, kernel, strides, dilations, strict=True)]
    pads = _padding(told.get("padding"), bare)
    return [replace(axis, pad=pad) for axis, pad in zip(bare, pads, strict=True)]


def _line(axis: _Axis) -> NDArray[np.int64]:
    """One axis: the position under each tap, (taps, positions).

    Tap k of a transposed kernel carries position p to ``p * stride + k * dilation - padding``.
    """
    if axis.positions < 1:
        raise UntraceableError(f"a kernel of {axis.taps} over {axis.extent} positions")
    taps, made = np.arange(axis.taps)[:, None] * axis.dilation, np.arange(axis.positions)[None]
    if axis.transposed:
        spread = made + axis.pad[0] - taps
        fits = (spread >= 0) & (spread % axis.stride == 0) & (spread // axis.stride < axis.extent)
        return np.where(fits, spread // axis.stride, -1)
    places = taps + made * axis.stride - axis.pad[0]
    return np.where((places >= 0) & (places < axis.extent), places, -1)


def _combined(lines: Sequence[NDArray[np.int64]], extents: Sequence[int]) -> NDArray[np.int64]:
    """All axes together, row by row."""
    whole = np.zeros((1, 1), np.int64)
    for line, extent in zip(lines, extents, strict=True):
        outer, inner = whole[:, None, :, None], line[None, :, None, :]
        joined = np.where((outer >= 0) & (inner >= 0), outer * extent + inner, -1)
        whole = joined.reshape(whole.shape[0] * line.shape[0], -1)
    return whole


def per_axis(numbers: Sequence[int] | int | None, rank: int) -> list[int]:
    """One number per axis; one for all, 1 for none."""
    chosen = [1] * rank if numbers is None else [numbers] * rank if isinstance(numbers, int) else list(numbers)
    if len(chosen) != rank or any(number < 1 for number in chosen):
        raise UntraceableError(f"strides or dilations {tuple(chosen)} over {rank} axes")
    return chosen


def _padding(padding: Padding | None, axes: Sequence[_Axis]) -> list[tuple[int, int]]:
    if padding is None or padding == "valid":
        return [(0, 0)] * len(axes)
    if padding == "same":
        missing = [_same(axis) for axis in axes]
        return [(total // 2, total - total // 2) for total in missing]
    if isinstance(padding, str) or len(padding) != len(axes):
        raise UntraceableError(f"padding {padding!r} over {len(axes)} axes")
    return [(int(before), int(after)) for before, after in padding]


def _same(axis: _Axis) -> int:
    """What must be added so that every stride finds its place."""
    if axis.transposed:
        return max(0, axis.reach - axis.stride)
    return max(0, (ceil(axis.extent / axis.stride) - 1) * axis.stride + axis.reach - axis.extent)
