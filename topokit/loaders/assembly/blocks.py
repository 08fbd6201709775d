"""From the values of a tensor to a block of edges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.dag import CSRPattern, EdgeBlock
from topokit.dag.patterns import csr_from_mask
from topokit.loaders.assembly.content import Content, as_dense
from topokit.loaders.assembly.gathered import TapLay, gathered, tap_lay
from topokit.loaders.assembly.options import Options, Reduction
from topokit.loaders.assembly.plan import JoinBlock, Numbers, PlannedBlock, TensorBlock
from topokit.loaders.assembly.tapped import as_weights, can_be_turned, tapped, turned

_REDUCTIONS: Mapping[Reduction, np.ufunc] = {"l1": np.add, "l2": np.add, "max": np.maximum, "sum": np.add}


def block_of(planned: TensorBlock, content: Content, options: Options, *, hold_taps: bool = True) -> EdgeBlock:
    """Build one block.

    One stored number per edge becomes its weight. Where several may stand behind an edge (the taps of a kernel, the
    positions of a flattened map, the gates of a recurrent unit), the edge is there if any of them survives, their
    number is its multiplicity, and it carries no weight unless the options reduce them to one; which of them survive
    and, with `hold_taps`, their weights are its taps.
    """
    if planned.is_matrix:
        made = _matrix_block(planned, content)
    else:
        taps = tap_lay(planned)
        made = _single_block(planned, content, taps) if taps.count == 1 else _tapped(planned, content, taps, options)
    return replace(
        made,
        name=planned.name,
        kind=planned.kind,
        possible=planned.possible,
        mask_source=planned.mask_source(options),
        taps=made.taps if made.taps is None or hold_taps else replace(made.taps, weights=None),
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


def _single_block(planned: TensorBlock, content: Content, taps: TapLay) -> EdgeBlock:
    """Any tensor of which at most one number stands behind an edge."""
    if can_be_turned(planned, content, taps):
        mask, numbers = turned(planned, content, taps)
        pattern, weights = csr_from_mask(mask), None if numbers is None else as_weights(numbers)
    else:
        found = gathered(planned, content, taps)
        pattern, behind = _pattern(planned, found.sources, found.targets)
        weights = None if found.numbers is None else _placed(found.numbers, behind)
    return EdgeBlock(planned.source, planned.target, pattern, weights=weights)


def _tapped(planned: TensorBlock, content: Content, lay: TapLay, options: Options) -> EdgeBlock:
    """Any tensor of which several numbers may stand behind an edge."""
    taps, numbers = tapped(planned, content, lay)
    pattern, multiplicity = taps.edges
    weights = None
    # Only where no edge has several, and an architecture of flattened maps allows more, is each its own weight.
    if numbers is not None and lay.own == 1 and bool((multiplicity == 1).all()):
        weights = _placed(numbers, taps.edge_numbers())
    elif numbers is not None and options.reduce is not None:
        weights = _reduced(numbers, taps.edge_numbers(), pattern.nnz, options.reduce)
    return EdgeBlock(planned.source, planned.target, pattern, weights=weights, multiplicity=multiplicity, taps=taps)


def _pattern(planned: PlannedBlock, sources: Numbers, targets: Numbers) -> tuple[CSRPattern, Numbers]:
    """The distinct pairs as a pattern, and the edge that each given pair became."""
    n_source, n_target = planned.shape
    edges, behind = np.unique(sources * n_target + targets, return_inverse=True)
    rows, columns = np.divmod(edges, n_target)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=n_source))])
    return CSRPattern(indptr, columns, planned.shape), behind


def _placed(numbers: NDArray[Any], edge: Numbers) -> NDArray[Any] | None:
    """The weight of each edge, of which there is one."""
    wide = as_weights(numbers)
    if wide is None:
        return None
    made = np.empty_like(wide)
    made[edge] = wide
    return made


def _reduced(numbers: NDArray[Any], edge: Numbers, n_edges: int, reduction: Reduction) -> NDArray[Any]:
    """The several weights of each edge as one."""
    wide = numbers.astype(np.result_type(numbers, np.float32), copy=False)
    parts = {"l1": np.abs(wide), "l2": wide * wide, "max": np.abs(wide), "sum": wide}[reduction]
    made = np.zeros(n_edges, wide.dtype)
    _REDUCTIONS[reduction].at(made, edge, parts)
    return np.sqrt(made) if reduction == "l2" else made
