"""The values of a planned block, checked and counted before anything is built from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from topokit.errors import CorruptCheckpointError, NonFiniteWeightsError
from topokit.loaders.assembly.geometry import Fit
from topokit.loaders.assembly.options import Options
from topokit.loaders.assembly.plan import PlannedBlock
from topokit.loaders.checkpoint import TensorEntry, Values


@dataclass(frozen=True, slots=True)
class Content:
    """What a block is made from, in the stored axes.

    Attributes
    ----------
    weights : array or sparse array, optional
        None for a mask that stands alone.
    mask : array or sparse array, optional
        What alone decides the edges, where there is one.
    edges : int
        How many there will be.
    notes : tuple of str
        Where mask and weights disagree.
    """

    weights: Values | None
    mask: Values | None
    edges: int
    notes: tuple[str, ...] = ()


def content_of(block: PlannedBlock, options: Options) -> Content:
    """Read the tensors of a block and count its edges.

    Raises
    ------
    NonFiniteWeightsError
        NaN or infinite weights.
    CorruptCheckpointError
        A mask with other values than 0 and 1, or damaged data.
    """
    mask_entry = block.mask if block.weighted else block.tensor
    weights = _finite(block.tensor) if block.weighted else None
    mask = _binary(mask_entry) if mask_entry is not None else None
    if weights is not None and options.structure == "values":
        weights, mask = _effective(weights, mask), None
    edges = _count(weights if mask is None else mask, block.fit)
    return Content(weights, mask, edges, _disagreements(block, weights, mask))


def as_dense(values: Values | None) -> Any:
    """The values as a dense array."""
    assert values is not None
    return values.toarray() if isinstance(values, sparse.csr_array) else values


def _finite(entry: TensorEntry) -> Values:
    values = entry.read()
    numbers = values.data if isinstance(values, sparse.csr_array) else values
    if numbers.dtype.kind == "f":
        bad = numbers.size - np.count_nonzero(np.isfinite(numbers))
        if bad:
            raise NonFiniteWeightsError(
                entry.path,
                f"has {bad:,} NaN or infinite weights of {numbers.size:,}",
                format=entry.format,
                place=repr(entry.name),
                remedy="such weights are neither edges nor absent edges: mend or replace them",
            )
    return values


def _binary(entry: TensorEntry) -> Values:
    mask = entry.read()
    numbers = mask.data if isinstance(mask, sparse.csr_array) else mask
    if numbers.dtype != np.bool_ and np.count_nonzero(numbers) != np.count_nonzero(numbers == 1):
        raise CorruptCheckpointError(
            entry.path,
            "the mask has values other than 0 and 1",
            format=entry.format,
            place=repr(entry.name),
            remedy='repair it, or read the weights alone with structure="values"',
        )
    return mask


def _effective(weights: Values, mask: Values | None) -> Values:
    """The weights that act: zero where a mask says so, without stored zeros."""
    if not isinstance(weights, sparse.csr_array):
        return weights if mask is None else np.where(as_dense(mask) != 0, weights, 0)
    chosen = sparse.csr_array(weights if mask is None else weights.multiply(as_dense(mask) != 0))
    chosen.eliminate_zeros()
    return chosen


def _count(values: Values | None, fit: Fit) -> int:
    if not fit.is_plain:
        return int(np.count_nonzero(fit.by_taps(as_dense(values)).any(axis=2)))
    matrix = fit.matrix(values)
    return int(matrix.nnz if isinstance(values, sparse.csr_array) else np.count_nonzero(matrix))


def _disagreements(block: PlannedBlock, weights: Values | None, mask: Values | None) -> tuple[str, ...]:
    """Edges of weight 0, and weights outside a mask, which pruned weights always have."""
    if weights is None:
        return ()
    name, notes = block.tensor.name, []
    if mask is None:
        zeros = weights.nnz - weights.count_nonzero() if isinstance(weights, sparse.csr_array) else 0
        return (f"{name}: {zeros:,} stored zeros count as edges",) if zeros else ()
    inside = np.count_nonzero(np.logical_and(as_dense(weights), as_dense(mask)))
    idle = np.count_nonzero(as_dense(mask)) - inside
    outside = np.count_nonzero(as_dense(weights)) - inside
    if idle:
        notes.append(f"{name}: {idle:,} edges of the mask have weight 0")
    if outside and not name.endswith(("weight_orig", "weight.original")):
        notes.append(f"{name}: {outside:,} weights outside the mask are not 0 and were left out")
    return tuple(notes)
