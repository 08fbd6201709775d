"""Large matrices with few edges: only these are taken from the file, block by block, with their weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from topokit.dag import CSRPattern, EdgeBlock
from topokit.loaders.assembly.content import is_quantised
from topokit.loaders.assembly.lazy import Stored, can_be_lazy, is_one_to_one, stored_matrix
from topokit.loaders.assembly.options import Options
from topokit.loaders.assembly.plan import Numbers, TensorBlock
from topokit.loaders.counting import count, edges_of, row_blocks
from topokit.loaders.formats.common.dtypes import Order, decode

Picked = tuple[Numbers, Numbers, NDArray[Any]]


def can_be_picked(planned: TensorBlock) -> bool:
    """Whether a block is one dense matrix without a mask, of whose numbers each stands for a pair of its own."""
    return can_be_lazy(planned) and not is_quantised(planned.tensor) and is_one_to_one(planned)


def picked_block(planned: TensorBlock, options: Options) -> EdgeBlock:
    """The block of a matrix that `can_be_picked`."""
    stored = stored_matrix(planned, options)
    parts = list(_picked(stored, options))
    rows, columns, weights = (np.concatenate(side) for side in zip(*parts, strict=True))
    sources, targets = (columns, rows) if planned.lay.axes == "oi" else (rows, columns)
    ends = (_neurons(sources, planned.rows), _neurons(targets, planned.columns))
    matrix = sparse.coo_array((np.arange(len(rows)), ends), shape=planned.shape).tocsr()
    matrix.sort_indices()
    return EdgeBlock(
        planned.source,
        planned.target,
        CSRPattern(matrix.indptr, matrix.indices, planned.shape),
        name=planned.name,
        kind=planned.kind,
        weights=_as_weights(weights[matrix.data]),
        possible=planned.possible,
        mask_source=planned.mask_source(options),
    )


def _picked(stored: Stored, options: Options) -> Iterator[Picked]:
    """Row, column and weight of the edges of each block of rows."""
    nothing = np.empty(0, np.int64)
    yield nothing, nothing, _decoded(stored.values[:0, 0], stored.dtype)
    for start, block in row_blocks(stored.values):
        # Counting is ten times faster than picking, and whole blocks of a pruned model are often empty.
        if not count(block, stored.test, options.threshold).nnz:
            continue
        edges = edges_of(block, stored.test, options.threshold)
        rows, columns = np.nonzero(edges)
        yield rows + start, columns, _decoded(block[rows, columns], stored.dtype)


def _decoded(numbers: NDArray[Any], dtype: str) -> NDArray[Any]:
    order: Order = ">" if numbers.dtype.byteorder == ">" else "<"
    return decode(np.ascontiguousarray(numbers).view(np.uint8), dtype, numbers.shape, order)


def _neurons(numbers: Numbers, neurons: Numbers | None) -> Numbers:
    return numbers if neurons is None else neurons[numbers]


def _as_weights(numbers: NDArray[Any]) -> NDArray[np.floating] | None:
    """The numbers as floats; None where they are not finite, or whole numbers that only say that there is an edge."""
    if numbers.dtype.kind in "biu" and bool((numbers == 1).all()):
        return None
    if numbers.dtype.kind == "f" and not np.isfinite(numbers).all():
        return None
    weights: NDArray[np.floating] = numbers.astype(np.result_type(numbers, np.float32), copy=False)
    return weights
