"""From the values of a tensor to the taps of its edges."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from topokit.dag import Taps
from topokit.dag.taps import taps_from_mask
from topokit.loaders.assembly.content import Content, as_dense
from topokit.loaders.assembly.gathered import TapLay, gathered
from topokit.loaders.assembly.plan import Numbers, TensorBlock

_ROOM = 4


def tapped(planned: TensorBlock, content: Content, lay: TapLay) -> tuple[Taps, NDArray[Any] | None]:
    """The taps of a block and, where they are known, their numbers as stored, in the same order."""
    if not can_be_turned(planned, content, lay):
        return _from_numbers(planned, content, lay)
    mask, numbers = turned(planned, content, lay)
    weights = None if numbers is None else as_weights(numbers)
    return taps_from_mask(mask, lay.count, weights=weights, shape=lay.shape), numbers


def can_be_turned(planned: TensorBlock, content: Content, lay: TapLay) -> bool:
    """Whether the whole tensor is (source, tap, target) in some order, and not much smaller than its layers."""
    decisive = content.weights if content.present is None else content.present
    is_cube = planned.windows is None and not planned.lay.has_groups and not isinstance(decisive, sparse.csr_array)
    return is_cube and prod(planned.shape) * lay.count <= _ROOM * prod(planned.lay.shape)


def turned(planned: TensorBlock, content: Content, lay: TapLay) -> tuple[NDArray[np.bool_], NDArray[Any] | None]:
    """Which numbers are edges as a matrix (n_source * count, n_target), and those that are, row by row."""
    decisive = content.weights if content.present is None else content.present
    mask = _turned(planned, as_dense(decisive) != 0, lay)
    return mask, None if content.weights is None else _turned(planned, as_dense(content.weights), lay)[mask]


def as_weights(numbers: NDArray[Any]) -> NDArray[np.floating] | None:
    """The numbers as floats; None where they are whole ones that only say that there is an edge."""
    if numbers.dtype.kind in "biu" and bool((numbers == 1).all()):
        return None
    wide: NDArray[np.floating] = numbers.astype(np.result_type(numbers, np.float32), copy=False)
    return wide


def _from_numbers(planned: TensorBlock, content: Content, lay: TapLay) -> tuple[Taps, NDArray[Any] | None]:
    """Of groups, sparse containers and unrolled kernels: number by number."""
    found = gathered(planned, content, lay)
    order = np.lexsort((found.targets, found.taps, found.sources))
    ends = (found.sources[order], found.taps[order], found.targets[order])
    numbers = None if found.numbers is None else found.numbers[order]
    weights = None if numbers is None else as_weights(numbers)
    return Taps.from_coordinates(ends, planned.shape, lay.count, weights=weights, shape=lay.shape), numbers


def _turned(planned: TensorBlock, values: NDArray[Any], lay: TapLay) -> NDArray[Any]:
    """A tensor as a matrix (n_source * count, n_target)."""
    cube = planned.lay.cube(values)
    for axis, ends, size in ((0, lay.sources, planned.shape[0]), (2, lay.targets, planned.shape[1])):
        if ends.places is not None:
            cube = _at(cube, ends.places, size * ends.count, axis)
    if lay.targets.count > 1:
        cube = cube.reshape(*cube.shape[:2], planned.shape[1], lay.targets.count).swapaxes(2, 3)
    return cube.reshape(planned.shape[0] * lay.count, planned.shape[1])


def _at(cube: NDArray[Any], places: Numbers, size: int, axis: int) -> NDArray[Any]:
    """The parts of a cube along an axis at other places of one of `size`; 0 where none goes."""
    if np.array_equal(places, np.arange(size)):
        return cube
    shape = list(cube.shape)
    shape[axis] = size
    made = np.zeros(shape, cube.dtype)
    real = places >= 0
    index: list[Any] = [slice(None)] * cube.ndim
    index[axis] = places[real]
    made[tuple(index)] = cube if real.all() else np.compress(real, cube, axis)
    return made
