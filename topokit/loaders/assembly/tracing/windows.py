"""Which positions of a feature map lie under each position of a kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.loaders.assembly.tracing.flow import MOST_NEURONS, UntraceableError

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
    rank = len(extents)
    strides = _per_axis(told.get("strides"), rank)
    dilations = _per_axis(told.get("dilations"), rank)
    reach = [dilation * (n - 1) + 1 for n, dilation in zip(kernel, dilations, strict=True)]
    if told.get("transposed"):
        lines = [_transposed_line(*part) for part in _lined(extents, kernel, strides, dilations, reach, told, rank)]
    else:
        lines = [_line(*part) for part in _lined(extents, kernel, strides, dilations, reach, told, rank)]
    shape = tuple(line.shape[1] for line in lines)
    if prod(shape) * prod(kernel) > MOST_NEURONS:
        raise UntraceableError(f"a kernel of {prod(kernel):,} taps at {prod(shape):,} positions")
    return Windows(shape, _combined(lines, extents))


def _lined(
    extents: Sequence[int],
    kernel: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
    reach: Sequence[int],
    told: Mapping[str, Any],
    rank: int,
) -> zip[tuple[int, int, int, int, tuple[int, int]]]:
    pads = _padding(told.get("padding"), extents, strides, reach, rank)
    return zip(extents, kernel, strides, dilations, pads, strict=True)


def _line(extent: int, taps: int, stride: int, dilation: int, pad: tuple[int, int]) -> NDArray[np.int64]:
    """One axis: the position under each tap, (taps, positions)."""
    positions = (extent + sum(pad) - dilation * (taps - 1) - 1) // stride + 1
    if positions < 1:
        raise UntraceableError(f"a kernel of {taps} over {extent} positions")
    places = np.arange(taps)[:, None] * dilation + np.arange(positions)[None] * stride - pad[0]
    return np.where((places >= 0) & (places < extent), places, -1)


def _transposed_line(extent: int, taps: int, stride: int, dilation: int, pad: tuple[int, int]) -> NDArray[np.int64]:
    """One axis of a transposed convolution: tap k carries position p to ``p * stride + k * dilation - padding``."""
    positions = (extent - 1) * stride + dilation * (taps - 1) + 1 - sum(pad)
    if positions < 1:
        raise UntraceableError(f"a transposed kernel of {taps} over {extent} positions")
    places = np.arange(positions)[None] + pad[0] - np.arange(taps)[:, None] * dilation
    fits = (places >= 0) & (places % stride == 0) & (places // stride < extent)
    return np.where(fits, places // stride, -1)


def _combined(lines: Sequence[NDArray[np.int64]], extents: Sequence[int]) -> NDArray[np.int64]:
    """All axes together, row by row."""
    whole = np.zeros((1, 1), np.int64)
    for line, extent in zip(lines, extents, strict=True):
        outer, inner = whole[:, None, :, None], line[None, :, None, :]
        joined = np.where((outer >= 0) & (inner >= 0), outer * extent + inner, -1)
        whole = joined.reshape(whole.shape[0] * line.shape[0], -1)
    return whole


def _per_axis(numbers: Sequence[int] | int | None, rank: int) -> list[int]:
    chosen = [1] * rank if numbers is None else [numbers] * rank if isinstance(numbers, int) else list(numbers)
    if len(chosen) != rank or any(number < 1 for number in chosen):
        raise UntraceableError(f"strides or dilations {tuple(chosen)} over {rank} axes")
    return chosen


def _padding(
    padding: Padding | None, extents: Sequence[int], strides: Sequence[int], reach: Sequence[int], rank: int
) -> list[tuple[int, int]]:
    if padding is None or padding == "valid":
        return [(0, 0)] * rank
    if padding == "same":
        missing = [
            max(0, (ceil(extent / stride) - 1) * stride + n - extent)
            for extent, stride, n in zip(extents, strides, reach, strict=True)
        ]
        return [(total // 2, total - total // 2) for total in missing]
    if isinstance(padding, str) or len(padding) != rank:
        raise UntraceableError(f"padding {padding!r} over {rank} axes")
    return [(int(before), int(after)) for before, after in padding]
