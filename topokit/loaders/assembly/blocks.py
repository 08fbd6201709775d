"""From the values of a tensor to a block of edges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from topokit.dag import CSRPattern, EdgeBlock
from topokit.loaders.assembly.content import Content, as_dense
from topokit.loaders.assembly.lay import Lay
from topokit.loaders.assembly.options import Options, Reduction
from topokit.loaders.assembly.plan import JoinBlock, Numbers, PlannedBlock, TensorBlock

_REDUCTIONS: Mapping[Reduction, np.ufunc] = {"l1": np.add, "l2": np.add, "max": np.maximum, "sum": np.add}


def block_of(planned: TensorBlock, content: Content, options: Options) -> EdgeBlock:
    """Build one block.

    One stored number per edge becomes its weight. Where several stand behind an edge (the taps of a kernel, the gates
    of a recurrent unit), the edge is there if any of them survives, their number is its multiplicity, and it carries no
    weight unless the options reduce them to one.
    """
    made = _matrix_block(planned, content) if planned.is_matrix else _gathered_block(planned, content, options)
    return replace(
        made,
        name=planned.name,
        kind=planned.kind,
        possible=planned.possible,
        mask_source=planned.mask_source(options),
    )


def join_block_of(planned: JoinBlock) -> EdgeBlock:
    """Build a block without weights."""
    pattern, _ = _pattern(planned, planned.sources, planned.targets)
    possible = max(1, pattern.nnz)
    return EdgeBlock(planned.source, planned.target, pattern, name=planned.name, kind=planned.kind, possible=possible)


def _matrix_block(planned: TensorBlock, content: Content) -> EdgeBlock:
    """A tensor whose numbers are the edges between two whole layers."""
    mask = None if content.present is None else planned.lay.matrix(content.present)
    if content.weights is None:
        return EdgeBlock.from_matrix(planned.source, planned.target, as_dense(mask) != 0)
    matrix = planned.lay.matrix(content.weights)
    return EdgeBlock.from_matrix(planned.source, planned.target, matrix, mask=mask)


def _gathered_block(planned: TensorBlock, content: Content, options: Options) -> EdgeBlock:
    """Any tensor: its numbers one by one, brought to the neurons that they join."""
    coordinates, numbers = _surviving(planned.lay, content)
    sources, targets = planned.lay.ends(coordinates)
    if planned.windows is not None:
        taps = planned.lay.taps_of(coordinates)
        sources, targets, of = _unrolled(planned.windows, _maps(planned), sources, targets, taps)
        numbers = None if numbers is None else numbers[of]
    sources, targets = _looked_up(planned.rows, sources), _looked_up(planned.columns, targets)
    real = (sources >= 0) & (targets >= 0)
    numbers = None if numbers is None else numbers[real]
    pattern, behind = _pattern(planned, sources[real], targets[real])
    counts = np.bincount(behind, minlength=pattern.nnz)
    is_single = (planned.lay.taps == 1 or planned.windows is not None) and bool((counts == 1).all())
    weights = None if numbers is None else _weights(numbers, behind, pattern.nnz, is_single, options.reduce)
    multiplicity = None if is_single else counts
    return EdgeBlock(planned.source, planned.target, pattern, weights=weights, multiplicity=multiplicity)


def _surviving(lay: Lay, content: Content) -> tuple[tuple[NDArray[Any], ...], NDArray[Any] | None]:
    """Where the edges lie along the axes of the tensor, and the weights there."""
    present = content.present
    if present is None and isinstance(content.weights, sparse.csr_array):
        stored = sparse.csr_array(lay.chosen(content.weights))
        rows = np.repeat(np.arange(stored.shape[0], dtype=np.int64), np.diff(stored.indptr))
        return (rows, stored.indices.astype(np.int64)), stored.data
    weights = None if content.weights is None else lay.chosen(as_dense(content.weights))
    chosen: Any = weights if present is None else lay.chosen(as_dense(present))
    coordinates = np.nonzero(chosen)
    return coordinates, None if weights is None else weights[coordinates]


def _maps(planned: TensorBlock) -> tuple[int, int]:
    """Units of one source map and of one target map."""
    n_source = planned.shape[0] if planned.rows is None else len(planned.rows)
    n_target = planned.shape[1] if planned.columns is None else len(planned.columns)
    return n_source // planned.lay.n_sources, n_target // planned.lay.n_targets


def _unrolled(
    windows: Numbers, maps: tuple[int, int], sources: Numbers, targets: Numbers, taps: Numbers
) -> tuple[Numbers, Numbers, Numbers]:
    """Channels and taps as units: source and target unit of every edge, and the stored number behind it."""
    inside = windows >= 0
    counts = inside.sum(axis=1)
    places = np.nonzero(inside)[1]
    starts = np.concatenate([[0], np.cumsum(counts)])[:-1]
    repeats = counts[taps]
    of = np.repeat(np.arange(len(taps)), repeats)
    first = np.repeat(np.cumsum(repeats) - repeats, repeats)
    place = places[np.repeat(starts[taps], repeats) + np.arange(len(of)) - first]
    return sources[of] * maps[0] + windows[taps[of], place], targets[of] * maps[1] + place, of


def _looked_up(neurons: Numbers | None, numbers: Numbers) -> Numbers:
    return numbers if neurons is None else neurons[numbers]


def _pattern(planned: PlannedBlock, sources: Numbers, targets: Numbers) -> tuple[CSRPattern, Numbers]:
    """The distinct pairs as a pattern, and the edge that each given pair became."""
    n_source, n_target = planned.shape
    edges, behind = np.unique(sources * n_target + targets, return_inverse=True)
    rows, columns = np.divmod(edges, n_target)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=n_source))])
    return CSRPattern(indptr, columns, planned.shape), behind


def _weights(
    numbers: NDArray[Any], behind: Numbers, n_edges: int, is_single: bool, reduction: Reduction | None
) -> NDArray[Any] | None:
    """One weight per edge, where there is one or the several are reduced to one; whole numbers that only say that
    there is an edge are none."""
    if is_single and numbers.dtype.kind in "biu" and bool((numbers == 1).all()):
        return None
    if numbers.dtype.kind not in "f" and not is_single and reduction is None:
        return None
    wide = numbers.astype(np.result_type(numbers, np.float32), copy=False)
    if is_single:
        made = np.empty(n_edges, wide.dtype)
        made[behind] = wide
        return made
    if reduction is None:
        return None
    parts = {"l1": np.abs(wide), "l2": wide * wide, "max": np.abs(wide), "sum": wide}[reduction]
    made = np.zeros(n_edges, wide.dtype)
    _REDUCTIONS[reduction].at(made, behind, parts)
    return np.sqrt(made) if reduction == "l2" else made
