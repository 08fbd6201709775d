"""Sparse tensors of TensorFlow Lite, unfolded level by level.

A tensor is a tree: each level is an axis, or the inner part of one that was cut into blocks, and holds either all its
positions (dense) or those that segments and indices name (as in CSR). The scheme is that of TACO (Kjolstad et al.,
The tensor algebra compiler, OOPSLA 2017): https://github.com/google-ai-edge/LiteRT/blob/main/tflite/core/c/common.h,
``TfLiteSparsity``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from topokit.loaders.formats.tflite_files.flatbuffer import Table
from topokit.loaders.formats.tflite_files.schema import INDEX_TYPES, Level, Sparsity

Numbers = NDArray[np.int64]

_DENSE, _CSR = 0, 1


@dataclass(frozen=True, eq=False, slots=True)
class LevelLayout:
    """One level: how many positions, or, when only some are stored, where each parent's begin and which they are."""

    size: int
    segments: Numbers | None = None
    indices: Numbers | None = None


@dataclass(frozen=True, eq=False, slots=True)
class SparseLayout:
    """How the values of a sparse tensor are ordered.

    Attributes
    ----------
    shape : tuple of int
        The shape of the tensor.
    order : tuple of int
        The axis behind each level; numbers from the rank on are blocks.
    blocks : tuple of int
        The axis that each block cuts.
    levels : tuple of LevelLayout
        The levels, outermost first.
    """

    shape: tuple[int, ...]
    order: tuple[int, ...]
    blocks: tuple[int, ...]
    levels: tuple[LevelLayout, ...]

    @classmethod
    def of(cls, table: Table, shape: tuple[int, ...]) -> SparseLayout:
        """The layout that a file tells; `ValueError` when it makes no sense."""
        order = table.integers(Sparsity.TRAVERSAL_ORDER)
        blocks = table.integers(Sparsity.BLOCK_MAP)
        levels = tuple(_level(level) for level in table.tables(Sparsity.LEVELS))
        rank = len(shape)
        if sorted(order) != list(range(rank + len(blocks))) or len(levels) != len(order):
            raise ValueError(f"visits the levels {order} of {rank} axes and {len(blocks)} blocks")
        if not set(blocks) <= set(range(rank)) or len(set(blocks)) != len(blocks):
            raise ValueError(f"cuts the axes {blocks} of {rank} into blocks")
        if any(levels[order.index(rank + k)].segments is not None for k in range(len(blocks))):
            raise ValueError("stores only part of a block")
        return cls(shape, order, blocks, levels)

    @property
    def n_stored(self) -> int:
        """How many values are stored, from the lengths of the lists alone; nothing is unfolded yet."""
        count = 1
        for level in self.levels:
            if level.segments is None or level.indices is None:
                count *= level.size
            elif len(level.segments) != count + 1:
                raise ValueError(f"has {len(level.segments):,} segment ends for {count:,} parents")
            else:
                count = len(level.indices)
        return count

    def positions(self) -> list[Numbers]:
        """Where the stored values lie: for each axis the position of each value, in the order of storage."""
        per_level = self._unfolded()
        found = []
        for axis in range(len(self.shape)):
            position = per_level[self.order.index(axis)]
            if axis in self.blocks:
                block = self.order.index(len(self.shape) + self.blocks.index(axis))
                position = position * self.levels[block].size + per_level[block]
            if len(position) and position.max() >= self.shape[axis]:
                raise ValueError(f"stores a value at {position.max()} of axis {axis}, which has {self.shape[axis]}")
            found.append(position)
        return found

    def _unfolded(self) -> list[Numbers]:
        unfolded: list[Numbers] = []
        count = 1
        for level in self.levels:
            if level.segments is None or level.indices is None:
                repeats: Numbers | int = level.size
                own = np.tile(np.arange(level.size, dtype=np.int64), count)
            else:
                repeats, own = _checked_segments(level.segments, level.indices), level.indices
            unfolded = [np.repeat(outer, repeats) for outer in unfolded]
            unfolded.append(own)
            count = len(own)
        return unfolded


def _level(table: Table) -> LevelLayout:
    kind = table.number(Level.FORMAT, "<b")
    if kind == _DENSE:
        size = int(table.number(Level.DENSE_SIZE, "<i"))
        if size < 0:
            raise ValueError(f"has a level of {size} positions")
        return LevelLayout(size)
    if kind != _CSR:
        raise ValueError(f"has a level of the unknown kind {kind}")
    segments = _indices(table, Level.SEGMENTS_TYPE, Level.SEGMENTS)
    return LevelLayout(0, segments, _indices(table, Level.INDICES_TYPE, Level.INDICES))


def _indices(table: Table, type_slot: int, slot: int) -> Numbers:
    vector, kind = table.table(slot), table.number(type_slot, "<B")
    if vector is None or kind not in INDEX_TYPES:
        raise ValueError(f"has a list of indices of the unknown kind {kind}")
    return vector.numbers(0, INDEX_TYPES[kind]).astype(np.int64)


def _checked_segments(segments: Numbers, indices: Numbers) -> Numbers:
    """How many positions each parent has."""
    counts = np.diff(segments)
    if (counts < 0).any() or segments[0] != 0 or segments[-1] != len(indices):
        raise ValueError("has segments that run backwards or past their indices")
    if len(indices) and indices.min() < 0:
        raise ValueError("has a negative index")
    return counts


def placed(values: NDArray[np.generic], positions: Sequence[Numbers], shape: tuple[int, ...]) -> NDArray[np.generic]:
    """A dense array with the values at their positions and 0 elsewhere."""
    dense = np.zeros(shape, values.dtype)
    dense[tuple(positions)] = values
    return dense
